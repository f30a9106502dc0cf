"""One mail to one person about one rule, version and kind, and its row in the store.

A mail is first ``queued``. It is ``sending`` from just before it is given to the server until the outcome is known.
Then it is ``sent``, ``failed`` (it will never be sent), ``unsure`` (the outcome is unknown, and a person has to look)
or ``withdrawn`` (it would no longer be true). Decision 15 says why.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from hashlib import sha256
from typing import Any, NamedTuple

from pydantic import TypeAdapter, ValidationError

from mailgate.model.notice import MailKind, Notice, ToldDevice

_NOTICE = TypeAdapter(Notice)
_ABOUT = TypeAdapter(tuple[ToldDevice, ...])


class MailState(StrEnum):
    """The state of a mail."""

    QUEUED = "queued"
    SENDING = "sending"
    SENT = "sent"
    FAILED = "failed"
    UNSURE = "unsure"
    WITHDRAWN = "withdrawn"


WAITING = (MailState.QUEUED, MailState.SENDING)
OPEN_ENDS = (MailState.FAILED, MailState.UNSURE)
"""The states from which an admin may send a mail again. Such a mail keeps its text."""
PERHAPS_READ = (MailState.SENDING, MailState.SENT, MailState.UNSURE)


@dataclass(frozen=True, slots=True)
class Mail:
    """One mail. ``rule`` is empty for a correction, which is about every rule that was taken back."""

    address: str
    login: str
    rule: str
    version: int
    """The number of the version in force; for a correction, of the version that was taken back."""
    kind: MailKind
    round: int
    """The activation that last took the version back, or 0. After that, people may be told again. A reply has a number
    of its own here, since a person may be answered more than once."""
    notice: Notice | None
    """The notice of the mail; None if it was sent or withdrawn, or if the stored text cannot be read."""
    queued_at: datetime
    until: datetime | None = None
    """When the mail stops being true; None if it stays true."""
    about: tuple[ToldDevice, ...] = ()
    """The devices that a notice went by. They are kept with the mail, unless it was withdrawn."""
    id: str = ""
    state: MailState = MailState.QUEUED
    attempts: int = 0
    why: str = ""
    changed_at: datetime | None = None


class NoticeKey(NamedTuple):
    """The key that all mails with the same notice share."""

    version: int
    kind: MailKind
    rule: str


Which = Sequence[str] | NoticeKey | None
"""Selects mails: those with these ids, all with one notice, or all if None."""


@dataclass(frozen=True, slots=True)
class MailCount:
    """How many mails about one rule, version and kind are in one state."""

    rule: str
    version: int
    kind: MailKind
    state: MailState
    count: int


def row_of(mail: Mail) -> dict[str, Any]:
    """The row of a mail that is queued now. A mail without an id gets one from the fields that make it unique."""
    one = (mail.address, mail.rule, mail.version, mail.kind.value, mail.round)
    named = json.dumps([*one, mail.queued_at.isoformat()])
    same = ("address", "login", "rule", "version", "kind", "round", "state", "why", "queued_at", "until")
    return {
        **{name: getattr(mail, name) for name in same},
        "id": mail.id or sha256(named.encode()).hexdigest()[:32],
        "notice": _NOTICE.dump_json(mail.notice).decode() if mail.notice else None,
        "about": _ABOUT.dump_json(mail.about).decode(),
        "holder": "",
        "attempts": 0,
        "due_at": mail.queued_at,
        "changed_at": mail.queued_at,
    }


def mail_of(row: Mapping[Any, Any]) -> Mail:
    """A mail from its row."""
    named = {name: row[name] for name in Mail.__slots__}
    typed = {"kind": MailKind(row["kind"]), "state": MailState(row["state"])}
    return Mail(**{**named, **typed, "notice": _notice_of(row["notice"]), "about": _about_of(row["about"])})


def _notice_of(text: str | None) -> Notice | None:
    """Read the notice. If it cannot be read, only this mail fails when it is composed, and the mails after it are still
    sent."""
    try:
        return _NOTICE.validate_json(text) if text else None
    except ValidationError:
        return None


def _about_of(text: str) -> tuple[ToldDevice, ...]:
    """Read the devices. Of a mail whose devices cannot be read it is not known what it said."""
    try:
        return _ABOUT.validate_json(text)
    except ValidationError:
        return ()
