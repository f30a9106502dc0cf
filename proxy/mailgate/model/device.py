"""What is known of a device: the reports of its sources, the state of those sources, and the posture that follows."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from mailgate.model.client import Kind
from mailgate.model.reasons import Finding


@dataclass(frozen=True, slots=True)
class AppsReport:
    """Which listed apps are on a device. Apps on no list are dropped before this is made."""

    present: frozenset[str]
    """Keys of ``apps.yaml``."""
    complete: bool
    """False if the source could see managed apps only."""
    at: datetime


@dataclass(frozen=True, slots=True)
class SourceState:
    """The state of one connector. Its source counts as failing from the first run that failed until a run succeeds."""

    name: str
    last_attempt: datetime | None = None
    """When the last run ended, with success or without."""
    last_success: datetime | None = None
    last_full: datetime | None = None
    """When the last run ended that named every device."""
    failing_since: datetime | None = None
    trouble: str = ""
    """What went wrong in the last run, as a word of a closed set. Empty if nothing did."""
    cursor: datetime | None = None
    """The next run asks for changes since this time. None: the next run has to read everything."""
    listed: str = ""
    """The ``AppCatalog.fingerprint`` of the apps that the last full run looked for."""
    devices: int = 0
    """How many devices the last full run named."""
    taken: int = 0
    """How many records the last run brought."""
    gone: int = 0
    """How many devices the last full run found gone."""
    held: int = 0
    """How many devices were missing from the last full run but were kept, because so many at once are not believed."""


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
    """The source whose report the state rests on."""
    sources: tuple[str, ...] = ()
    """Every source that has the device, sorted."""
    reported_at: datetime | None = None
    expires_at: datetime | None = None
    findings: tuple[Finding, ...] = ()
    """The contradictions between its sources."""
    lost: bool = False
    """True if the company says that the device is not in its owner's hands."""
    first_seen: datetime | None = None
    """When the device first became known."""
    last_state: PostureState | None = None
    """The state that was last known, set only if ``state`` is ``unavailable``. It counts until ``expires_at``."""
