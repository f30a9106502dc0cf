"""What a mail about a rule has to say, as plain data."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from mailgate.model import Kind, Reason


class About(StrEnum):
    """What the mail is about."""

    UPCOMING = "upcoming"
    WARNED = "warned"
    ENFORCED = "enforced"
    CORRECTION = "correction"
    REPLY = "reply"


class How(StrEnum):
    """How somebody was told what no longer holds."""

    MAILED = "mailed"
    WARNED = "warned"
    KEPT_OUT = "kept-out"


@dataclass(frozen=True, slots=True)
class Concerned:
    """Devices of one person that a rule is about, as far as they are alike."""

    reason: Reason
    kind: Kind | None = None
    os: str = ""
    apps: tuple[str, ...] = ()
    """Display names of the listed apps that are the cause."""
    fix: str = ""


@dataclass(frozen=True, slots=True)
class Said:
    """One thing that somebody was told, and by which rule."""

    how: How
    reason: Reason
    title: str = ""
    """The rule's; may be empty."""


@dataclass(frozen=True, slots=True)
class Told:
    """One mail. Every text may be hostile: what is rendered escapes all of it."""

    about: About
    language: str
    """A language tag, or one that is not known: then the default."""
    title: str = ""
    """The rule's; may be empty."""
    warns: bool = False
    """Whether the rule only ever warns."""
    warn_at: datetime | None = None
    enforce_at: datetime | None = None
    """When it starts to warn and to count, where that is to come."""
    devices: tuple[Concerned, ...] = ()
    laptop_free: bool = False
    """Whether a laptop browser of this person is let in, now and once the rule counts."""
    said: tuple[Said, ...] = ()
    clear: bool = False
    """Of a correction: whether nothing else keeps this person's devices from their mail."""
    contact: str = ""
    me_url: str = ""
    answer: str = ""
    """Of a reply: what somebody wrote by hand, in whatever language."""
    let_in_until: datetime | None = None
    """Of a reply: until when they are let in all the same."""
