"""One mail to one person about one rule, version and kind, and its row in the store.

A mail is ``queued``; ``sending`` from just before it can no longer be called back until that is known; then ``sent``,
``failed`` (it never will be), ``unsure`` (nobody knows, a person has to look) or ``withdrawn`` (it would not be true any
more). Decision 15 says why.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from hashlib import sha256
from typing import Any, NamedTuple

from pydantic import TypeAdapter, ValidationError

from mailgate.model.notice import MailKind, Notice

_NOTICE = TypeAdapter(Notice)


class MailState(StrEnum):
    """What became of a mail."""

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
class Mail:
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
    notice: Notice | None
    """What the mail says; none once it was sent or withdrawn, or if the store holds something else."""
    queued_at: datetime
    until: datetime | None = None
    """From then on it would not be true any more."""
    id: str = ""
    state: MailState = MailState.QUEUED
    attempts: int = 0
    why: str = ""
    changed_at: datetime | None = None


class NoticeKey(NamedTuple):
    """What all mails with the same notice have in common."""

    version: int
    kind: MailKind
    rule: str


Which = Sequence[str] | NoticeKey | None
"""Mails by their ids, all about one rule, or all of them."""


@dataclass(frozen=True, slots=True)
class MailCount:
    """How many mails about one rule, version and kind are in one state."""

    rule: str
    version: int
    kind: MailKind
    state: MailState
    count: int


def row_of(mail: Mail) -> dict[str, Any]:
    """The row of a mail that is queued now. Its id, where it has none yet, is made of what there is one mail of."""
    one = (mail.address, mail.rule, mail.version, mail.kind.value, mail.round)
    named = json.dumps([*one, mail.queued_at.isoformat()])
    return {
        "id": mail.id or sha256(named.encode()).hexdigest()[:32],
        "address": mail.address,
        "login": mail.login,
        "rule": mail.rule,
        "version": mail.version,
        "kind": mail.kind,
        "round": mail.round,
        "notice": _NOTICE.dump_json(mail.notice).decode() if mail.notice else None,
        "state": mail.state,
        "holder": "",
        "attempts": 0,
        "why": mail.why,
        "queued_at": mail.queued_at,
        "due_at": mail.queued_at,
        "until": mail.until,
        "changed_at": mail.queued_at,
    }


def mail_of(row: Mapping[Any, Any]) -> Mail:
    """A mail from its row."""
    named = {name: row[name] for name in Mail.__slots__}
    typed = {"kind": MailKind(row["kind"]), "state": MailState(row["state"])}
    return Mail(**{**named, **typed, "notice": _notice_of(row["notice"])})


def _notice_of(text: str | None) -> Notice | None:
    """One row that cannot be read must not keep the mails behind it from going: composing it fails, and that alone."""
    try:
        return _NOTICE.validate_json(text) if text else None
    except ValidationError:
        return None
