"""The number of verdicts at all gates, by minute, hour and day. It has no names.

Each gate adds the counts of its workers. Minutes are kept for some hours, hours for days, and days for months.
"""

from collections import Counter
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import NamedTuple

from sqlalchemy import ColumnElement, delete, func, select

from mailgate.store.bulk_rows import upsert_rows
from mailgate.store.database import Database
from mailgate.store.schema import verdict_counts
from mailgate.store.upserts import upsert

KEPT = {"minute": timedelta(hours=3), "hour": timedelta(days=3), "day": timedelta(days=100)}
"""The spans, and how long the counts of each are kept."""
_COLUMNS = verdict_counts.c
_KEY = ("span", "at", "effect", "kind", "rule", "reason")


class VerdictKey(NamedTuple):
    """What is counted: a verdict with the kind of the client, or a refusal with its rule and reason."""

    effect: str
    kind: str = ""
    rule: str = ""
    reason: str = ""


class Cell(NamedTuple):
    """A count in one span of time."""

    at: datetime
    name: str
    times: int


class VerdictCounts:
    """Queries on counts. Every method may raise ``StoreUnavailableError``."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def add(self, counts: Mapping[datetime, Mapping[VerdictKey, int]]) -> None:
        """Add the counts of these minutes."""
        sums = Counter[tuple[str, datetime, VerdictKey]]()
        for at, counted in counts.items():
            for what, times in counted.items():
                for span in KEPT:
                    sums[span, start_of(span, at), what] += times
        if not sums:
            return
        rows = [
            {"span": span, "at": at, **what._asdict(), "times": times}
            for (span, at, what), times in sorted(sums.items())
        ]
        async with self._database.writing() as connection:
            statement = upsert(connection, verdict_counts)
            more = {"times": _COLUMNS.times + statement.excluded.times}
            statement = statement.on_conflict_do_update(index_elements=list(_KEY), set_=more)
            await upsert_rows(connection, statement, verdict_counts, rows)

    async def by(self, part: str, span: str, since: datetime) -> list[Cell]:
        """Verdicts in each span since then by their ``effect`` or ``kind``, or refusals by their ``rule``."""
        column = _COLUMNS[part]
        query = (
            select(_COLUMNS.at, column, func.sum(_COLUMNS.times))
            .where(*_of(span, since), _COLUMNS.kind == "" if part == "rule" else _COLUMNS.kind != "")
            .group_by(_COLUMNS.at, column)
        )
        async with self._database.reading(timeout_seconds=10) as connection:
            return [Cell(at, name, int(times)) for at, name, times in await connection.execute(query)]

    async def refusals(self, span: str, since: datetime, size: int) -> list[tuple[VerdictKey, int]]:
        """Refusals since then by rule, effect and reason, the most frequent first."""
        what = (_COLUMNS.effect, _COLUMNS.rule, _COLUMNS.reason)
        times = func.sum(_COLUMNS.times)
        query = select(*what, times).where(*_of(span, since), _COLUMNS.kind == "").group_by(*what)
        async with self._database.reading(timeout_seconds=10) as connection:
            rows = await connection.execute(query.order_by(times.desc(), _COLUMNS.rule).limit(size))
            return [
                (VerdictKey(effect, rule=rule, reason=reason), int(count))
                for effect, rule, reason, count in rows
            ]

    async def trim(self, now: datetime) -> int:
        """Delete counts after their retention time. Returns how many."""
        gone = 0
        async with self._database.writing() as connection:
            for span, kept in KEPT.items():
                old = delete(verdict_counts).where(_COLUMNS.span == span, _COLUMNS.at < now - kept)
                gone += (await connection.execute(old)).rowcount
        return gone


def start_of(span: str, at: datetime) -> datetime:
    """The start of the span that contains this moment. Days are those of UTC."""
    minute = at.replace(second=0, microsecond=0)
    if span == "minute":
        return minute
    return minute.replace(minute=0) if span == "hour" else minute.replace(minute=0, hour=0)


def _of(span: str, since: datetime) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    return _COLUMNS.span == span, _COLUMNS.at >= since
