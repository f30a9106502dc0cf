"""The audit log: who did what, why, from where and when. Entries are only added, and stamped by one clock, whatever those of gates say.
``hash_chain.py`` says how a change is found."""

import asyncio
import json
from collections.abc import AsyncIterator, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, func, insert, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from mailgate.devices.names import storable
from mailgate.store import gates
from mailgate.store.bulk_rows import RowPage
from mailgate.store.database import Queries
from mailgate.store.errors import StoreError
from mailgate.store.hash_chain import VERIFY, AuditBreak, AuditEntry, AuditHead, Chain, digest_of, entry_of
from mailgate.store.schema import audit, audit_head

_PAGE = 1000
ALL = range(1 - 2**31, 2**31)
"""The numbers of all entries, those included that somebody put before the first or after the last."""
_LAST = select(audit_head.c.number, audit_head.c.digest).where(audit_head.c.one == 1)
WINDOW = 20_000
"""The most entries that one search for words reads, since no index covers them."""


@dataclass(frozen=True, slots=True)
class Act:
    """One thing that a person or a gate did."""

    at: datetime
    """When it was done, by the clock of whoever did it."""
    who: str
    what: str
    """What was done, in kebab-case, like ``policy-activated``."""
    about: str = ""
    """The object of the act, like ``version 3``."""
    why: str = ""
    origin: str = ""
    """The computer from which it was done."""
    details: Mapping[str, Any] = field(default_factory=dict)


class StampedAct(Act):
    """An act at the time that its entry gets. Only ``stamp`` makes it."""

    __slots__ = ()


class Audit(Queries):
    async def append(self, act: Act) -> AuditEntry:
        """Write an act in its own transaction. Raises StoreError if the log does not accept entries."""
        async with self._database.writing() as connection:
            return await append(connection, act)

    async def page(
        self, after: int = 0, size: int = _PAGE, *, sought: str = "", who: str = "", end: int = ALL.stop
    ) -> list[AuditEntry]:
        """Entries in order, after number ``after`` and before ``end``. ``sought`` and ``who`` as in ``search``."""
        theirs = [audit.c.number > after, *([audit.c.number < end] if end != ALL.stop else [])]
        theirs += [*([audit.c.who == who] if who else []), *([_has(sought)] if sought else [])]
        query = select(audit).where(*theirs).order_by(audit.c.number).limit(size)
        return await self._each(query, entry_of, timeout_seconds=30)

    async def numbers(self, since: datetime | None, until: datetime | None) -> range:
        """The numbers of the entries from ``since`` on and before ``until``; None leaves an end open. They rise with time, without gaps."""
        ends = [int(await self._value(_first_from(each)) or 0) if each else 0 for each in (since, until)]
        beyond = int(await self._value(select(func.max(audit.c.number))) or 0) + 1
        return range(ends[0] or (beyond if since else 1), ends[1] or beyond)

    async def search(
        self, sought: str, who: str, before: int, size: int, first: int = ALL.start
    ) -> RowPage[AuditEntry, int]:
        """Entries from number ``first`` on and before ``before``, the newest first.

        A search for words reads at most ``WINDOW`` entries. So it may find few or none although earlier entries match.

        :param sought: the beginning of ``what``, like ``policy-``, or any part of ``about`` or ``why``.
        :param who: the person who did it; empty for everybody.
        """
        theirs = [audit.c.number.between(first, before - 1), *([audit.c.who == who] if who else [])]
        query = select(audit).order_by(audit.c.number.desc()).limit(size)
        async with self._database.reading(timeout_seconds=10) as connection:
            end = None
            if sought:
                end = (await connection.execute(_end_of_window(theirs))).scalar()
                theirs += [_has(sought), *([audit.c.number >= end] if end else [])]
            rows = (await connection.execute(query.where(*theirs))).mappings()
            found = [entry_of(row) for row in rows]
        return RowPage(found, found[-1].number if len(found) == size else end)

    async def pages(
        self, sought: str = "", who: str = "", numbers: range = ALL
    ) -> AsyncIterator[list[AuditEntry]]:
        """Every entry in order, in pages; or those with these numbers and, as in ``search``, these words and this person."""
        after = numbers.start - 1
        while page := await self.page(after, sought=sought, who=who, end=numbers.stop):
            yield page
            after = page[-1].number

    async def all(self) -> AsyncIterator[AuditEntry]:
        """Every entry in order."""
        async for page in self.pages():
            for entry in page:
                yield entry

    async def last(self, about: str, *whats: str) -> AuditEntry | None:
        """The last entry about this object whose ``what`` begins with one of these words; None if there is none."""
        begins = or_(*(audit.c.what.startswith(what, autoescape=True) for what in whats))
        query = select(audit).where(audit.c.about == storable(about), begins).order_by(audit.c.number.desc())
        return await self._first(query.limit(1), entry_of)

    async def latest(self, whats: Collection[str], since: datetime, size: int) -> list[AuditEntry]:
        """The last entries of these acts since then, the newest first."""
        theirs = (audit.c.number >= (await self.numbers(since, None)).start, audit.c.what.in_(whats))
        query = select(audit).where(*theirs).order_by(audit.c.number.desc()).limit(size)
        return await self._each(query, entry_of, timeout_seconds=10)

    async def forgot_since(self, moment: datetime) -> bool:
        """Whether a device or a person was forgotten since this moment."""
        forgot = audit.c.what.in_(("device-forgotten", "person-forgotten"))
        query = select(audit.c.number).where(audit.c.at >= audit_time(moment), forgot).limit(1)
        return bool(await self._rows(query))

    async def about(self, subjects: Iterable[str], what: str) -> list[AuditEntry]:
        """The entries about one of these with this ``what``, in order."""
        theirs = (audit.c.about.in_([*map(storable, subjects)]), audit.c.what == what)
        return await self._each(select(audit).where(*theirs).order_by(audit.c.number), entry_of)

    async def since(self, moment: datetime, what: str) -> list[AuditEntry]:
        """The entries with this ``what`` since this moment, in order."""
        theirs = (audit.c.number >= (await self.numbers(moment, None)).start, audit.c.what == what)
        return await self._each(select(audit).where(*theirs).order_by(audit.c.number), entry_of)

    async def has_entry_of(self, noted: AuditHead) -> bool:
        """Whether the log still has the entry of a head that was noted earlier."""
        query = select(audit.c.digest).where(audit.c.number == noted.number)
        return not noted.number or await self._value(query) == noted.digest

    async def head(self) -> AuditHead | None:
        """The head of the log; None if it is missing or damaged."""
        async with self._database.reading() as connection:
            return await _head(connection, _LAST)

    async def verify(self, witnesses: Iterable[AuditHead] = ()) -> list[AuditBreak]:
        """The places where the log was changed. ``witnesses`` are heads that were noted earlier in another place. Entries that
        are added during the check are checked the next time."""
        head, chain = await self.head(), Chain(frozenset(witnesses))
        end = head.number if head else 2**31
        found: list[AuditBreak] = []
        beyond: list[AuditEntry] = []
        async for page in self.pages():
            known = [entry for entry in page if entry.number <= end]
            beyond += page[len(known) :]
            # a long log takes seconds, so other requests get their turn
            found += await asyncio.to_thread(chain.take, known)
        if await self.head() == head:
            found += chain.take(beyond)
        return found + chain.end(head)


def audit_time(moment: datetime) -> str:
    """The text of a moment in an entry. All entries write it in this form, so the texts sort by time."""
    return moment.astimezone(UTC).isoformat(timespec="microseconds")


def _first_from(moment: datetime) -> Select[Any]:
    late = select(audit.c.number).where(audit.c.at >= audit_time(moment))
    return late.order_by(audit.c.at, audit.c.number).limit(1)


def _end_of_window(theirs: Sequence[ColumnElement[bool]]) -> Select[Any]:
    """A query for the number of the last entry that one search reads. It has no row if fewer are left."""
    return select(audit.c.number).where(*theirs).order_by(audit.c.number.desc()).offset(WINDOW - 1).limit(1)


def _has(sought: str) -> ColumnElement[bool]:
    parts = (audit.c.about, audit.c.why, audit.c.origin)
    begins = audit.c.what.startswith(sought, autoescape=True)
    return or_(begins, *(part.icontains(sought, autoescape=True) for part in parts))


async def lock_audit_log(connection: AsyncConnection) -> AuditHead:
    """Lock the log until the transaction ends, so that audited changes come one by one. Raises StoreError if it accepts no entries."""
    head = await _head(connection, _LAST.with_for_update())
    if head is None:
        raise StoreError("the audit log has lost its head", by_command=VERIFY)
    return head


async def stamp(connection: AsyncConnection, act: Act) -> StampedAct:
    """Lock the log, and give an act, and the rows of its change, the time of its entry: the shared time, never before that of the last
    entry, so that a clock that lags puts none outside the guard's window. Raises StoreError."""
    return await _stamped(connection, act, await lock_audit_log(connection))


async def append(connection: AsyncConnection, act: Act) -> AuditEntry:
    """Write an act in the transaction of its change. Both are stored, or neither."""
    head = await lock_audit_log(connection)
    entry = _entry(head, act if isinstance(act, StampedAct) else await _stamped(connection, act, head))
    row = insert(audit).values({c.name: getattr(entry, c.name) for c in audit.c})
    moved = update(audit_head).values(number=entry.number, digest=entry.digest)
    for statement in (row, moved):
        done = await connection.execute(statement, execution_options={"preserve_rowcount": True})
        if done.rowcount != 1:  # a rule in the database may have swallowed the insert
            raise StoreError("the audit log accepts no more entries", by_command=VERIFY)
    return entry


async def _head(connection: AsyncConnection, query: Select[Any]) -> AuditHead | None:
    row = (await connection.execute(query)).first()
    whole = row is not None and isinstance(row.number, int) and isinstance(row.digest, str)
    return AuditHead(*row) if row and whole else None


async def _stamped(connection: AsyncConnection, act: Act, head: AuditHead) -> StampedAct:
    query = select(audit.c.at).where(audit.c.number == head.number)
    last = moment_of((await connection.execute(query)).scalar())
    now = await gates.shared_now(connection, act.at)
    told = {each.name: getattr(act, each.name) for each in fields(act)}
    return StampedAct(**told | {"at": max(now, last) if last else now})


def moment_of(text: object) -> datetime | None:
    """The time of an entry, from what stands in the log; None if it cannot be read, which ``hash_chain.py`` finds."""
    try:
        return datetime.fromisoformat(str(text)).astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def _entry(head: AuditHead, act: StampedAct) -> AuditEntry:
    entry = AuditEntry(
        number=head.number + 1,
        at=audit_time(act.at),
        who=storable(act.who),
        what=act.what,
        about=storable(act.about),
        why=storable(act.why),
        origin=storable(act.origin),
        details=json.dumps(act.details, sort_keys=True, default=str),
        previous=head.digest,
    )
    return replace(entry, digest=digest_of(entry))
