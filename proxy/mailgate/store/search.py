"""Looking for devices: who may be meant by what is asked for, a page at a time, however many there are.

What is found here may be too much, since the state of a device takes all of its reports and the listed apps:
``views/search.py`` takes a close look at each.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, TextClause, and_, func, or_, select, union

from mailgate.devices.device import Device
from mailgate.devices.names import user_text
from mailgate.model import Kind
from mailgate.store.database import Database
from mailgate.store.device_loading import load
from mailgate.store.devices import called
from mailgate.store.schema import HAS_APPS, HAS_PERSON, IS_LOST, NEVER_LOOKED, SAW_A_PART, devices, reports

WINDOW = 5_000
"""Devices that one look goes through where no index leads to those that are meant."""
_LAST = "\U0010ffff"
_OTHER = reports.alias()


@dataclass(frozen=True, slots=True)
class Sought:
    """What is asked for, all of it; an empty text asks for nothing."""

    name: str = ""
    """Any name of the device, or how its owner's login name begins."""
    state: str = ""
    """A state of postures, or ``lost``."""
    kind: str = ""
    app: str = ""
    """The key of a listed app."""


@dataclass(frozen=True, slots=True)
class Found:
    """Some devices in the order of their keys, and behind which key to go on; None at the end."""

    devices: tuple[Device, ...]
    after: int | None


class Search:
    """Queries that look for devices. Every method may raise ``StoreUnavailableError``."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def look(self, sought: Sought, cutoff: datetime, now: datetime, after: int, size: int) -> Found:
        """The next devices behind the key ``after`` that may be meant: all that are, and perhaps others.

        :param cutoff: what was reported before has run out.
        """
        query, column = _query(sought, cutoff, now)
        if sought.kind and not _by_kind_alone(sought):
            same = _kind(_OTHER.c.kind, sought.kind)
            query = query.where(select(_OTHER.c.id).where(_OTHER.c.device == column, same).exists())
        query = query.where(column > after).order_by(column).limit(size)
        async with self._database.reading(patience=10) as connection:
            end = None
            if _goes_through_all(sought):
                newest: int = (await connection.execute(select(func.max(devices.c.key)))).scalar() or 0
                end = after + WINDOW if after + WINDOW < newest else None
                query = query.where(column <= after + WINDOW)
            keys = list((await connection.execute(query)).scalars())
            found = sorted(await load(connection, keys), key=lambda device: device.number)
        return Found(tuple(found), keys[-1] if len(keys) == size else end)


def _goes_through_all(sought: Sought) -> bool:
    return sought.state in ("stale", "clean") and not sought.name and not sought.app


def _query(sought: Sought, cutoff: datetime, now: datetime) -> tuple[Select[Any], ColumnElement[int]]:
    """A query by the one condition that leaves the fewest, and the key that it is about."""
    if sought.name:
        own = called(sought.name).subquery()
        begins = select(reports.c.device).where(_begins(user_text(sought.name)))
        named = union(select(own.c[0].label("key")), begins).subquery()
        return select(named.c.key), named.c.key
    if sought.state == "lost":
        return select(devices.c.key).where(IS_LOST), devices.c.key
    told = _of_reports(sought, cutoff, now)
    if told is None:
        return select(devices.c.key), devices.c.key
    return select(reports.c.device).where(told).distinct(), reports.c.device


def _begins(person: str) -> ColumnElement[bool]:
    return and_(HAS_PERSON, reports.c.person >= person, reports.c.person < person + _LAST)


def _of_reports(sought: Sought, cutoff: datetime, now: datetime) -> ColumnElement[bool] | TextClause | None:
    """What some report of a device that is meant must be like."""
    if sought.app:
        return and_(HAS_APPS, reports.c.apps.contains(f'"{sought.app}"', autoescape=True))
    by_state: dict[str, ColumnElement[bool] | TextClause] = {
        "listed": HAS_APPS,
        "missing": NEVER_LOOKED,
        "partial": SAW_A_PART,
        "stale": or_(reports.c.reported_at < cutoff, reports.c.expires_at <= now),
        "clean": and_(reports.c.apps_complete.is_(True), reports.c.reported_at >= cutoff),
    }
    if sought.state in by_state:
        return by_state[sought.state]
    return _kind(reports.c.kind, sought.kind) if sought.kind else None


def _by_kind_alone(sought: Sought) -> bool:
    return not (sought.name or sought.state or sought.app)


def _kind(column: ColumnElement[Any], kind: str) -> ColumnElement[bool]:
    return or_(column.is_(None), column == kind) if kind == Kind.UNKNOWN else column == kind
