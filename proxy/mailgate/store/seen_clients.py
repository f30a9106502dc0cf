"""Seen clients: the combinations of client, person and device in sightings. Each combination is listed once, with any
decision and any number of requests."""

from collections.abc import Sequence
from datetime import date
from typing import Any, NamedTuple

from sqlalchemy import and_, literal, or_, select

from mailgate.devices.names import FORMER
from mailgate.store.database import Database
from mailgate.store.folding import is_login
from mailgate.store.schema import clients, device_names, devices, sightings
from mailgate.store.sightings import ClientFacts, facts_of

_PAGE = 500


class SeenClient(NamedTuple):
    """A client of a person on a device."""

    device: str
    user: str
    client_id: str
    client: ClientFacts


class SeenClients:
    """Queries on seen clients. Every method may raise ``StoreUnavailableError``."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def of(self, devices: Sequence[str], since: date) -> list[SeenClient]:
        """The clients of these devices from the day ``since`` on, each once."""
        of_them = sightings.c.device.in_(devices)
        return await self._read(_query(sightings.c.device, of_them, sightings.c.day >= since))

    async def by(self, login: str, since: date) -> list[SeenClient]:
        """The clients of a person from the day ``since`` on, each once. The login name is compared without case."""
        theirs = is_login(sightings.c.user, login)
        return await self._read(_query(sightings.c.device, theirs, sightings.c.day >= since))

    async def strangers(self, since: date, after: tuple[str, str], size: int = _PAGE) -> list[SeenClient]:
        """The clients without a known device, in the order of client id and user, after ``after``."""
        client, user = after
        named = device_names.c.name == sightings.c.device
        former = select(device_names.c.device).where(device_names.c.kind == FORMER, named).exists()
        known = or_(select(devices.c.key).where(devices.c.id == sightings.c.device).exists(), former)
        behind = or_(sightings.c.client > client, and_(sightings.c.client == client, sightings.c.user > user))
        query = _query(literal(""), ~known, sightings.c.day >= since, behind)
        return await self._read(query.limit(size))

    async def _read(self, query: Any) -> list[SeenClient]:
        async with self._database.reading(timeout_seconds=300) as connection:
            rows = (await connection.execute(query)).all()
        return [SeenClient(device, user, client[0], facts_of(client[1:])) for device, user, *client in rows]


def _query(device: Any, *where: Any) -> Any:
    """A query on seen clients, each once. The texts of a client are read only after that."""
    named = (device.label("device"), sightings.c.user, sightings.c.client)
    seen = select(*named).where(*where).distinct().subquery()
    facts = (clients.c[name] for name in ClientFacts._fields)
    joined = select(seen.c.device, seen.c.user, clients.c.id, *facts)
    return joined.join(clients, clients.c.id == seen.c.client).order_by(
        seen.c.device, clients.c.id, seen.c.user
    )
