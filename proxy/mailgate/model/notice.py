"""A notice: the content of a mail about a rule to one person. It is made once and kept with the mail, which is rendered
from it."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from mailgate.model.client import Kind
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
    """The version was taken back, so what the person was told no longer holds."""
    REPLY = "reply"
    """An admin answers the person, usually because they asked for help."""


class EncounterKind(StrEnum):
    """How a rule that was taken back had reached a person."""

    MAIL = "mailed"
    WARNING = "warned"
    REFUSAL = "kept-out"


@dataclass(frozen=True, slots=True, order=True)
class RuleEncounter:
    """One way in which a rule that was taken back had reached a person."""

    by: EncounterKind
    title: str
    """The title of the rule; may be empty."""
    reason: Reason


@dataclass(frozen=True, slots=True, order=True)
class NoticeDevice:
    """Devices of one person that the rule is about, as far as a mail distinguishes them."""

    reason: Reason
    kind: Kind
    os: str = ""
    apps: tuple[str, ...] = ()
    """Display names of the listed apps that are the cause."""
    fix: str = ""


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
    """In a correction: how the rules that were taken back had reached this person."""
    mail_restored: bool = False
    """In a correction: whether no other rule keeps this person's devices from their mail."""
    versions: tuple[int, ...] = ()
    """In a correction: the versions that were taken back."""
    answer: str = ""
    """In a reply: the words of the admin, in any language."""
    was_requested: bool = True
    """In a reply: whether the person had asked for help."""
    let_in_until: datetime | None = None
    """In a reply: until when this person is let in by an exemption; None without one."""
