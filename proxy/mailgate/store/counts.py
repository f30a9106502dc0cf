"""Counts for charts, without names: listed apps and refused people by day, and verdicts at all gates by minute, hour and day."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import NamedTuple

from sqlalchemy import ColumnElement, and_, func, select

from mailgate.model import Effect
from mailgate.store.bulk_rows import put_rows, upsert, upsert_rows
from mailgate.store.database import Queries
from mailgate.store.folding import WithoutCase
from mailgate.store.schema import app_counts, device_rows, refused_days, sightings, verdict_counts

KEPT = timedelta(days=100)
_APPS = app_counts.c
_ROWS = device_rows.c


class AppDay(NamedTuple):
    """One app on one UTC day."""

    day: date
    app: str
    people: int
    devices: int
    kept_out_people: int
    kept_out_devices: int
    at: datetime
    """When they were last counted."""


class AppCounts(Queries):
    async def count(self, apps: Iterable[str], now: datetime) -> list[AppDay]:
        """Count the devices that have each of these apps, and those that get no mail because of it, one app after the other."""
        return [await self._count(app, now) for app in apps]

    async def _count(self, app: str, now: datetime) -> AppDay:
        # by the comparison with "" the database uses the index of that column
        has = and_(_ROWS.apps > "", _ROWS.apps.contains(f'"{app}"', autoescape=True))
        kept_out = _ROWS.blocked_by.contains(f'"{app}"', autoescape=True)
        persons, rows = func.count(func.nullif(_ROWS.person, "").distinct()), func.count()
        query = select(persons, rows, persons.filter(kept_out), rows.filter(kept_out)).where(has)
        [(people, devices, out_people, out_devices)] = await self._rows(query, timeout_seconds=60)
        return AppDay(now.astimezone(UTC).date(), app, people, devices, out_people, out_devices, now)

    async def keep(self, days: Sequence[AppDay]) -> None:
        """Store these counts, in place of earlier ones of the same day and app."""
        async with self._database.writing() as connection:
            await put_rows(connection, app_counts, [each._asdict() for each in days])

    async def since(self, day: date) -> list[AppDay]:
        """All counts from this day on, the oldest first."""
        query = select(app_counts).where(_APPS.day >= day).order_by(_APPS.day, _APPS.app)
        return [AppDay(*row) for row in await self._rows(query, timeout_seconds=10)]


REFUSALS = (Effect.BLOCK, Effect.CHALLENGE)
"""The effects of a request that got no mail."""
AGAIN_AFTER = timedelta(minutes=5)
"""After this time today is counted again. The sightings of a day may be a million."""
LATE = timedelta(hours=1)
"""How long after its end a day is still counted again: sightings are written a little later."""
_SEEN, _REFUSED = sightings.c, refused_days.c


class RefusedDay(NamedTuple):
    """The refusals of one UTC day."""

    day: date
    people: int
    strangers: int
    """Clients of nobody who is known by name."""
    at: datetime
    """When they were last counted."""


class RefusedDays(Queries):
    async def count(self, now: datetime, days: int) -> None:
        """Count today, and every day before of which sightings are left and that is not yet counted to its end."""
        today = now.astimezone(UTC).date()
        known = {each.day: each.at for each in await self.since(today - timedelta(days=days))}
        first = await self._value(select(func.min(_SEEN.last_at)), timeout_seconds=60)
        for day in (today - timedelta(days=back) for back in range(days)):
            # the first of the sightings that are left may be the last of a day
            due = day == today or (first is not None and first.astimezone(UTC).date() < day)
            until = now - AGAIN_AFTER if day == today else _begin(day + timedelta(days=1)) + LATE
            if due and (day not in known or known[day] <= until):
                await self._keep(await self._count(day, now))

    async def _count(self, day: date, now: datetime) -> RefusedDay:
        begin = _begin(day)
        that_day = (_SEEN.last_at >= begin, _SEEN.last_at < begin + timedelta(days=1), _SEEN.day == day)
        query = select(
            func.count(WithoutCase(func.nullif(_SEEN.user, "")).distinct()),
            func.count(_SEEN.client.distinct()).filter(_SEEN.user == ""),
        ).where(*that_day, _SEEN.effect.in_(REFUSALS))
        [(people, strangers)] = await self._rows(query, timeout_seconds=60)
        return RefusedDay(day, people, strangers, now)

    async def unreported(self, without: Sequence[str], since: datetime) -> int:
        """How many people got no mail at the last try of a client that no source reports, and have no device with such a mail status."""
        who = (WithoutCase(_SEEN.user), _SEEN.client)
        meant = (_SEEN.device == "", _SEEN.user != "", _SEEN.last_at >= since)
        place = func.row_number().over(partition_by=who, order_by=_SEEN.last_at.desc()).label("place")
        tries = select(WithoutCase(_SEEN.user).label("person"), _SEEN.effect, place).where(*meant)
        lately = tries.subquery()
        counted = select(WithoutCase(_ROWS.person)).where(_ROWS.mail.in_(without), _ROWS.person != "")
        query = select(func.count(lately.c.person.distinct())).where(
            lately.c.place == 1, lately.c.effect.in_(REFUSALS), lately.c.person.not_in(counted)
        )
        return int(await self._value(query, timeout_seconds=60))

    async def _keep(self, counted: RefusedDay) -> None:
        async with self._database.writing() as connection:
            await put_rows(connection, refused_days, [counted._asdict()])

    async def since(self, day: date) -> list[RefusedDay]:
        """All counts from this day on, the oldest first. A day that is missing was not counted."""
        query = select(refused_days).where(_REFUSED.day >= day).order_by(_REFUSED.day)
        return [RefusedDay(*row) for row in await self._rows(query)]


def _begin(day: date) -> datetime:
    return datetime.combine(day, time(), UTC)


KEPT_FOR = {"minute": timedelta(hours=3), "hour": timedelta(days=3), "day": timedelta(days=100)}
"""The spans, and how long the counts of each are kept."""
_VERDICTS = verdict_counts.c
_KEY = ("span", "at", "effect", "kind", "rule", "reason")


class VerdictKey(NamedTuple):
    """What is counted: a verdict with the kind of the client, or a refusal with its rule and reason."""

    effect: str
    kind: str = ""
    rule: str = ""
    reason: str = ""


class Cell(NamedTuple):
    at: datetime
    name: str
    times: int


class VerdictCounts(Queries):
    async def add(self, counts: Mapping[datetime, Mapping[VerdictKey, int]]) -> None:
        sums = Counter[tuple[str, datetime, VerdictKey]]()
        for at, counted in counts.items():
            for what, times in counted.items():
                for span in KEPT_FOR:
                    sums[span, start_of(span, at), what] += times
        if not sums:
            return
        rows = [
            {"span": span, "at": at, **what._asdict(), "times": times}
            for (span, at, what), times in sorted(sums.items())
        ]
        async with self._database.writing() as connection:
            statement = upsert(connection, verdict_counts)
            more = {"times": _VERDICTS.times + statement.excluded.times}
            statement = statement.on_conflict_do_update(index_elements=list(_KEY), set_=more)
            await upsert_rows(connection, statement, verdict_counts, rows)

    async def by(self, part: str, span: str, since: datetime) -> list[Cell]:
        """Verdicts in each span since then by their ``effect`` or ``kind``, or refusals by their ``rule``."""
        column = _VERDICTS[part]
        query = (
            select(_VERDICTS.at, column, func.sum(_VERDICTS.times))
            .where(*_of(span, since), _VERDICTS.kind == "" if part == "rule" else _VERDICTS.kind != "")
            .group_by(_VERDICTS.at, column)
        )
        return [Cell(at, name, int(times)) for at, name, times in await self._rows(query, timeout_seconds=10)]

    async def refusals(self, span: str, since: datetime, size: int) -> list[tuple[VerdictKey, int]]:
        """Refusals since then by rule, effect and reason, the most frequent first."""
        what = (_VERDICTS.effect, _VERDICTS.rule, _VERDICTS.reason)
        times = func.sum(_VERDICTS.times)
        query = select(*what, times).where(*_of(span, since), _VERDICTS.kind == "").group_by(*what)
        query = query.order_by(times.desc(), _VERDICTS.rule).limit(size)
        return [
            (VerdictKey(effect, rule=rule, reason=reason), int(count))
            for effect, rule, reason, count in await self._rows(query, timeout_seconds=10)
        ]


def start_of(span: str, at: datetime) -> datetime:
    """The start of the span that contains this moment. Days are those of UTC."""
    minute = at.replace(second=0, microsecond=0)
    if span == "minute":
        return minute
    return minute.replace(minute=0) if span == "hour" else minute.replace(minute=0, hour=0)


def _of(span: str, since: datetime) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    return _VERDICTS.span == span, _VERDICTS.at >= since
