"""Devices: what was reported of them, by whom, and what they are found by."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import groupby
from typing import Any

from sqlalchemy import Select, and_, delete, func, insert, literal, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from mailgate.model import Kind
from mailgate.store.database import Database
from mailgate.store.names import EAS, KEY, USER, eas_forms, user_text
from mailgate.store.rows import upsert
from mailgate.store.schema import Instant, clients, device_apps, device_names, devices, notices, sightings

_LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)
_PAGE = 500


@dataclass(frozen=True, slots=True)
class Device:
    """One device as its newest report has it. ``source`` is the issuer, ``id`` the name it gave the device."""

    source: str
    id: str
    owner: str = ""
    kind: Kind | None = None
    os: str = ""
    os_version: str = ""
    managed: bool | None = None
    status: str = "none"
    apps: frozenset[str] = frozenset()
    apps_complete: bool | None = None
    reported_at: datetime | None = None
    """When its apps were looked at; None where no apps were reported."""
    expires_at: datetime | None = None
    names: frozenset[tuple[str, str]] = frozenset()
    """Pairs of kind and name, as ``names.py`` has them."""
    first_seen: datetime = field(default=_LONG_AGO, compare=False)
    last_seen: datetime = field(default=_LONG_AGO, compare=False)

    @property
    def age(self) -> tuple[datetime, datetime]:
        """Orders the reports of one device: when it was looked at, then how long that may be believed."""
        return (self.reported_at or _LONG_AGO, self.expires_at or _LONG_AGO)

    def replaces(self, other: "Device") -> bool:
        """Whether this report is news after ``other``. Of two equally old ones the last to come is."""
        return self.age >= other.age and self != other


def names_of(key_thumbprint: str, eas_ids: Iterable[str], owner: str = "") -> frozenset[tuple[str, str]]:
    """What a device with this attestation key, these ActiveSync ids and this owner is found by."""
    single = {pair for pair in ((KEY, key_thumbprint), (USER, user_text(owner))) if pair[1]}
    return frozenset(single | {(EAS, form) for eas_id in eas_ids for form in eas_forms(eas_id)})


class Devices:
    """Queries on devices. Every method may raise ``StoreUnavailableError``."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def get(self, source: str, device_id: str) -> Device | None:
        """The device that ``source`` calls ``device_id``."""
        return await self._first(select(devices).where(devices.c.source == source, devices.c.id == device_id))

    async def find(self, kind: str, names: Iterable[str]) -> Device | None:
        """The device with one of these names; of several, the one that was reported last."""
        newest = devices.c.reported_at.desc().nulls_last()
        return await self._first(_named(kind, names).order_by(newest, devices.c.key.desc()).limit(1))

    async def owned(self, owner: str) -> list[Device]:
        """Every device of the person with this login name, compared without case."""
        async with self._database.reading() as connection:
            return await _load(connection, _named(USER, [user_text(owner)]))

    async def seen_since(self, instant: datetime) -> list[Device]:
        """Devices with a report that came at ``instant`` or later."""
        async with self._database.reading() as connection:
            return await _load(connection, select(devices).where(devices.c.last_seen >= instant))

    async def called(self, device_id: str) -> list[Device]:
        """Every device with this id: one, unless two sources gave the same."""
        async with self._database.reading() as connection:
            return await _load(connection, select(devices).where(devices.c.id == device_id))

    async def page(self, after: tuple[str, str] = ("", ""), size: int = _PAGE) -> list[Device]:
        """Devices in the order of id and source, from just behind ``after`` (id, source)."""
        device_id, source = after
        behind = or_(devices.c.id > device_id, and_(devices.c.id == device_id, devices.c.source > source))
        query = select(devices).where(behind).order_by(devices.c.id, devices.c.source).limit(size)
        async with self._database.reading(patience=30) as connection:
            return await _load(connection, query)

    async def count(self) -> int:
        """How many there are."""
        async with self._database.reading(patience=30) as connection:
            return (await connection.execute(select(func.count()).select_from(devices))).scalar() or 0

    async def splits(self, parts: int) -> list[tuple[str, str]]:
        """Id and source of the devices behind which the second, third, … of as many equal parts begins, in order."""
        count = await self.count()
        async with self._database.reading(patience=60) as connection:
            query = select(devices.c.id, devices.c.source).order_by(devices.c.id, devices.c.source).limit(1)
            places = sorted({count * part // parts for part in range(1, parts)} - {0, count})
            found = [(await connection.execute(query.offset(place - 1))).one() for place in places]
        return [(device_id, source) for device_id, source in found]

    async def forget(self, device_id: str) -> int:
        """Delete what is stored about every device with this id, its sightings too. Returns how many there were."""
        async with self._database.writing(patience=60) as connection:
            found = await _load(connection, select(devices).where(devices.c.id == device_id))
            if found:
                eas_ids = [name for device in found for kind, name in device.names if kind == EAS]
                await _forget_sightings(connection, device_id, eas_ids)
                await connection.execute(delete(notices).where(notices.c.device.in_([device_id, *eas_ids])))
                await connection.execute(delete(devices).where(devices.c.id == device_id))
            return len(found)

    async def prune(self, before: datetime, size: int = _PAGE) -> int:
        """Delete up to ``size`` devices not seen since ``before``. Returns how many."""
        old = select(devices.c.key).where(devices.c.last_seen < before).limit(size)
        async with self._database.writing() as connection:
            return (await connection.execute(delete(devices).where(devices.c.key.in_(old)))).rowcount

    async def _first(self, query: Select[Any]) -> Device | None:
        async with self._database.reading() as connection:
            found = await _load(connection, query)
        return found[0] if found else None


def _named(kind: str, names: Iterable[str]) -> Select[Any]:
    """The devices with one of these names."""
    named = select(device_names.c.device).where(
        device_names.c.kind == kind, device_names.c.name.in_(list(names))
    )
    return select(devices).where(devices.c.key.in_(named))


async def learn(connection: AsyncConnection, reports: Sequence[Device]) -> None:
    """Store reports, at most one a device; one that is older than what is stored changes nothing."""
    if not reports:
        return
    # In one order everywhere, so that two writers never wait for each other.
    by_name = {
        (report.source, report.id): report for report in sorted(reports, key=lambda r: (r.source, r.id))
    }
    statement = upsert(connection, devices)
    new, known = statement.excluded, devices.c
    changes = {c.name: new[c.name] for c in devices.c if c.name not in ("key", "source", "id", "first_seen")}
    statement = statement.on_conflict_do_update(
        index_elements=["source", "id"],
        set_=changes,
        where=or_(
            _since(new.reported_at) > _since(known.reported_at),
            and_(
                _since(new.reported_at) == _since(known.reported_at),
                _since(new.expires_at) >= _since(known.expires_at),
            ),
        ),
    )
    rows = [_row(report) for report in by_name.values()]
    taken = await connection.execute(statement.returning(known.key, known.source, known.id), rows)
    await _replace_parts(connection, {key: by_name[source, name] for key, source, name in taken})


async def _replace_parts(connection: AsyncConnection, taken: Mapping[int, Device]) -> None:
    """Put the apps and names of these devices in the place of those that were stored."""
    apps = [{"device": key, "app": app} for key, device in taken.items() for app in device.apps]
    names = [
        {"device": key, "kind": kind, "name": name}
        for key, device in taken.items()
        for kind, name in device.names
    ]
    for table, rows in ((device_apps, apps), (device_names, names)):
        await connection.execute(delete(table).where(table.c.device.in_(taken)))
        if rows:
            await connection.execute(insert(table), rows)


async def _load(connection: AsyncConnection, query: Select[Any]) -> list[Device]:
    """The devices of a query on ``devices``, with their apps and names."""
    rows = (await connection.execute(query)).mappings().all()
    if not rows:
        return []
    keys = [row["key"] for row in rows]
    apps = await _parts(connection, select(device_apps).where(device_apps.c.device.in_(keys)))
    names = await _parts(connection, select(device_names).where(device_names.c.device.in_(keys)))
    return [_device(row, apps.get(row["key"], []), names.get(row["key"], [])) for row in rows]


async def _parts(connection: AsyncConnection, query: Select[Any]) -> dict[int, list[Any]]:
    """Rows whose first column is the key of a device, by that key."""
    rows = sorted(await connection.execute(query), key=lambda row: row[0])
    return {key: list(group) for key, group in groupby(rows, key=lambda row: row[0])}


def _device(row: Mapping[Any, Any], apps: Iterable[Any], names: Iterable[Any]) -> Device:
    stored = {name: row[name] for name in row if name not in ("key", "kind")}
    return Device(
        **stored,
        kind=Kind(row["kind"]) if row["kind"] else None,
        apps=frozenset(app for _, app in apps),
        names=frozenset((kind, name) for _, kind, name in names),
    )


def _row(device: Device) -> dict[str, Any]:
    return {c.name: getattr(device, c.name) for c in devices.c if c.name != "key"}


def _since(column: Any) -> Any:
    return func.coalesce(column, literal(_LONG_AGO, Instant()))


async def _forget_sightings(connection: AsyncConnection, device_id: str, eas_ids: Sequence[str]) -> None:
    """Sightings of the device, and those of its ActiveSync ids from before it was known."""
    by_eas = select(clients.c.id).where(clients.c.eas_id.in_(eas_ids))
    gone = or_(sightings.c.device == device_id, sightings.c.client.in_(by_eas))
    used = set((await connection.execute(select(sightings.c.client).where(gone).distinct())).scalars())
    await connection.execute(delete(sightings).where(gone))
    left = select(sightings.c.client).where(sightings.c.client == clients.c.id)
    for client in used:
        await connection.execute(delete(clients).where(clients.c.id == client, ~left.exists()))
