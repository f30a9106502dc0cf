"""Finds the devices that a decision waits for by one query, which returns their reports, names and findings as JSON
texts.

The result is that of ``device_loading.py``, which is made for thousands of devices at a time. The query goes to the
driver alone (``driver_connection.py``), since SQLAlchemy and its threads would cost many times the database's work.
"""

import json
from collections import namedtuple
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from typing import Any

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
from sqlalchemy.sql.functions import FunctionElement

from mailgate.devices.device import Device, Report, new_id
from mailgate.devices.names import FORMER, MDM, STRONG, storable, user_text
from mailgate.store.database import Queries
from mailgate.store.device_loading import device_of
from mailgate.store.folding import spell
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


class _Lists(FunctionElement[str]):
    """Some columns of every row as the text of a JSON list of lists. If there is no row, PostgreSQL returns NULL."""

    type = Text()
    inherit_cache = True


class Listed(FunctionElement[str]):
    """Some columns of one row as the text of a JSON list."""

    type = Text()
    inherit_cache = True


class _Among(FunctionElement[Any]):
    """Whether a column has one of some texts. The texts are one JSON list, however many there are."""

    inherit_cache = True


spell(
    _Lists,
    sqlite="json_group_array(json_array({every}))",
    postgresql="CAST(json_agg(json_build_array({every})) AS text)",
)
spell(Listed, sqlite="json_array({every})", postgresql="CAST(json_build_array({every}) AS text)")
spell(
    _Among,
    sqlite="{0} IN (SELECT value FROM json_each({1}))",
    postgresql="{0} = ANY(ARRAY(SELECT json_array_elements_text(CAST({1} AS json))))",
)


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
        """Read the rows from a JSON text."""
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
        return [
            device_of(
                _DEVICE.row(json.loads(told)),
                *(part.rows(each) for part, each in zip(_PARTS, parts, strict=True)),
            )
            for told, *parts in await self._database.ask(question, values)
        ]
