"""Mailings: one mail to one person about one rule, version and kind, from the queue to the mail server.

A mailing is ``queued``; ``sending`` from just before it can no longer be called back until that is known; then ``sent``,
``failed`` (it never will be), ``unsure`` (nobody knows, a person has to look) or ``withdrawn`` (it would not be true any
more). Decision 14 says why.
"""

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from hashlib import sha256
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, and_, delete, func, or_, select, tuple_, update
from sqlalchemy.ext.asyncio import AsyncConnection

from mailgate.store.audit import Act, append
from mailgate.store.database import Database
from mailgate.store.policies import active_activation
from mailgate.store.rows import upsert
from mailgate.store.schema import mailings

_PAGE = 500


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
    """The activation that took the version back last, 0 without: after that it may be told once more."""
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


class Mailings:
    """Queries on mailings. Every method may raise ``StoreUnavailableError``."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def queue(self, rows: Iterable[Mailing], act: Callable[[int], Act] | None = None) -> int:
        """Queue those of these that nobody has queued before. Returns how many; ``act`` says so in the audit log."""
        made = [_row(each) for each in rows]
        async with self._database.writing(patience=120) as connection:
            count = 0
            for start in range(0, len(made), _PAGE):
                statement = upsert(connection, mailings).values(made[start : start + _PAGE])
                kept = statement.on_conflict_do_nothing().returning(mailings.c.id)
                count += len((await connection.execute(kept)).all())
            if act is not None and count:
                await append(connection, act(count))
            return count

    async def known(self, like: Mailing) -> set[str]:
        """The addresses that have a mailing with this rule, version, kind and round already."""
        same = (mailings.c[name] == getattr(like, name) for name in ("rule", "version", "kind", "round"))
        async with self._database.reading(patience=30) as connection:
            return set((await connection.execute(select(mailings.c.address).where(*same))).scalars())

    async def due(self, now: datetime, size: int = 100) -> list[Mailing]:
        """Queued mailings that are to be tried now, those that have waited longest first."""
        wanted = (mailings.c.state == MailState.QUEUED, mailings.c.due_at <= now)
        query = select(mailings).where(*wanted).order_by(mailings.c.due_at, mailings.c.id).limit(size)
        return await self._read(query)

    async def wait(self, now: datetime) -> bool:
        """Whether anything is to be done: a mail to be tried, or one that was begun and not ended. Cheap."""
        queued = and_(mailings.c.state == MailState.QUEUED, mailings.c.due_at <= now)
        query = select(mailings.c.id).where(or_(queued, mailings.c.state == MailState.SENDING)).limit(1)
        async with self._database.reading() as connection:
            return (await connection.execute(query)).first() is not None

    async def begin(self, mailing: Mailing, holder: str, now: datetime) -> bool:
        """Write down that a mail is about to go where it cannot be called back. False where it must not go.

        It must not where another process has it, where it would not be true any more (it is withdrawn then), or where it
        was deleted.
        """
        async with self._database.writing() as connection:
            if not await _still_true(connection, mailing, now):
                await _turn(connection, mailing.id, MailState.WITHDRAWN, now, facts="{}")
                return False
            begun = update(mailings).where(mailings.c.id == mailing.id, mailings.c.state == MailState.QUEUED)
            values = {"state": MailState.SENDING, "holder": holder, "changed_at": now}
            return (await connection.execute(begun.values(values))).rowcount == 1

    async def end(self, mailing_id: str, state: MailState, now: datetime, why: str = "") -> bool:
        """Write down what became of it. False where that was known already."""
        async with self._database.writing() as connection:
            cleared = {} if state in OPEN_ENDS else {"facts": "{}"}
            return await _turn(connection, mailing_id, state, now, why=why, **cleared)

    async def put_off(self, mailing_id: str, due_at: datetime, now: datetime, why: str) -> None:
        """Queue a mail again that was not taken, for later."""
        values = {"state": MailState.QUEUED, "holder": "", "due_at": due_at, "why": why, "changed_at": now}
        counted = update(mailings).where(mailings.c.id == mailing_id, mailings.c.state.in_(WAITING))
        async with self._database.writing() as connection:
            await connection.execute(counted.values(values | {"attempts": mailings.c.attempts + 1}))

    async def left_over(self, holder: str) -> list[Mailing]:
        """Mailings that another process has begun and not ended."""
        begun = (mailings.c.state == MailState.SENDING, mailings.c.holder != holder)
        return await self._read(select(mailings).where(*begun))

    async def counts(self, about: About | None = None) -> list[MailCount]:
        """How many there are, by rule, version, kind and state; the newest version first. Of all, or about one rule."""
        along = (
            mailings.c.version,
            mailings.c.kind,
            mailings.c.rule,
            mailings.c.state,
        )  # as the index has them
        async with self._database.reading(patience=30) as connection:
            query = select(*along, func.count()).where(*_meant(about)).group_by(*along)
            rows = (await connection.execute(query)).all()
        found = [MailCount(rule, version, MailKind(k), MailState(s), n) for version, k, rule, s, n in rows]
        return sorted(found, key=lambda each: (-each.version, each.rule, each.kind, each.state))

    async def page(
        self, *, states: Sequence[MailState] = (), rule: str = "", size: int = _PAGE
    ) -> list[Mailing]:
        """Mailings, the last changed first."""
        query = select(mailings).order_by(mailings.c.changed_at.desc(), mailings.c.id).limit(size)
        if states:
            query = query.where(mailings.c.state.in_(states))
        if rule:
            query = query.where(mailings.c.rule == rule)
        return await self._read(query)

    async def recipients(
        self, about: About, state: MailState, after: tuple[str, str] = ("", ""), size: int = _PAGE
    ) -> list[Mailing]:
        """The next mails about one rule in one state behind an address and an id, in the order of both."""
        behind = tuple_(mailings.c.address, mailings.c.id) > after
        query = select(mailings).where(*_meant(about), mailings.c.state == state, behind)
        return await self._read(query.order_by(mailings.c.address, mailings.c.id).limit(size))

    async def unsure(self, which: Which = None) -> int:
        """How many of these wait until a person says what became of them."""
        return await self._count(_unsure(which))

    async def failed(self, which: Which = None) -> int:
        """How many of these failed and can be sent again."""
        return await self._count(_failed(which))

    async def _count(self, meant: Sequence[ColumnElement[bool]]) -> int:
        async with self._database.reading() as connection:
            return int((await connection.execute(select(func.count()).where(*meant))).scalar_one())

    async def called(self, ids: Sequence[str]) -> list[Mailing]:
        """Those of these mails that there are."""
        return await self._read(select(mailings).where(mailings.c.id.in_(ids)))

    async def settle(self, which: Which, act: Callable[[int], Act], now: datetime, *, sent: bool) -> int:
        """A person has looked: unsure mailings were sent, or go out again. Returns how many there were."""
        done: dict[str, Any] = {"state": MailState.SENT, "facts": "{}"}
        again = {"state": MailState.QUEUED, "holder": "", "due_at": now}
        return await self._decide(_unsure(which), done if sent else again, act, now)

    async def retry(self, which: Which, act: Callable[[int], Act], now: datetime) -> int:
        """Failed mailings go out again, as if they had never been tried. Returns how many there were that still say something."""
        anew = {"state": MailState.QUEUED, "holder": "", "due_at": now, "attempts": 0}
        return await self._decide(_failed(which), anew, act, now)

    async def _decide(
        self,
        which: Iterable[ColumnElement[bool]],
        values: Mapping[str, Any],
        act: Callable[[int], Act],
        now: datetime,
    ) -> int:
        """Change mailings that a person has decided about, and write down who did."""
        changed = update(mailings).where(*which).values({**values, "changed_at": now})
        async with self._database.writing(patience=30) as connection:
            count = (await connection.execute(changed)).rowcount
            if count:
                await append(connection, act(count))
            return count

    async def told_under(self, versions: Sequence[int], before: int) -> list[Mailing]:
        """Mails about these versions that somebody may have read, from before this activation."""
        meant = and_(mailings.c.version.in_(versions), mailings.c.kind != MailKind.CORRECTION)
        read = (mailings.c.state.in_(PERHAPS_READ), mailings.c.round < before)
        return await self._read(select(mailings).where(meant, *read))

    async def prune(self, before: datetime, size: int = _PAGE) -> int:
        """Delete mailings that nothing happened to since. What waits or is unsure goes too: it is too late by then."""
        old = select(mailings.c.id).where(mailings.c.changed_at < before).limit(size)
        async with self._database.writing() as connection:
            return (await connection.execute(delete(mailings).where(mailings.c.id.in_(old)))).rowcount

    async def _read(self, query: Any) -> list[Mailing]:
        async with self._database.reading(patience=30) as connection:
            return [mailing_of(row) for row in (await connection.execute(query)).mappings()]


def _meant(which: Which) -> list[ColumnElement[bool]]:
    if which is None:
        return []
    if isinstance(which, About):
        return [mailings.c[name] == value for name, value in which._asdict().items()]
    return [mailings.c.id.in_(which)]


def _unsure(which: Which) -> list[ColumnElement[bool]]:
    return [mailings.c.state == MailState.UNSURE, *_meant(which)]


def _failed(which: Which) -> list[ColumnElement[bool]]:
    """What says nothing any more, as under earlier versions of the gate, cannot be sent again."""
    return [mailings.c.state == MailState.FAILED, mailings.c.facts != "{}", *_meant(which)]


def key_of(mailing: Mailing) -> tuple[str, str, int, str, int]:
    """What there is one mail of."""
    return (mailing.address, mailing.rule, mailing.version, mailing.kind.value, mailing.round)


async def _still_true(connection: AsyncConnection, mailing: Mailing, now: datetime) -> bool:
    """A notice needs its version in force, a correction that it is not; neither may be late."""
    active = await active_activation(connection)
    meant = mailing.facts.get("versions", [mailing.version])
    in_force = active is not None and active.number in meant
    late = mailing.until is not None and now >= mailing.until
    return not late and in_force is (mailing.kind is not MailKind.CORRECTION)


async def _turn(
    connection: AsyncConnection, mailing_id: str, state: MailState, now: datetime, **values: str
) -> bool:
    """From waiting, or from not knowing, to what is known."""
    open_ends = mailings.c.state.in_([*WAITING, MailState.UNSURE])
    changed = update(mailings).where(mailings.c.id == mailing_id, open_ends)
    done = await connection.execute(changed.values({"state": state, "changed_at": now, **values}))
    return done.rowcount == 1


def _row(mailing: Mailing) -> dict[str, Any]:
    named = json.dumps([*key_of(mailing), mailing.queued_at.isoformat()])
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
