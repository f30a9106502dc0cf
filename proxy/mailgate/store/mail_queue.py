"""Mails about rules, from the queue to the mail server, and what people decide about those that did not arrive."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, and_, delete, func, or_, select, tuple_, update
from sqlalchemy.ext.asyncio import AsyncConnection

from mailgate.model.notice import MailKind
from mailgate.store.audit import Act, append
from mailgate.store.database import Database
from mailgate.store.mail import (
    OPEN_ENDS,
    PERHAPS_READ,
    WAITING,
    Mail,
    MailCount,
    MailState,
    NoticeKey,
    Which,
    mail_of,
    row_of,
)
from mailgate.store.policies import active_activation
from mailgate.store.schema import mails
from mailgate.store.upserts import upsert

_PAGE = 500
_ABOUT_NO_VERSION = (MailKind.CORRECTION, MailKind.REPLY)
"""What stays true when the version is taken back that was in force."""


class MailQueue:
    """Queries on mails. Every method may raise ``StoreUnavailableError``."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def queue(self, rows: Iterable[Mail], act: Callable[[int], Act] | None = None) -> int:
        """Queue those of these that nobody has queued before. Returns how many; ``act`` says so in the audit log."""
        made = [row_of(each) for each in rows]
        async with self._database.writing(patience=120) as connection:
            count = 0
            for start in range(0, len(made), _PAGE):
                statement = upsert(connection, mails).values(made[start : start + _PAGE])
                kept = statement.on_conflict_do_nothing().returning(mails.c.id)
                count += len((await connection.execute(kept)).all())
            if act is not None and count:
                await append(connection, act(count))
            return count

    async def known(self, like: Mail) -> set[str]:
        """The addresses that have a mail with this rule, version, kind and round already."""
        same = (mails.c[name] == getattr(like, name) for name in ("rule", "version", "kind", "round"))
        async with self._database.reading(patience=30) as connection:
            return set((await connection.execute(select(mails.c.address).where(*same))).scalars())

    async def due(self, now: datetime, size: int = 100) -> list[Mail]:
        """Queued mails that are to be tried now, those that have waited longest first."""
        wanted = (mails.c.state == MailState.QUEUED, mails.c.due_at <= now)
        query = select(mails).where(*wanted).order_by(mails.c.due_at, mails.c.id).limit(size)
        return await self._read(query)

    async def wait(self, now: datetime) -> bool:
        """Whether anything is to be done: a mail to be tried, or one that was begun and not ended. Cheap."""
        queued = and_(mails.c.state == MailState.QUEUED, mails.c.due_at <= now)
        query = select(mails.c.id).where(or_(queued, mails.c.state == MailState.SENDING)).limit(1)
        async with self._database.reading() as connection:
            return (await connection.execute(query)).first() is not None

    async def begin(self, mail: Mail, holder: str, now: datetime) -> bool:
        """Write down that a mail is about to go where it cannot be called back. False where it must not go.

        It must not where another process has it, where it would not be true any more (it is withdrawn then), or where it
        was deleted.
        """
        async with self._database.writing() as connection:
            if not await _still_true(connection, mail, now):
                await _turn(connection, mail.id, MailState.WITHDRAWN, now, notice=None)
                return False
            begun = update(mails).where(mails.c.id == mail.id, mails.c.state == MailState.QUEUED)
            values = {"state": MailState.SENDING, "holder": holder, "changed_at": now}
            return (await connection.execute(begun.values(values))).rowcount == 1

    async def end(self, mail_id: str, state: MailState, now: datetime, why: str = "") -> bool:
        """Write down what became of it. False where that was known already."""
        async with self._database.writing() as connection:
            cleared = {} if state in OPEN_ENDS else {"notice": None}
            return await _turn(connection, mail_id, state, now, why=why, **cleared)

    async def put_off(self, mail_id: str, due_at: datetime, now: datetime, why: str) -> None:
        """Queue a mail again that was not taken, for later."""
        values = {"state": MailState.QUEUED, "holder": "", "due_at": due_at, "why": why, "changed_at": now}
        counted = update(mails).where(mails.c.id == mail_id, mails.c.state.in_(WAITING))
        async with self._database.writing() as connection:
            await connection.execute(counted.values(values | {"attempts": mails.c.attempts + 1}))

    async def left_over(self, holder: str) -> list[Mail]:
        """Mails that another process has begun and not ended."""
        begun = (mails.c.state == MailState.SENDING, mails.c.holder != holder)
        return await self._read(select(mails).where(*begun))

    async def counts(self, about: NoticeKey | None = None) -> list[MailCount]:
        """How many there are, by rule, version, kind and state; the newest version first. Of all, or about one rule."""
        along = (
            mails.c.version,
            mails.c.kind,
            mails.c.rule,
            mails.c.state,
        )  # as the index has them
        async with self._database.reading(patience=30) as connection:
            query = select(*along, func.count()).where(*_meant(about)).group_by(*along)
            rows = (await connection.execute(query)).all()
        found = [MailCount(rule, version, MailKind(k), MailState(s), n) for version, k, rule, s, n in rows]
        return sorted(found, key=lambda each: (-each.version, each.rule, each.kind, each.state))

    async def page(
        self, *, states: Sequence[MailState] = (), rule: str = "", size: int = _PAGE
    ) -> list[Mail]:
        """Mails, the last changed first."""
        query = select(mails).order_by(mails.c.changed_at.desc(), mails.c.id).limit(size)
        if states:
            query = query.where(mails.c.state.in_(states))
        if rule:
            query = query.where(mails.c.rule == rule)
        return await self._read(query)

    async def recipients(
        self, about: NoticeKey, state: MailState, after: tuple[str, str] = ("", ""), size: int = _PAGE
    ) -> list[Mail]:
        """The next mails about one rule in one state behind an address and an id, in the order of both."""
        behind = tuple_(mails.c.address, mails.c.id) > after
        query = select(mails).where(*_meant(about), mails.c.state == state, behind)
        return await self._read(query.order_by(mails.c.address, mails.c.id).limit(size))

    async def unsure(self, which: Which = None) -> int:
        """How many of these wait until a person says what became of them."""
        return await self._count(_unsure(which))

    async def failed(self, which: Which = None) -> int:
        """How many of these failed and can be sent again."""
        return await self._count(_failed(which))

    async def _count(self, meant: Sequence[ColumnElement[bool]]) -> int:
        async with self._database.reading() as connection:
            return int((await connection.execute(select(func.count()).where(*meant))).scalar_one())

    async def called(self, ids: Sequence[str]) -> list[Mail]:
        """Those of these mails that there are."""
        return await self._read(select(mails).where(mails.c.id.in_(ids)))

    async def settle(self, which: Which, act: Callable[[int], Act], now: datetime, *, sent: bool) -> int:
        """A person has looked: unsure mails were sent, or go out again. Returns how many there were."""
        done: dict[str, Any] = {"state": MailState.SENT, "notice": None}
        again = {"state": MailState.QUEUED, "holder": "", "due_at": now}
        return await self._decide(_unsure(which), done if sent else again, act, now)

    async def retry(self, which: Which, act: Callable[[int], Act], now: datetime) -> int:
        """Failed mails go out again, as if they had never been tried. Returns how many there were that still say something."""
        anew = {"state": MailState.QUEUED, "holder": "", "due_at": now, "attempts": 0}
        return await self._decide(_failed(which), anew, act, now)

    async def _decide(
        self,
        which: Iterable[ColumnElement[bool]],
        values: Mapping[str, Any],
        act: Callable[[int], Act],
        now: datetime,
    ) -> int:
        """Change mails that a person has decided about, and write down who did."""
        changed = update(mails).where(*which).values({**values, "changed_at": now})
        async with self._database.writing(patience=30) as connection:
            count = (await connection.execute(changed)).rowcount
            if count:
                await append(connection, act(count))
            return count

    async def told_under(self, versions: Sequence[int], before: int) -> list[Mail]:
        """Mails about these versions that somebody may have read, from before this activation."""
        meant = and_(mails.c.version.in_(versions), mails.c.kind.not_in(_ABOUT_NO_VERSION))
        read = (mails.c.state.in_(PERHAPS_READ), mails.c.round < before)
        return await self._read(select(mails).where(meant, *read))

    async def prune(self, before: datetime, size: int = _PAGE) -> int:
        """Delete mails that nothing happened to since. What waits or is unsure goes too: it is too late by then."""
        old = select(mails.c.id).where(mails.c.changed_at < before).limit(size)
        async with self._database.writing() as connection:
            return (await connection.execute(delete(mails).where(mails.c.id.in_(old)))).rowcount

    async def _read(self, query: Any) -> list[Mail]:
        async with self._database.reading(patience=30) as connection:
            return [mail_of(row) for row in (await connection.execute(query)).mappings()]


def _meant(which: Which) -> list[ColumnElement[bool]]:
    if which is None:
        return []
    if isinstance(which, NoticeKey):
        return [mails.c[name] == value for name, value in which._asdict().items()]
    return [mails.c.id.in_(which)]


def _unsure(which: Which) -> list[ColumnElement[bool]]:
    return [mails.c.state == MailState.UNSURE, *_meant(which)]


def _failed(which: Which) -> list[ColumnElement[bool]]:
    return [mails.c.state == MailState.FAILED, mails.c.notice.is_not(None), *_meant(which)]


async def _still_true(connection: AsyncConnection, mail: Mail, now: datetime) -> bool:
    """A notice needs its version in force, a correction that it is not; none may be late."""
    active = await active_activation(connection)
    meant = (mail.notice and mail.notice.versions) or (mail.version,)
    in_force = active is not None and active.number in meant
    late = mail.until is not None and now >= mail.until
    return not late and (mail.kind is MailKind.REPLY or in_force is (mail.kind is not MailKind.CORRECTION))


async def _turn(
    connection: AsyncConnection, mail_id: str, state: MailState, now: datetime, **values: str | None
) -> bool:
    """From waiting, or from not knowing, to what is known."""
    open_ends = mails.c.state.in_([*WAITING, MailState.UNSURE])
    changed = update(mails).where(mails.c.id == mail_id, open_ends)
    done = await connection.execute(changed.values({"state": state, "changed_at": now, **values}))
    return done.rowcount == 1
