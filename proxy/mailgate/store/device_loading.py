"""Loads whole devices from the store, by one query that returns their reports, names and findings as JSON texts: by their keys, by the
reports that may be about them, or by a name that a decision waits for. Those queries go to the driver alone (``driver_connection.py``),
since SQLAlchemy and its threads would cost many times the database's work. For plans many are loaded at once, only with the names
that sightings may hold."""

import json
from collections import namedtuple
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import fields, replace
from datetime import UTC, datetime
from functools import lru_cache
from itertools import groupby
from typing import Any, TypeVar

from sqlalchemy import (
    Boolean,
    CompoundSelect,
    Select,
    Table,
    Text,
    bindparam,
    literal_column,
    select,
    union_all,
)
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.types import NullType

from mailgate.devices.device import Contradiction, Device, Report, new_id
from mailgate.devices.names import FORMER, MDM, STRONG, Name, storable, user_text
from mailgate.model import Compliance, Enrolment, Kind, Reason, Threat
from mailgate.model.fact import read_word
from mailgate.store.bulk_rows import among
from mailgate.store.database import Queries
from mailgate.store.folding import function
from mailgate.store.schema import (
    HAS_PERSON,
    Instant,
    StoredWords,
    device_findings,
    device_names,
    devices,
    reports,
    words_in,
)

_Lists = function(
    Text(),
    sqlite="json_group_array(json_array({every}))",
    postgresql="CAST(json_agg(json_build_array({every})) AS text)",
)
"""Some columns of every row as the text of a JSON list of lists. If there is no row, PostgreSQL returns NULL."""
Listed = function(Text(), sqlite="json_array({every})", postgresql="CAST(json_build_array({every}) AS text)")
"""Some columns of one row as the text of a JSON list."""
_Among = function(
    NullType(),
    sqlite="{0} IN (SELECT value FROM json_each({1}))",
    postgresql="{0} = ANY(ARRAY(SELECT json_array_elements_text(CAST({1} AS json))))",
)
"""Whether a column has one of some texts. The texts are one JSON list, however many there are."""


class Part:
    """The columns of a table, and how to read their values from JSON."""

    def __init__(self, table: Table) -> None:
        self.columns = list(table.c)
        self._row: Any = namedtuple("Row", [column.name for column in self.columns])  # type: ignore[misc]
        kinds = [(at, type(column.type)) for at, column in enumerate(self.columns)]
        self._read = [(at, _READ[kind]) for at, kind in kinds if kind in _READ]

    def row(self, values: list[Any]) -> Any:
        """Make a row like SQLAlchemy's from its values."""
        for at, read in self._read:
            if values[at] is not None:
                values[at] = read(values[at])
        return self._row._make(values)

    def rows(self, told: str | None) -> list[Any]:
        return [self.row(values) for values in json.loads(told or "[]")]


def _instant(text: str) -> datetime:
    at = datetime.fromisoformat(text)
    return at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)


_READ: dict[type, Callable[[Any], Any]] = {Instant: _instant, Boolean: bool, StoredWords: words_in}
_DEVICE, *_PARTS = (Part(table) for table in (devices, reports, device_names, device_findings))
_WHOLE = select(
    Listed(*_DEVICE.columns),
    *(
        select(_Lists(*part.columns)).where(table.c.device == devices.c.key).scalar_subquery()
        for table, part in zip((reports, device_names, device_findings), _PARTS, strict=True)
    ),
)
_TEXTS = bindparam("texts", type_=Text)


def _where(keys: Select[tuple[int]] | CompoundSelect[Any]) -> Select[Any]:
    return _WHOLE.where(devices.c.key.in_(keys)).order_by(devices.c.key)


_NAMED = _where(
    select(device_names.c.device).where(
        device_names.c.kind == bindparam("kind"), _Among(device_names.c.name, _TEXTS)
    )
)
_CALLED = _where(select(reports.c.device).where(_Among(reports.c.id, _TEXTS)))
_OWNED = _where(select(reports.c.device).where(HAS_PERSON, _Among(reports.c.person, _TEXTS)))
_AROUND = _where(
    union_all(
        select(reports.c.device).where(
            reports.c.source == bindparam("source"), reports.c.id == bindparam("own_id")
        ),
        select(devices.c.key).where(devices.c.id == bindparam("would_be")),
        *(
            select(device_names.c.device).where(
                device_names.c.kind == literal_column(f"'{kind}'"),
                _Among(device_names.c.name, bindparam(kind, type_=Text)),
            )
            for kind in (*STRONG, FORMER)
        ),
    )
)


class DeviceLookup(Queries):
    """The queries on devices that decisions wait for."""

    async def find(self, kind: str, texts: Iterable[str]) -> list[Device]:
        """The device with one of these names. There are several only if the names belong to several devices."""
        stored = json.dumps([storable(text) for text in texts])
        if kind == MDM:
            return await self._ask(_CALLED, {"texts": stored})
        return await self._ask(_NAMED, {"kind": kind, "texts": stored})

    async def owned(self, owner: str) -> list[Device]:
        """Every device that a source assigns to this person. The login name is compared without case."""
        person = user_text(owner)
        return await self._ask(_OWNED, {"texts": json.dumps([storable(person)])}) if person else []

    async def found_at_once(self, report: Report) -> list[Device]:
        """The devices that have the slot, a name or the id of a report, without those that only claim such a name."""
        would_be = new_id(report.key)
        names = {kind: [text for each, text in report.names if each == kind] for kind in STRONG}
        named = {kind: json.dumps(texts) for kind, texts in names.items()}
        place = {"source": storable(report.source), "own_id": storable(report.id), "would_be": would_be}
        return await self._ask(_AROUND, place | named | {FORMER: json.dumps([would_be])})

    async def _ask(self, question: Select[Any], values: dict[str, str]) -> list[Device]:
        return [*map(_whole, await self._database.ask(question, values))]


_AT_ONCE = 10_000
"""The most values in one query. SQLite takes 32,766 and PostgreSQL's protocol 65,535."""

_HELD = device_names.c
_Each = TypeVar("_Each")


async def load(connection: AsyncConnection, numbers: Iterable[int]) -> list[Device]:
    """The devices with these keys, in their order."""
    found: list[Device] = []
    for some in _portions(sorted(set(numbers))):
        query = _WHOLE.where(among(connection, devices.c.key, some)).order_by(devices.c.key)
        found += map(_whole, await connection.execute(query))
    return found


async def around(connection: AsyncConnection, new_reports: Sequence[Report]) -> list[Device]:
    """Every device that has the slot, a name or the id of one of these reports, or that claims such a name."""
    numbers = set[int]()
    for query in _questions(connection, new_reports):
        numbers |= set((await connection.execute(query)).scalars())
    found = more = await load(connection, numbers)
    while contested := {each.about for device in more for each in device.findings if each.about}:
        query = select(device_findings.c.device).where(device_findings.c.about.in_(contested))
        others = set((await connection.execute(query)).scalars()) - numbers
        numbers |= others
        more = await load(connection, others)
        found = found + more
    return found


def _questions(
    connection: AsyncConnection, new_reports: Sequence[Report]
) -> Iterator[Select[Any] | CompoundSelect[Any]]:
    """Queries for the keys of devices by everything in the reports, as few as possible; each reads indexes only."""
    asked: list[Select[Any]] = []
    values = 0
    for query, count in _looks(connection, new_reports):
        if values + count > _AT_ONCE and asked:
            yield union_all(*asked)
            asked, values = [], 0
        asked.append(query)
        values += count
    yield union_all(*asked)


def _looks(connection: AsyncConnection, new_reports: Sequence[Report]) -> Iterator[tuple[Select[Any], int]]:
    for source, slots in _grouped((report.source, report.id) for report in new_reports).items():
        for ids in _portions(slots):
            found = select(reports.c.device).where(
                reports.c.source == source, among(connection, reports.c.id, ids)
            )
            yield found, len(ids) + 1
    would_be = [new_id(report.key) for report in new_reports]
    for ids in _portions(would_be):
        yield select(devices.c.key).where(among(connection, devices.c.id, ids)), len(ids)
    names = {name for report in new_reports for name in report.names} | {(FORMER, each) for each in would_be}
    for kind, texts in _grouped(sorted(names)).items():
        for some in _portions(texts):
            yield (
                select(_HELD.device).where(_HELD.kind == kind, among(connection, _HELD.name, some)),
                len(some) + 1,
            )


def _whole(found: Iterable[Any]) -> Device:
    told, *parts = found
    row = _DEVICE.row(json.loads(told))
    reported, named, noted = (part.rows(each) for part, each in zip(_PARTS, parts, strict=True))
    held = {(each.kind, each.name) for each in named}
    found = tuple(sorted((_report(each) for each in reported), key=lambda report: report.key))
    claims = frozenset[Name]().union(*(report.names for report in found))
    return Device(
        id=row.id,
        reports=found,
        former_ids=frozenset(text for kind, text in held if kind == FORMER),
        ceded_names=claims - held,
        findings=tuple(
            Contradiction(_contradicted(each.reason), each.about, each.detail, each.since)
            for each in sorted(noted, key=lambda each: (each.reason, each.about))
        ),
        lost_at=row.lost_at,
        first_seen=row.first_seen,
        last_seen=row.last_seen,
        number=row.key,
        changed=row.changed,
    )


SETS = ("apps", "asked", "compliance_apps", "denied")
"""The fields of a report that are stored as lists of apps."""
WORDS: Mapping[str, Callable[[Any], Any]] = {
    "kind": lambda word: word and read_word(Kind, word, Kind.UNKNOWN),
    "enrolment": lambda word: read_word(Enrolment, word, Enrolment.UNKNOWN),
    "compliance": lambda word: read_word(Compliance, word, Compliance.UNKNOWN),
    "threat": lambda word: read_word(Threat, word, Threat.UNKNOWN),
}
"""The fields of a report that have one of a few words."""


def _report(row: Any) -> Report:
    names = frozenset((kind, text) for kind, text in json.loads(row.names))
    told = _report_of([getattr(row, name) for name in _TOLD])
    return replace(told, names=names, first_seen=row.first_seen, last_seen=row.last_seen)


def _contradicted(reason: str) -> Reason:
    """A contradiction that only a newer Mailgate knows is one."""
    return read_word(Reason, reason, Reason.DEVICE_CONTRADICTED)


def _grouped(pairs: Iterable[tuple[str, str]]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for first, second in pairs:
        found.setdefault(first, []).append(second)
    return found


def _portions(values: Sequence[_Each]) -> Iterable[Sequence[_Each]]:
    return (values[start : start + _AT_ONCE] for start in range(0, len(values), _AT_ONCE))


_TOLD = [each.name for each in fields(Report)]
_TOLD = _TOLD[: _TOLD.index("names")]
"""The fields of a report without its names, in their order."""
_SUMMARY = (devices.c.key, devices.c.id, devices.c.lost_at)
_ROWS = select(*_SUMMARY, *(reports.c[name] for name in _TOLD)).join(reports, isouter=True)


async def summaries(connection: AsyncConnection, after: str, size: int) -> list[Device]:
    """The next ``size`` devices after the id ``after``, in the order of their ids."""
    page = select(devices.c.key).where(devices.c.id > after).order_by(devices.c.id).limit(size).subquery()
    query = _ROWS.where(devices.c.key.in_(select(page.c.key))).order_by(devices.c.id)
    rows: Sequence[Any] = (await connection.execute(query)).all()
    keys = sorted({row[0] for row in rows})
    named, noted = select(_HELD.device, _HELD.name), device_findings.c
    former = await _by_device(connection, named.where(_HELD.kind == FORMER, _HELD.device.in_(keys)))
    findings = select(noted.device, noted.reason, noted.about, noted.detail).where(noted.device.in_(keys))
    found = await _by_device(connection, findings)
    return [
        _device(list(same), former.get(key, ()), found.get(key, ()))
        for key, same in groupby(rows, key=lambda row: row[0])
    ]


async def _by_device(connection: AsyncConnection, query: Any) -> dict[int, list[Any]]:
    found: dict[int, list[Any]] = {}
    for key, *rest in await connection.execute(query):
        found.setdefault(key, []).append(rest)
    return found


def _device(rows: list[Any], former: Iterable[Any], found: Iterable[Any]) -> Device:
    number, name, lost_at = rows[0][:3]
    told = [_report_of(row[3:]) for row in rows if row[3] is not None]
    return Device(
        id=name,
        reports=tuple(told) if len(told) < 2 else tuple(sorted(told, key=lambda report: report.key)),
        former_ids=frozenset([each for (each,) in former]),
        findings=tuple(
            [Contradiction(_contradicted(reason), about, detail) for reason, about, detail in found]
        ),
        lost_at=lost_at,
        number=number,
    )


def _report_of(told: Sequence[Any]) -> Report:
    return Report(*[read(value) if read else value for read, value in zip(_READERS, told, strict=True)])


@lru_cache(maxsize=1024)
def _apps(listed: str | None) -> frozenset[str] | None:
    return None if listed is None else frozenset(json.loads(listed))


_READ_FIELD: dict[str, Callable[[Any], Any]] = {
    **dict.fromkeys(SETS, _apps),
    **WORDS,
}
_READERS = [_READ_FIELD.get(name) for name in _TOLD]
