"""A notice: the content of a mail about a rule to one person, made once and kept with the mail, which is rendered from it."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from mailgate.model.client import Kind
from mailgate.model.device import PostureState
from mailgate.model.reasons import Reason


class MailKind(StrEnum):
    """The kind of a mail about a rule."""

    UPCOMING = "upcoming"
    """The rule will warn or be enforced from a date on."""
    WARNED = "warned"
    """The rule warns now."""
    ENFORCED = "enforced"
    """The rule is enforced now."""
    CORRECTION = "correction"
    """The version was rolled back, and the person is told what is so now."""
    REPLY = "reply"
    """An admin answers the person, usually because they asked for help."""


class EncounterKind(StrEnum):
    """How a rule that was rolled back had reached a person."""

    MAIL = "mailed"
    WARNING = "warned"
    REFUSAL = "kept-out"


@dataclass(frozen=True, slots=True, order=True)
class RuleEncounter:
    """One way in which a rule that was rolled back had reached a person."""

    by: EncounterKind
    title: str
    reason: Reason
    stands: bool = False
    """Whether the rule, as it reads in the version in force, still warns or keeps people out."""


class Standing(StrEnum):
    """What a device gets by the rules in force. What cannot be decided is unknown, and never told as a fact."""

    OPEN = "open"
    WARNED = "warned"
    CLOSED = "closed"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True, order=True)
class NoticeDevice:
    """Devices of one person that a mail tells apart: those that the rule is about, and in a correction all."""

    reason: Reason
    """Why it is warned or refused, now or later; in a correction it means nothing if the device is open for good."""
    kind: Kind
    os: str = ""
    apps: tuple[str, ...] = ()
    """Display names of the listed apps that are the cause."""
    fix: str = ""
    standing: Standing = Standing.UNKNOWN
    """In a correction: what it gets now."""
    later: tuple[tuple[datetime, Standing], ...] = ()
    """In a correction: what it gets later if nothing else changes, each with its moment, in order."""

    @property
    def is_open_for_good(self) -> bool:
        """Whether it gets mail now, and no rule in force will change that by itself."""
        return self.standing is Standing.OPEN and not self.later


@dataclass(frozen=True, slots=True, order=True)
class ToldDevice:
    """What a notice went by: devices of one person as they were then. It is kept with the mail, since whether the mail still
    holds can be told by nothing else once its readers have done what it says."""

    kind: Kind
    os: str
    state: PostureState
    apps: tuple[str, ...]
    """Keys of ``apps.yaml``, sorted."""


@dataclass(frozen=True, slots=True)
class Notice:
    """The content of a mail about a rule. Any text may be hostile, so rendering escapes all of it."""

    kind: MailKind
    language: str = ""
    """A language tag. The default language is used if it is empty or unknown."""
    title: str = ""
    """The title of the rule; may be empty."""
    contact: str = ""
    warns: bool = False
    """Whether the rule never does more than warn."""
    warn_at: datetime | None = None
    """When the rule will start to warn; None if it has started or never will."""
    enforce_at: datetime | None = None
    """When the rule will be enforced; None if it is enforced already or never will be."""
    devices: tuple[NoticeDevice, ...] = ()
    laptop_allowed: bool = False
    """Whether a laptop browser of this person is let in, both now and once the rule is enforced."""
    encounters: tuple[RuleEncounter, ...] = ()
    """In a correction: how the rules that were rolled back had reached this person."""
    versions: tuple[int, ...] = ()
    """In a correction: the versions that were rolled back."""
    answer: str = ""
    """In a reply: the words of the admin, in any language."""
    was_requested: bool = True
    """In a reply: whether the person had asked for help."""
    let_in_until: datetime | None = None
    """In a reply: until when this person is let in by an exemption; None without one."""

    @property
    def is_clear(self) -> bool:
        """In a correction: whether every known device of this person, if there is one, gets mail for good."""
        return bool(self.devices) and all(each.is_open_for_good for each in self.devices)
