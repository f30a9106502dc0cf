"""Reliefs: rules that are taken out, for some or for everybody, for a time. They hold at every gate on the store."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, RowMapping, and_, func, insert, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from mailgate.model.fact import read_word
from mailgate.policy.people import counted_name, user_text
from mailgate.policy.reliefs import OF_SOME, Cause, Relief, Reliefs
from mailgate.store import gates
from mailgate.store.audit import Act, StampedAct, append, stamp
from mailgate.store.bulk_rows import count_up
from mailgate.store.database import Queries
from mailgate.store.kept_out import UNCOUNTED, Counted
from mailgate.store.schema import relief_changes, reliefs

_SERIAL = select(relief_changes.c.number)
_KNOWN = reliefs.c.cause.in_([each.value for each in Cause])
"""A newer Mailgate may take rules out for causes of its own: here such a relief takes out nothing, and hides no other."""


@dataclass(frozen=True, slots=True)
class KeptRelief:
    """A stored relief. ``ended_at`` is set if it was ended early."""

    relief: Relief
    ended_at: datetime | None = None
    ended_by: str = ""
    ended_why: str = ""

    def holds(self, now: datetime) -> bool:
        return self.ended_at is None and self.relief.holds(now)


class StoredReliefs(Queries):
    async def serial(self) -> int:
        """A number that changes with every change of reliefs. The query is cheap, since gates send it all the time."""
        return int(await self._value(_SERIAL))

    async def current(self, now: datetime) -> Reliefs:
        query = select(reliefs).where(_KNOWN, is_in_force(now)).order_by(reliefs.c.number)
        async with self._database.reading() as connection:
            serial = int((await connection.execute(_SERIAL)).scalar_one())
            rows = (await connection.execute(query)).mappings()
            return Reliefs(serial, tuple(_kept(row).relief for row in rows))

    async def history(self, size: int = 1000, causes: Collection[Cause] = tuple(Cause)) -> list[KeptRelief]:
        return await self._newest(size, reliefs.c.cause.in_(causes))

    async def off(self, now: datetime) -> list[KeptRelief]:
        """The rules that are out for everybody, the newest first."""
        return await self._newest(None, is_in_force(now), reliefs.c.cause.not_in(OF_SOME))

    async def exemptions(self, now: datetime, size: int, before: int) -> list[KeptRelief]:
        """The exemptions in force with numbers below ``before``, the newest first."""
        below = reliefs.c.number < before
        return await self._newest(size, below, is_in_force(now), reliefs.c.cause.in_(OF_SOME))

    async def over(self, now: datetime, size: int, before: int) -> list[KeptRelief]:
        """The exemptions with numbers below ``before`` that are no longer in force, the newest first."""
        return await self._newest(size, reliefs.c.number < before, ~is_in_force(now))

    async def of_person(self, person: str, devices: Sequence[str]) -> list[KeptRelief]:
        named = [reliefs.c.person == person] if person else []
        return await self._newest(None, or_(reliefs.c.device.in_(devices), *named))

    async def one(self, number: int) -> KeptRelief | None:
        """The relief with this number, in force or not."""
        return next(iter(await self._newest(1, reliefs.c.number == number)), None)

    async def was_off(self, rule: str, at: datetime) -> bool:
        """Whether this rule was out for everybody at that moment."""
        began = and_(reliefs.c.rule == rule, reliefs.c.cause.not_in(OF_SOME), reliefs.c.at <= at)
        lasted = (or_(each.is_(None), each > at) for each in (reliefs.c.until, reliefs.c.ended_at))
        query = select(reliefs.c.number).where(began, *lasted).limit(1)
        return bool(await self._rows(query))

    async def resumed_at(self, rule: str) -> datetime | None:
        """When a halt of this rule was last ended; None if never."""
        halts = and_(reliefs.c.cause == Cause.HALT, reliefs.c.rule == rule)
        ended: datetime | None = await self._value(select(func.max(reliefs.c.ended_at)).where(halts))
        return ended

    async def exempt(self, relief: Relief, act: Act) -> tuple[Relief, bool]:
        """Put an exemption in force, unless one covers it and ends no earlier. Returns that in force, and whether it is new."""
        async with self._database.writing() as connection:
            act = await stamp(connection, act)
            before = await _as_much(connection, relief)
            return (before, False) if before else (await _grant(connection, relief, act), True)

    async def used(self, person: str, rule: str, since: datetime) -> bool:
        """Whether a person has let themselves in from this rule since then, by this spelling of their login."""
        those = (reliefs.c.cause == Cause.SELF_SERVICE, reliefs.c.rule == rule, reliefs.c.at > since)
        query = select(reliefs.c.number).where(*those, reliefs.c.person == user_text(person))
        return bool(await self._rows(query.limit(1)))

    async def let_in(self, relief: Relief, once_per: timedelta, act: Act) -> tuple[KeptRelief, bool] | None:
        """Let a person in, unless they have let themselves in from this rule within ``once_per``, however they write their login, by the
        store's time. Returns that let-in or the earlier one, and whether it is new; None if their enrolments are revoked."""
        # it ends let-ins, and so imports this file
        from mailgate.store.shut_enrolments import PERSON, is_shut

        async with self._database.writing() as connection:
            now = await gates.shared_now(connection, act.at)  # the log's time is ahead where a clock was
            act = await stamp(connection, act)  # a revocation at the same time waits, or is seen here
            if await is_shut(connection, [(PERSON, relief.person)]):
                return None
            earlier = await _let_in_since(connection, relief, now - once_per)
            if earlier is not None:
                return earlier, False
            end = relief.until and now + (relief.until - relief.at)
            return KeptRelief(await _grant(connection, replace(relief, until=end), act)), True

    async def let_ins(self, since: datetime) -> dict[str, int]:
        """How many people have let themselves in since then, by rule."""
        those = and_(reliefs.c.cause == Cause.SELF_SERVICE, reliefs.c.at > since)
        people = func.count(reliefs.c.person.distinct())
        query = select(reliefs.c.rule, people).where(those).group_by(reliefs.c.rule)
        return {str(rule): int(count) for rule, count in await self._rows(query)}

    async def grant(self, relief: Relief, act: Act) -> Relief:
        """Put a relief in force under a new number. ``act`` is written to the audit log, without the person or the device."""
        async with self._database.writing() as connection:
            return await _grant(connection, relief, await stamp(connection, act))

    async def halt(self, relief: Relief, act: Act) -> Relief | None:
        """Halt a rule. Returns None if it is halted already."""
        async with self._database.writing() as connection:
            act = await stamp(connection, act)
            halts = (reliefs.c.cause == Cause.HALT, reliefs.c.rule == relief.rule)
            if await connection.scalar(select(reliefs.c.number).where(*halts, reliefs.c.ended_at.is_(None))):
                return None
            return await _grant(connection, relief, act)

    async def end(self, numbers: Sequence[int], act: Act, counted: Counted = UNCOUNTED) -> list[Relief]:
        """End those of these reliefs that are not ended yet. ``counted`` is how many that may keep out. Raises CountedMeanwhileError."""
        async with self._database.writing() as connection:
            act = await stamp(connection, act)
            query = select(reliefs).where(_KNOWN, reliefs.c.number.in_(numbers), reliefs.c.ended_at.is_(None))
            ended = [_kept(row).relief for row in (await connection.execute(query)).mappings()]
            await _end(connection, ended, act, counted)
            return ended

    async def _newest(self, size: int | None, *where: ColumnElement[bool]) -> list[KeptRelief]:
        query = select(reliefs).where(_KNOWN, *where).order_by(reliefs.c.number.desc()).limit(size)
        return await self._each(query, _kept)


def is_in_force(now: datetime) -> ColumnElement[bool]:
    """The condition of a relief that holds at this moment."""
    return and_(reliefs.c.ended_at.is_(None), or_(reliefs.c.until.is_(None), reliefs.c.until > now))


async def _as_much(connection: AsyncConnection, relief: Relief) -> Relief | None:
    """The exemption in force that covers this one and ends last: of the same subject, from the same rule or every rule."""
    same = (reliefs.c.person == relief.person, reliefs.c.device == relief.device)
    rule = reliefs.c.rule.in_((relief.rule, ""))
    query = select(reliefs).where(is_in_force(relief.at), reliefs.c.cause == Cause.EXEMPTION, *same, rule)
    longest = query.order_by(reliefs.c.until.desc()).limit(1)
    found = (await connection.execute(longest)).mappings().first()
    return _kept(found).relief if found else None


async def _let_in_since(connection: AsyncConnection, relief: Relief, since: datetime) -> KeptRelief | None:
    """The last time that the person let themselves in from this rule since then."""
    those = (reliefs.c.cause == Cause.SELF_SERVICE, reliefs.c.rule == relief.rule, reliefs.c.at > since)
    rows = await connection.execute(select(reliefs).where(*those).order_by(reliefs.c.number.desc()))
    name = counted_name(relief.person)
    return next((_kept(row) for row in rows.mappings() if counted_name(row["person"]) == name), None)


async def _end(
    connection: AsyncConnection, ended: Sequence[Relief], act: StampedAct, counted: Counted = UNCOUNTED
) -> None:
    for each in ended:
        closing = {"ended_at": act.at, "ended_by": act.who, "ended_why": act.why}
        named = reliefs.c.number == each.number
        await connection.execute(update(reliefs).where(named).values(**closing))
        told = replace(act, about=f"{each.cause} {each.number}", details=audit_details(each))
        await (counted if each is ended[-1] else UNCOUNTED).append(connection, told)
    if ended:
        await count_up(connection, relief_changes)


async def end_let_ins(connection: AsyncConnection, person: str, act: Act) -> None:
    """End what this person has let themselves in by, which is used up even so."""
    act = await stamp(connection, replace(act, what="exemption-ended"))
    those = and_(reliefs.c.cause == Cause.SELF_SERVICE, reliefs.c.person == user_text(person))
    rows = await connection.execute(select(reliefs).where(those, is_in_force(act.at)))
    await _end(connection, [_kept(row).relief for row in rows.mappings()], act)


async def _grant(connection: AsyncConnection, relief: Relief, act: StampedAct) -> Relief:
    # numbers come from a counter, so the number of a deleted relief is never used again
    number = await count_up(connection, relief_changes)
    new = replace(relief, number=number, at=act.at)
    row = {column.name: getattr(new, column.name, None) for column in reliefs.c}
    await connection.execute(insert(reliefs).values(row | {"ended_by": "", "ended_why": ""}))
    await append(connection, replace(act, about=f"{new.cause} {number}", details=audit_details(new)))
    return new


def audit_details(relief: Relief) -> dict[str, Any]:
    """The details of the audit entry: the rule, the time, and whether it is for one person or everybody, without names."""
    until = relief.until.isoformat() if relief.until else None
    named = "person" if relief.person else "device" if relief.device else "everybody"
    return {"rule": relief.rule or "all", "until": until, "for": named}


def _kept(row: RowMapping) -> KeptRelief:
    told = dict(row)
    ended = {name: told.pop(name) for name in ("ended_at", "ended_by", "ended_why")}
    return KeptRelief(Relief(**told | {"cause": read_word(Cause, told["cause"])}), **ended)
