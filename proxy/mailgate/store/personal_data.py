"""Exports or deletes everything that the store has about one person, table by table.

Each table is in ``PERSONAL``, with the condition for a person's rows, or names nobody: ``test_personal_data.py`` has the reasons.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, Table, and_, delete, or_, select, union, update
from sqlalchemy.ext.asyncio import AsyncConnection

from mailgate.devices.device import Device
from mailgate.devices.names import EAS, KEY, user_text
from mailgate.model import Reason
from mailgate.store.bulk_rows import count_change, count_up
from mailgate.store.database import Database, Queries
from mailgate.store.devices import Devices, delete_sightings, reported_for
from mailgate.store.enrolments import NAMELESS
from mailgate.store.folding import is_login
from mailgate.store.looks import looks_at
from mailgate.store.person_records import People, ids_of, sightings_of
from mailgate.store.schema import (
    clients,
    device_findings,
    device_names,
    device_rows,
    devices,
    enrolled_keys,
    enrolment_tokens,
    first_refusals,
    help_references,
    help_requests,
    languages,
    laptop_readers,
    looks,
    mails,
    plan_movers,
    plans,
    quarantine_mails,
    relief_changes,
    reliefs,
    reports,
    shut_enrolments,
    sightings,
)
from mailgate.store.shut_enrolments import PERSON, digest_of_name, forget_shut
from mailgate.store.spool import Spool, forget_lines, names_of


@dataclass(frozen=True, slots=True)
class DataSubject:
    """A person, by the names that rows have for them."""

    person: str
    addresses: frozenset[str]
    devices: tuple[Device, ...]

    @property
    def numbers(self) -> list[int]:
        return [device.number for device in self.devices]

    @property
    def ids(self) -> list[str]:
        return ids_of(self.devices)

    def names(self, kind: str) -> list[str]:
        return sorted({text for device in self.devices for each, text in device.names if each == kind})


Pick = Callable[[DataSubject], ColumnElement[bool]]


def _sightings_of(subject: DataSubject) -> ColumnElement[bool]:
    return sightings_of(subject.person, subject.devices)


def _named(table: Table, subject: DataSubject, names: Sequence[Any]) -> ColumnElement[bool]:
    """The rows of the person, and those of devices with these names under no name."""
    return or_(table.c.person == subject.person, and_(table.c.device.in_(names), table.c.person == ""))


def _clients_of(subject: DataSubject) -> ColumnElement[bool]:
    # each query has an index; with OR between them PostgreSQL would read the whole table
    theirs = select(sightings.c.client).where(_sightings_of(subject))
    named = select(clients.c.id).where(clients.c.eas_id.in_(subject.names(EAS)))
    return clients.c.id.in_(union(theirs, named))


PERSONAL: Mapping[Table, Pick] = {
    devices: lambda subject: devices.c.key.in_(subject.numbers),
    reports: lambda subject: or_(
        reported_for(subject.person), and_(reports.c.device.in_(subject.numbers), reports.c.person == "")
    ),
    device_names: lambda subject: device_names.c.device.in_(subject.numbers),
    device_findings: lambda subject: device_findings.c.device.in_(subject.numbers),
    device_rows: lambda subject: _named(device_rows, subject, subject.numbers),
    plan_movers: lambda subject: or_(
        and_(plan_movers.c.plan.in_(select(plans.c.digest)), plan_movers.c.person == subject.person),
        and_(plan_movers.c.device.in_([*subject.ids, *subject.names(EAS)]), plan_movers.c.person == ""),
    ),
    first_refusals: lambda subject: _named(first_refusals, subject, subject.ids),
    clients: _clients_of,
    sightings: _sightings_of,
    quarantine_mails: lambda subject: or_(
        quarantine_mails.c.person.in_(subject.addresses),
        quarantine_mails.c.device.in_([*subject.ids, *subject.names(EAS)]),
    ),
    mails: lambda subject: or_(mails.c.login == subject.person, mails.c.address.in_(subject.addresses)),
    languages: lambda subject: languages.c.person == subject.person,
    laptop_readers: lambda subject: laptop_readers.c.person == subject.person,
    reliefs: lambda subject: or_(reliefs.c.person == subject.person, reliefs.c.device.in_(subject.ids)),
    help_requests: lambda subject: _named(help_requests, subject, subject.ids),
    help_references: lambda subject: help_references.c.sighting.in_(
        select(sightings.c.id).where(_sightings_of(subject))
    ),
    looks: lambda subject: looks_at(subject.person, names_of(subject.devices)),
    enrolment_tokens: lambda subject: is_login(enrolment_tokens.c.owner, subject.person),
    shut_enrolments: lambda subject: and_(
        shut_enrolments.c.kind == PERSON,
        shut_enrolments.c.name.in_([subject.person, digest_of_name(subject.person)]),
    ),
    enrolled_keys: lambda subject: or_(
        is_login(enrolled_keys.c.owner, subject.person),
        and_(enrolled_keys.c.thumbprint.in_(subject.names(KEY)), enrolled_keys.c.owner == ""),
    ),
}
"""The tables that name people or their devices, each with the condition for one person's rows."""


class Personal(Queries):
    """Queries on all rows of one person. Every method may raise ``StoreUnavailableError``."""

    def __init__(
        self, database: Database, devices: Devices, people: People, spools: Sequence[Spool] = ()
    ) -> None:
        super().__init__(database)
        self._devices = devices
        self._people = people
        self._spools = spools

    async def everything(
        self, login: str, now: datetime, addresses: Collection[str] = (), precedence: Sequence[str] = ()
    ) -> dict[str, list[dict[str, Any]]]:
        """Every row about a person, by table, as plain data. ``addresses`` are those that mails about refusals went to."""
        subject = await self._subject(login, now, addresses, precedence)
        async with self._database.reading(timeout_seconds=60) as connection:
            rows = {
                table.name: (await connection.execute(_told(table).where(pick(subject)))).mappings().all()
                for table, pick in PERSONAL.items()
            }
        return {name: [_plain(row) for row in found] for name, found in rows.items()}

    async def forget(
        self, login: str, now: datetime, addresses: Collection[str] = (), precedence: Sequence[str] = ()
    ) -> int:
        """Delete everything about a person. Returns how many devices were deleted. One of somebody else's stays, and loses the name."""
        subject = await self._subject(login, now, addresses, precedence)
        await forget_lines(self._spools, [subject.person])
        led_to = PERSONAL[help_references](subject)  # needs the sightings, so it comes first
        await self._change(delete(help_references).where(led_to), timeout_seconds=60)
        for device in subject.devices:
            await self._devices.forget(device.id, now)
        async with self._database.writing(timeout_seconds=60) as connection:
            await _unname(connection, subject)
            await _let_go_of_keys(connection, subject)
            await delete_sightings(connection, _sightings_of(subject))
            tables = (
                *(device_rows, plan_movers, first_refusals, quarantine_mails),
                *(mails, languages, laptop_readers, enrolment_tokens, reliefs, help_requests, looks),
            )
            for table in tables:
                await connection.execute(delete(table).where(PERSONAL[table](subject)))
            await count_up(connection, relief_changes)
        await self._database.wipe()
        return len(subject.devices)

    async def _subject(
        self, login: str, now: datetime, addresses: Collection[str], precedence: Sequence[str]
    ) -> DataSubject:
        person = user_text(login)
        if not person:
            raise ValueError(
                "a login name is needed: without one the rows of unknown people would be selected"
            )
        devices = await self._people.devices(login, now, precedence)
        return DataSubject(person, frozenset(addresses), tuple(devices))


async def _let_go_of_keys(connection: AsyncConnection, subject: DataSubject) -> None:
    """Delete the person's keys. The thumbprint of a revoked key stays, so that the key is never accepted again, and a digest of the name
    of somebody who enrols no more."""
    theirs, revoked = PERSONAL[enrolled_keys](subject), enrolled_keys.c.revoked_at.is_not(None)
    await connection.execute(delete(enrolled_keys).where(theirs, ~revoked))
    await connection.execute(update(enrolled_keys).where(theirs, revoked).values(NAMELESS))
    await forget_shut(connection, subject.person)


async def _unname(connection: AsyncConnection, subject: DataSubject) -> None:
    named = reported_for(subject.person)
    others = list((await connection.execute(select(reports.c.device).where(named))).scalars())
    if not others:
        return
    change = await count_change(connection)
    await connection.execute(update(reports).where(named).values(owner="", person=""))
    said = and_(
        device_findings.c.device.in_(others), device_findings.c.reason == Reason.DEVICE_OWNER_CONTRADICTED
    )
    await connection.execute(delete(device_findings).where(said))
    await connection.execute(update(devices).where(devices.c.key.in_(others)).values(changed=change))


def _told(table: Table) -> Select[Any]:
    """What a person is told of rows about them: of who looked, the role and not the name (decision 91), nor the id, which is made of
    it: whoever knows the admins could try each."""
    hidden = {looks.c.id, looks.c.who, looks.c.origin}
    return select(*(column for column in table.c if column not in hidden))


def _plain(row: Mapping[Any, Any]) -> dict[str, Any]:
    """A row as plain data, without other people who are named as the owner of a device."""
    plain = {name: _value(value) for name, value in row.items()}
    return plain | {"detail": None} if plain.get("reason") == Reason.DEVICE_OWNER_CONTRADICTED else plain


def _value(value: Any) -> Any:
    if isinstance(value, (datetime, date)):
        return value.isoformat()
    return value.hex() if isinstance(value, bytes) else value
