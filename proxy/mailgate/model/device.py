"""What is known of a device: what sources say of it, how these fare, and the posture that comes of it."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from mailgate.model.client import Kind
from mailgate.model.reasons import Finding


@dataclass(frozen=True, slots=True)
class AppsReport:
    """Which listed apps are on a device. Apps that are not listed never get this far."""

    present: frozenset[str]
    """Keys of ``apps.yaml``."""
    complete: bool
    """False where only managed apps could be seen."""
    at: datetime


@dataclass(frozen=True, slots=True)
class SourceState:
    """How one connector fares. Its source is failing from the first run that failed until one succeeds."""

    name: str
    last_attempt: datetime | None = None
    """When the last run ended, however it ended."""
    last_success: datetime | None = None
    last_full: datetime | None = None
    """When the last run ended that named every device."""
    failing_since: datetime | None = None
    trouble: str = ""
    """What was wrong in the last run, a word of a closed set; empty where nothing was."""
    cursor: datetime | None = None
    """From when on changes are to be asked for; None: everything has to be read."""
    listed: str = ""
    """What the last full run looked for: ``AppCatalog.fingerprint``."""
    devices: int = 0
    """Devices that the last full run named."""
    taken: int = 0
    """Records that the last run brought."""
    gone: int = 0
    """Devices that the last full run found gone."""
    held: int = 0
    """Devices that would be gone, but are too many to believe it."""


class PostureState(StrEnum):
    """What is known of a device. Only ``clean`` means clean.

    ``listed`` says that an app on it stands on a list. Whether that keeps mail from it is for the rules.
    """

    CLEAN = "clean"
    LISTED = "listed"
    PARTIAL = "partial"
    STALE = "stale"
    MISSING = "missing"
    UNAVAILABLE = "unavailable"


@dataclass(frozen=True, slots=True)
class Posture:
    """The stored, expiring view of one device."""

    state: PostureState = PostureState.MISSING
    device_id: str = ""
    kind: Kind | None = None
    os: str = ""
    os_version: str = ""
    managed: bool | None = None
    owner: str = ""
    apps: tuple[str, ...] = ()
    """Listed apps present (keys of ``apps.yaml``), sorted."""
    lists: tuple[str, ...] = ()
    """The lists on which those apps stand, sorted."""
    source: str = ""
    """Whose report the state rests on."""
    sources: tuple[str, ...] = ()
    """Every source that has the device, sorted."""
    reported_at: datetime | None = None
    expires_at: datetime | None = None
    findings: tuple[Finding, ...] = ()
    """What its sources contradict each other in."""
    lost: bool = False
    """The company says that it is not in its owner's hands."""
    first_seen: datetime | None = None
    """Since when the device is known."""
    last_state: PostureState | None = None
    """Where ``state`` is ``unavailable``: the state that was last known, worth something until ``expires_at``."""
