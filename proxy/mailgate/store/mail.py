"""Mails to people: one mail about one rule, version and kind with its row in the store, and the languages of readers."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from enum import StrEnum
from hashlib import sha256
from typing import Any, NamedTuple

from cachetools import LRUCache
from pydantic import TypeAdapter, ValidationError
from sqlalchemy import or_, select

from mailgate.devices.names import user_text
from mailgate.model.fact import read_word
from mailgate.model.notice import MailKind, Notice, ToldDevice
from mailgate.store.bulk_rows import upsert
from mailgate.store.database import Database, Queries
from mailgate.store.errors import StoreUnavailableError
from mailgate.store.schema import languages

_NOTICE = TypeAdapter(Notice)
_ABOUT = TypeAdapter(tuple[ToldDevice, ...])


class MailState(StrEnum):
    """The state of a mail."""

    QUEUED = "queued"
    SENDING = "sending"
    """From just before it is given to the server until the outcome is known (decision 15)."""
    SENT = "sent"
    FAILED = "failed"
    """It will never be sent."""
    UNSURE = "unsure"
    """The outcome is unknown, and a person has to look."""
    WITHDRAWN = "withdrawn"
    """It would no longer be true."""


WAITING = (MailState.QUEUED, MailState.SENDING)
OPEN_ENDS = (MailState.FAILED, MailState.UNSURE)
"""The states from which an admin may send a mail again. Such a mail keeps its text."""
PERHAPS_READ = (MailState.SENDING, MailState.SENT, MailState.UNSURE)


@dataclass(frozen=True, slots=True)
class Mail:
    """One mail. ``rule`` is empty for a correction, which is about every rule that was rolled back."""

    address: str
    login: str
    rule: str
    version: int
    """The number of the version in force; for a correction, of the version that was rolled back."""
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


@dataclass(frozen=True, slots=True)
class StartedNotice:
    """A notice that the gate has started by itself, or has held back."""

    serial: int
    """The activation by which its version was in force."""
    rule: str
    kind: MailKind
    version: int
    at: datetime
    why: str = ""
    """Why it was held back, as a word; empty if it was started."""
    mails: int = 0


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
    named = {name: row[name] for name in Mail.__slots__}
    typed = {"kind": read_word(MailKind, row["kind"]), "state": state_of(row["state"])}
    read = {"notice": _read(_NOTICE, row["notice"]), "about": _read(_ABOUT, row["about"]) or ()}
    return Mail(**{**named, **typed, **read})


def state_of(word: str) -> MailState:
    """A stored state. Of one that only a newer gate knows, a person has to look."""
    return read_word(MailState, word, MailState.UNSURE)


def _read(kind: TypeAdapter[Any], text: str | None) -> Any:
    """What a mail says, or is about; None if it cannot be read: then this mail alone fails, and those after it are still sent."""
    try:
        return kind.validate_json(text) if text else None
    except ValidationError:
        return None


_KNOWN = 50_000
"""How many people's stored languages a gate remembers, so that it writes each once a day."""

_MOST = 10_000
"""The most people whose languages wait to be written. Those of others are noted again with their next page."""

_PAGE = 500


class Languages(Queries):
    """The language that each person's browser last asked for, with its region, for mails to them. ``note`` never waits; ``flush`` writes what was noted.
    If that fails, it is noted again later."""

    def __init__(self, database: Database) -> None:
        super().__init__(database)
        self._known: LRUCache[str, tuple[str, date]] = LRUCache(_KNOWN)
        self._heard: dict[str, tuple[str, date]] = {}
        self.listening = False
        """Whether mails are sent at all. If not, no language is kept."""

    def note(self, login: str, tag: str, now: datetime) -> None:
        """Note that a person's browser asks for a page in this language."""
        if not self.listening:
            return
        person, said = user_text(login)[:256], (tag, now.astimezone(UTC).date())
        if self._known.get(person) == said or (len(self._heard) >= _MOST and person not in self._heard):
            return
        self._known[person] = self._heard[person] = said

    async def flush(self) -> None:
        """Write the noted languages to the store. Does not raise if the store cannot be reached."""
        heard, self._heard = self._heard, {}
        rows = [{"person": p, "tag": tag, "day": day} for p, (tag, day) in sorted(heard.items())]
        try:
            for start in range(0, len(rows), _PAGE):
                await self._write(rows[start : start + _PAGE])
        except StoreUnavailableError:
            for person in heard:
                self._known.pop(person, None)

    async def _write(self, rows: list[dict[str, object]]) -> None:
        async with self._database.writing() as connection:
            statement = upsert(connection, languages).values(rows)
            new, old = statement.excluded, languages.c
            newer = or_(new.day > old.day, new.tag != old.tag)
            values = {"tag": new.tag, "day": new.day}
            await connection.execute(
                statement.on_conflict_do_update(index_elements=["person"], set_=values, where=newer)
            )

    async def of(self, logins: Iterable[str]) -> dict[str, str]:
        """The languages of these people by login name as ``user_text`` writes it. Raises ``StoreUnavailableError``."""
        persons = sorted({user_text(login) for login in logins})
        found: dict[str, str] = {}
        for start in range(0, len(persons), _PAGE):
            theirs = languages.c.person.in_(persons[start : start + _PAGE])
            query = select(languages.c.person, languages.c.tag).where(theirs)
            found |= {row.person: row.tag for row in await self._rows(query, timeout_seconds=30)}
        return found
