"""Sightings: decisions for clients, counted by day, with the facts that are needed to decide again, and the clients in them."""

import asyncio
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import lru_cache
from hashlib import sha256
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, and_, case, literal, or_, select, union
from sqlalchemy.ext.asyncio import AsyncConnection

from mailgate.devices.names import FORMER, user_text
from mailgate.model import LOGIN_PROTOCOLS, ExtensionWord, Kind, Reason, RequestFacts
from mailgate.model.reasons import FOUND_BESIDE
from mailgate.store.bulk_rows import Newest, RowPage, RowPosition, among, count_up, upsert, upsert_rows
from mailgate.store.database import Queries
from mailgate.store.folding import is_login
from mailgate.store.schema import clients, device_names, devices, help_references, phone_changes, sightings

_PAGE = 500
WINDOW = 20_000
"""The most sightings that one search reads if no index helps."""
_INDEXED = ("user", "rule")
"""The columns with an index, beginning with those that leave the fewest rows."""
_LAST_FIRST = Newest(sightings.c.last_at, sightings.c.id)
_recorded = select(sightings, *(c.label(f"client_{c.name}") for c in clients.c)).join(clients)


ACCEPTED = "accepted"
"""The outcome of a proof that was accepted. That of any other is a reason code."""


class Proofs(NamedTuple):
    """What came of the proofs of a request. A field is empty if nothing was offered."""

    attestation: str = ""
    """``accepted``, or the reason code with which it was refused."""
    issuer: str = ""
    """The issuer of an accepted attestation. This and the next five fields are what it says."""
    status: str = ""
    kind: str = ""
    os: str = ""
    os_version: str = ""
    self_reported: bool = False
    """Whether the device described itself, so that only its key is proved."""
    certificate: str = ""
    """``accepted``, or the reason code with which it was refused."""
    certified_kind: str = ""
    """The kind by the record of the device that the certificate names; empty if it names none, like the next two."""
    certified_os: str = ""
    certified_os_version: str = ""
    login: str = ""
    """``accepted``, if the token of the login named a device; ``refused``, if it may have named any."""
    findings: tuple[str, ...] = ()
    """Reason codes of what was found about the proofs (``FOUND_BESIDE``)."""
    named_by: str = ""
    """Who named the person: ``proxy``, or ``proof`` for the owner by an issuer. Empty if it is the client's own word."""
    extension: ExtensionWord | None = None
    """What the company's extension said; None if none reported."""
    names_others: bool = False
    """Whether the request names a person whom nobody has checked, and who is not kept."""

    def outcomes(self) -> dict[str, Any]:
        """The fields that are not empty."""
        return {name: value for name, value in self._asdict().items() if value}


class ClientFacts(NamedTuple):
    """What one unique client says about itself and proves, and its classification. ``headers`` are pairs."""

    kind: str
    handheld: bool
    assurance: str
    form: str
    os: str
    browser: str
    protocol: str
    eas_id: str
    method: str
    target: str
    headers: tuple[tuple[str, str], ...]
    proofs: Proofs | None = None
    """What it proved. None if the request was not recorded in full, so that nothing about it is known."""

    @property
    def facts(self) -> RequestFacts:
        """The request as far as it was kept, so that it can be classified again."""
        scheme = self.protocol if self.protocol in LOGIN_PROTOCOLS else "http"
        return RequestFacts(self.method, self.target, scheme, headers=dict(self.headers))


class Sighting(NamedTuple):
    """One client of one person on one device, and one answer to it, on one UTC day."""

    day: date
    client: ClientFacts
    device: str
    posture: str
    user: str
    rule: str
    effect: str
    reason: str
    would: tuple[str, ...]
    """The report-only rules that matched, each as ``rule:effect``."""
    policy: str


class Tally(NamedTuple):
    """How often something came, and the first and last time. ``reference`` is that of the last request."""

    times: int
    first: datetime
    last: datetime
    reference: str = ""
    shown: int = 0
    """How many of these times the person saw a refusal or the page of a warning."""

    def plus(self, later: "Tally") -> "Tally":
        return Tally(
            self.times + later.times,
            min(self.first, later.first),
            max(self.last, later.last),
            later.reference if later.last >= self.last else self.reference,
            self.shown + later.shown,
        )


@dataclass(frozen=True, slots=True)
class Recorded:
    """A stored sighting. ``id`` is computed from everything but the tally."""

    id: str
    sighting: Sighting
    tally: Tally


class Sightings(Queries):
    async def latest(self, *, device: str = "", user: str = "", size: int = _PAGE) -> list[Recorded]:
        """Sightings, the last seen first. They may be limited to one device or person."""
        query = _recorded.order_by(*_LAST_FIRST.order).limit(size)
        if device:
            query = query.where(sightings.c.device == device)
        if user:
            query = query.where(sightings.c.user == user)
        return await self._recorded(query)

    async def where(self, theirs: ColumnElement[bool], size: int = _PAGE) -> list[Recorded]:
        """The sightings that meet a condition, the last seen first."""
        query = _recorded.where(theirs).order_by(*_LAST_FIRST.order)
        return await self._recorded(query.limit(size))

    async def search(
        self, since: datetime, size: int, after: RowPosition | None = None, **wanted: str
    ) -> RowPage[Recorded, RowPosition]:
        """The sightings since then whose columns have these texts (an empty one is any), the last seen first. ``kind`` is the
        client's. At most ``WINDOW`` are read, so it may find few or none although there are more after them."""
        asked = {name: text for name, text in wanted.items() if text}
        led = next((name for name in _INDEXED if name in asked), "")
        leading = _equal({led: asked.pop(led)} if led else {})
        near = [sightings.c.last_at >= since, *leading, *_LAST_FIRST.behind(after)]
        end = await self._end_of_window(near) if asked else None
        found = await self.where(and_(*near, *_equal(asked), *_LAST_FIRST.up_to(end)), size)
        if len(found) == size:
            end = RowPosition(found[-1].tally.last, found[-1].id)
        return RowPage(found, end)

    async def _end_of_window(self, near: Sequence[ColumnElement[bool]]) -> RowPosition | None:
        places = select(*_LAST_FIRST).where(*near).order_by(*_LAST_FIRST.order)
        last = await self._rows(places.offset(WINDOW - 1).limit(1), timeout_seconds=10)
        return RowPosition(*last[0]) if last else None

    async def find(self, name: str) -> Recorded | None:
        """The sighting with this id, this reference of its last request, or a reference that somebody asked for help about."""
        # three queries with an index; with OR between them PostgreSQL would read the whole table
        looks = union(
            select(sightings.c.id).where(sightings.c.id == name),
            select(sightings.c.id).where(sightings.c.reference == name),
            select(help_references.c.sighting).where(help_references.c.reference == name),
        )
        query = _recorded.where(sightings.c.id.in_(looks))
        found = await self._recorded(query.order_by(sightings.c.last_at.desc()).limit(1)) if name else []
        return found[0] if found else None

    async def _recorded(self, query: Any) -> list[Recorded]:
        async with self._database.reading(timeout_seconds=30) as connection:
            rows = (await connection.execute(query)).mappings()
            return await asyncio.to_thread(lambda: [*map(_read, rows)])  # whoever keeps asking has many


def _equal(texts: Mapping[str, str]) -> list[ColumnElement[bool]]:
    columns = {**sightings.c, "kind": clients.c.kind}
    return [columns[name] == text for name, text in texts.items()]


async def add_tallies(connection: AsyncConnection, seen: Mapping[Sighting, Tally]) -> None:
    if not seen:
        return
    await _count_new_phones(connection, seen)
    await _keep_clients(connection, seen)
    rows = [_row(sighting, tally) for sighting, tally in seen.items()]
    statement = upsert(connection, sightings)
    new, old = statement.excluded, sightings.c
    later = new.last_at >= old.last_at
    statement = statement.on_conflict_do_update(
        index_elements=["id"],
        set_={
            "count": old.count + new.count,
            "shown": old.shown + new.shown,
            "first_at": case((new.first_at < old.first_at, new.first_at), else_=old.first_at),
            "last_at": case((later, new.last_at), else_=old.last_at),
            "reference": case((later, new.reference), else_=old.reference),
        },
    )
    await upsert_rows(connection, statement, sightings, _in_order(rows))


async def _count_new_phones(connection: AsyncConnection, seen: Mapping[Sighting, Tally]) -> None:
    """Count it as a change if there is a phone that nobody has reported and of which nothing is stored under this person's name. It is
    counted first, as other changes are, so that no two writers wait for each other."""
    phones = {
        (user_text(each.user), each.client.eas_id)
        for each in seen
        if each.client.eas_id and each.user and not each.device
    }
    if not phones:
        return
    named = among(connection, clients.c.eas_id, sorted({eas_id for _, eas_id in phones}))
    query = select(sightings.c.user, clients.c.eas_id).join(clients).where(named, sightings.c.device == "")
    known = {(user_text(user), eas_id) for user, eas_id in await connection.execute(query.distinct())}
    if phones - known:
        await count_up(connection, phone_changes)


async def _keep_clients(connection: AsyncConnection, seen: Mapping[Sighting, Tally]) -> None:
    last: dict[ClientFacts, datetime] = {}
    for sighting, tally in seen.items():
        last[sighting.client] = max(tally.last, last.get(sighting.client, tally.last))
    rows = [_client_row(client) | {"last_at": at} for client, at in last.items()]
    statement = upsert(connection, clients)
    new, old = statement.excluded, clients.c
    # The row is written even if nothing changes, so that it is not pruned before its sighting is stored.
    latest = case((new.last_at > old.last_at, new.last_at), else_=old.last_at)
    statement = statement.on_conflict_do_update(index_elements=["id"], set_={"last_at": latest})
    await upsert_rows(connection, statement, clients, _in_order(rows))


def _in_order(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The rows in the same order in every process, so that two writers never wait for each other."""
    return sorted(rows, key=lambda row: str(row["id"]))


def _row(sighting: Sighting, tally: Tally) -> dict[str, Any]:
    named = _named(sighting)
    return {
        **named,
        "id": fingerprint(tuple(named.values())),
        "count": tally.times,
        "first_at": tally.first,
        "last_at": tally.last,
        "reference": tally.reference,
        "shown": tally.shown,
    }


def id_of(sighting: Sighting) -> str:
    return fingerprint(tuple(_named(sighting).values()))


def _named(sighting: Sighting) -> dict[str, Any]:
    client = _client_id(sighting.client)
    return {**sighting._asdict(), "client": client, "would": json.dumps(sighting.would)}


def _client_row(client: ClientFacts) -> dict[str, Any]:
    proofs = None if client.proofs is None else json.dumps(client.proofs.outcomes())
    told = {"headers": json.dumps(dict(client.headers)), "proofs": proofs}
    return {**client._asdict(), "id": _client_id(client), **told}


def fingerprint(facts: Sequence[object]) -> str:
    """A short hash of facts, which is the same in every process: 128 bits of SHA-256 in hex."""
    return sha256(json.dumps(facts, default=str).encode()).hexdigest()[:32]


_client_id = lru_cache(4096)(fingerprint)


def facts_of(columns: Sequence[Any]) -> ClientFacts:
    """Make client facts from their columns, in the order of ``ClientFacts``."""
    *facts, headers, proofs = columns
    known = None if proofs is None else _proofs_of(proofs)
    return ClientFacts._make([*facts, tuple(json.loads(headers).items()), known])


@lru_cache(1024)
def _proofs_of(column: str) -> Proofs | None:
    """Read what is stored of proofs. Many clients have the same. None if a newer Mailgate wrote more, or a word of its own, since that
    may change what the rest means: then nothing is known about them."""
    told = json.loads(column)
    said = told.get("extension") or ()
    words = {told[name] for name in ("attestation", "certificate") if told.get(name, ACCEPTED) != ACCEPTED}
    kinds = {told[name] for name in ("kind", "certified_kind") if name in told}
    known = words <= {*Reason} and kinds <= {*Kind} and {*told.get("findings", ())} <= FOUND_BESIDE.keys()
    if not known or told.keys() - set(Proofs._fields) or len(said) > len(ExtensionWord._fields):
        return None
    lists = {"findings": tuple(told.get("findings", ())), "extension": ExtensionWord(*said) if said else None}
    return Proofs(**{**told, **lists})


def _read(row: Mapping[Any, Any]) -> Recorded:
    client = facts_of([row[f"client_{name}"] for name in ClientFacts._fields])
    named = {name: row[name] for name in Sighting._fields}
    sighting = Sighting(**named | {"client": client, "would": tuple(json.loads(row["would"]))})
    tally = Tally(row["count"], row["first_at"], row["last_at"], row["reference"], row["shown"])
    return Recorded(row["id"], sighting, tally)


class SeenClient(NamedTuple):
    device: str
    user: str
    client_id: str
    client: ClientFacts


class SeenClients(Queries):
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
        rows = await self._rows(query, timeout_seconds=300)
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
