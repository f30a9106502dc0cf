"""One mailing: one mail to one person about one rule, version and kind, and the row that it is in the store.

A mailing is ``queued``; ``sending`` from just before it can no longer be called back until that is known; then ``sent``,
``failed`` (it never will be), ``unsure`` (nobody knows, a person has to look) or ``withdrawn`` (it would not be true any
more). Decision 14 says why.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from hashlib import sha256
from typing import Any, NamedTuple


class MailKind(StrEnum):
    """Why somebody is written to about a rule."""

    UPCOMING = "upcoming"
    """It will warn or keep out from a date on."""
    WARNED = "warned"
    """It warns now."""
    ENFORCED = "enforced"
    """It counts now."""
    CORRECTION = "correction"
    """What they were told no longer holds: the version was taken back."""
    REPLY = "reply"
    """They asked for help, and somebody answers."""


class MailState(StrEnum):
    """What became of a mailing."""

    QUEUED = "queued"
    SENDING = "sending"
    SENT = "sent"
    FAILED = "failed"
    UNSURE = "unsure"
    WITHDRAWN = "withdrawn"


WAITING = (MailState.QUEUED, MailState.SENDING)
OPEN_ENDS = (MailState.FAILED, MailState.UNSURE)
"""What a person may send again: it keeps what it says."""
PERHAPS_READ = (MailState.SENDING, MailState.SENT, MailState.UNSURE)


@dataclass(frozen=True, slots=True)
class Mailing:
    """One mail. ``rule`` is empty for a correction, which speaks of every rule that was taken back."""

    address: str
    login: str
    rule: str
    version: int
    """The number of the version in force; of a correction, the one that was taken back."""
    kind: MailKind
    round: int
    """The activation that took the version back last, 0 without: after that it may be told once more. Of a reply, its time in
    seconds: somebody may be answered more than once."""
    facts: Mapping[str, Any]
    """What the mail says, as plain data; empty once it was sent or withdrawn."""
    queued_at: datetime
    until: datetime | None = None
    """From then on it would not be true any more."""
    id: str = ""
    state: MailState = MailState.QUEUED
    attempts: int = 0
    why: str = ""
    changed_at: datetime | None = None


class About(NamedTuple):
    """What mails have in common that say the same: version, kind and rule."""

    version: int
    kind: MailKind
    rule: str


Which = Sequence[str] | About | None
"""Mails by their ids, all about one rule, or all of them."""


@dataclass(frozen=True, slots=True)
class MailCount:
    """How many mailings about one rule, version and kind are in one state."""

    rule: str
    version: int
    kind: MailKind
    state: MailState
    count: int


def row_of(mailing: Mailing) -> dict[str, Any]:
    """The row of a mailing that is queued now. Its id, where it has none yet, is made of what there is one mail of."""
    one = (mailing.address, mailing.rule, mailing.version, mailing.kind.value, mailing.round)
    named = json.dumps([*one, mailing.queued_at.isoformat()])
    return {
        "id": mailing.id or sha256(named.encode()).hexdigest()[:32],
        "address": mailing.address,
        "login": mailing.login,
        "rule": mailing.rule,
        "version": mailing.version,
        "kind": mailing.kind,
        "round": mailing.round,
        "facts": json.dumps(dict(mailing.facts)),
        "state": mailing.state,
        "holder": "",
        "attempts": 0,
        "why": mailing.why,
        "queued_at": mailing.queued_at,
        "due_at": mailing.queued_at,
        "until": mailing.until,
        "changed_at": mailing.queued_at,
    }


def mailing_of(row: Mapping[Any, Any]) -> Mailing:
    """A mailing from its row."""
    named = {name: row[name] for name in Mailing.__slots__}
    typed = {"kind": MailKind(row["kind"]), "state": MailState(row["state"])}
    return Mailing(**{**named, **typed, "facts": json.loads(row["facts"])})
