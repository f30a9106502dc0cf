"""Reads everything stored about one person: their devices, the decisions for them, and the mails to them."""

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from hashlib import sha256
from typing import Any, TypeVar
from urllib.parse import parse_qs, urlsplit

from cachetools import LRUCache
from sqlalchemy import ColumnElement, Table, and_, func, or_, select

from mailgate.devices.device import Device
from mailgate.devices.names import EAS, eas_forms, user_text
from mailgate.devices.posture import belongs_to
from mailgate.model import Kind
from mailgate.model.fact import read_word
from mailgate.store.changes import ChangeWatch, ReadMark
from mailgate.store.database import Database, Queries, made
from mailgate.store.devices import Devices
from mailgate.store.enrolments import EnrolledKey, EnrolmentToken
from mailgate.store.folding import is_login
from mailgate.store.help_requests import HelpRequest, HelpRequests
from mailgate.store.looks import DataLook, Looks
from mailgate.store.mail import Mail, mail_of
from mailgate.store.reliefs import KeptRelief, StoredReliefs
from mailgate.store.schema import (
    clients,
    enrolled_keys,
    enrolment_tokens,
    languages,
    mails,
    quarantine_mails,
    shut_enrolments,
    sightings,
)
from mailgate.store.shut_enrolments import PERSON, shut_row
from mailgate.store.sightings import Recorded, Sightings
from mailgate.store.spool import names_of

_PAGE = 50

Row = TypeVar("Row")


@dataclass(frozen=True, slots=True)
class UnreportedPhone:
    """A phone that asked for mail under somebody's name, with an ActiveSync id that no report has."""

    eas_id: str
    kind: Kind | None
    os: str
    model: str
    times: int
    first_at: datetime
    last_at: datetime

    @property
    def mark(self) -> str:
        """The name of the phone in forms and addresses."""
        return "new-" + sha256(self.eas_id.encode()).hexdigest()[:12]


@dataclass(frozen=True, slots=True)
class DayOutcome:
    """One effect on the requests of one client on one UTC day."""

    day: date
    device: str
    kind: str
    os: str
    browser: str
    eas_id: str
    effect: str
    last_at: datetime


@dataclass(frozen=True, slots=True)
class QuarantineMail:
    device: str
    reason: str
    written_at: datetime


class People(Queries):
    """Queries on people. Every method may raise ``StoreUnavailableError``."""

    def __init__(self, database: Database, devices: Devices, sightings: Sightings) -> None:
        super().__init__(database)
        self._devices = devices
        self._sightings = sightings
        self._reliefs = StoredReliefs(database)
        self._help_requests = HelpRequests(database)
        self._looks = Looks(database)

    async def devices(self, login: str, now: datetime, precedence: Sequence[str] = ()) -> list[Device]:
        """The devices of a person, according to the most trusted source."""
        owned = await self._devices.owned(login)
        return [each for each in owned if belongs_to(each, login, now, precedence)]

    async def device(self, device_id: str) -> Device | None:
        return next((each for each in await self._devices.called(device_id) if each.id == device_id), None)

    async def unreported(self, login: str, devices: Iterable[Device]) -> list[UnreportedPhone]:
        """The phones that asked under this name and are not in ``devices``, the last seen first."""
        known = {text for device in devices for kind, text in device.names if kind == EAS}
        query = (
            select(
                clients.c.eas_id,
                func.max(clients.c.kind).label("kind"),
                func.max(clients.c.os).label("os"),
                func.max(clients.c.target).label("target"),
                func.sum(sightings.c.count).label("times"),
                func.min(sightings.c.first_at).label("first_at"),
                func.max(sightings.c.last_at).label("last_at"),
            )
            .join(clients)
            .where(is_login(sightings.c.user, login), clients.c.eas_id != "", sightings.c.device == "")
            .group_by(clients.c.eas_id)
            .order_by(func.max(sightings.c.last_at).desc())
            .limit(_PAGE)
        )
        rows = await self._rows(query)
        return [_sighted(row) for row in rows if known.isdisjoint(eas_forms(row.eas_id))]

    async def requests(
        self, login: str, devices: Iterable[Device], size: int = _PAGE
    ) -> tuple[list[Recorded], int]:
        """The last decisions for a person, and their number, without their devices' requests under another's name."""
        theirs = sightings_of(login, devices)
        count = int(await self._value(select(func.count()).where(theirs)))
        return await self._sightings.where(theirs, size), count

    async def outcomes(self, login: str, devices: Iterable[Device], since: date) -> list[DayOutcome]:
        """What each client of a person got on each day, in the order of the last requests of a day."""
        client = clients.c.kind, clients.c.os, clients.c.browser, clients.c.eas_id
        shared = sightings.c.day, sightings.c.device, *client, sightings.c.effect
        query = (
            select(*shared, func.max(sightings.c.last_at).label("last_at"))
            .join(clients)
            .where(sightings_of(login, devices), sightings.c.day >= since)
            .group_by(*shared)
            .order_by(func.max(sightings.c.last_at))
        )
        return await self._each(query, made(DayOutcome))

    async def enrolled(self, login: str) -> list[EnrolledKey]:
        return await self._newest(enrolled_keys, EnrolledKey, login)

    async def tokens(self, login: str) -> list[EnrolmentToken]:
        return await self._newest(enrolment_tokens, EnrolmentToken, login)

    async def shut_out(self, login: str) -> datetime | None:
        """Since when a person enrols no more; None if they may."""
        since = await self._value(select(shut_enrolments.c.at).where(shut_row(PERSON, login)))
        return since if isinstance(since, datetime) else None

    async def exemptions(self, login: str, devices: Iterable[Device]) -> list[KeptRelief]:
        """The exemptions of a person and their devices, the newest first, also ended ones."""
        return await self._reliefs.of_person(user_text(login), ids_of(devices))

    async def help_requests(self, login: str, devices: Iterable[Device]) -> list[HelpRequest]:
        return await self._help_requests.of_person(user_text(login), ids_of(devices))

    async def looks(self, login: str, devices: Iterable[Device]) -> list[DataLook]:
        """Who looked at a person and their devices, the newest first."""
        return await self._looks.of_person(login, names_of(devices), _PAGE)

    async def quarantine_mails(
        self, persons: Collection[str] = (), *, devices: Collection[str] = ()
    ) -> list[QuarantineMail]:
        """The mails to one of these persons, or else about one of these devices, the last written first."""
        columns = quarantine_mails.c
        theirs = columns.person.in_(persons) if persons else columns.device.in_(devices)
        query = select(columns.device, columns.reason, columns.written_at).where(theirs)
        return await self._each(query.order_by(columns.written_at.desc()).limit(_PAGE), made(QuarantineMail))

    async def mails(self, login: str, addresses: Collection[str]) -> list[Mail]:
        """The mails about rules to a person, the newest first."""
        theirs = or_(mails.c.login == user_text(login), mails.c.address.in_(addresses))
        query = select(mails).where(theirs).order_by(mails.c.queued_at.desc()).limit(_PAGE)
        return await self._each(query, mail_of)

    async def language(self, login: str) -> tuple[str, date] | None:
        """The language of mails to a person, and the day on which their browser last asked for it; None if unknown."""
        query = select(languages.c.tag, languages.c.day).where(languages.c.person == user_text(login))
        return next(((tag, day) for tag, day in await self._rows(query)), None)

    async def _newest(self, table: Table, kind: Callable[..., Row], login: str) -> list[Row]:
        columns = [column for column in table.c if column.name != "digest"]
        query = select(*columns).where(is_login(table.c.owner, login)).order_by(table.c.made_at.desc())
        return await self._each(query.limit(_PAGE), made(kind))


def sightings_of(login: str, devices: Iterable[Device]) -> ColumnElement[bool]:
    """The decisions for a person, and those for their devices under no name. Under another's name a decision is that person's."""
    nameless = and_(sightings.c.device.in_(ids_of(devices)), sightings.c.user == "")
    return or_(is_login(sightings.c.user, login), nameless) if login else nameless


def ids_of(devices: Iterable[Device]) -> list[str]:
    return [each for device in devices for each in (device.id, *device.former_ids)]


def _sighted(row: Any) -> UnreportedPhone:
    model = parse_qs(urlsplit(row.target).query).get("DeviceType", [""])[0]
    kind = read_word(Kind, row.kind, Kind.UNKNOWN)
    return UnreportedPhone(row.eas_id, kind, row.os, model, int(row.times), row.first_at, row.last_at)


MAX_PEOPLE = 16_384


class UnreportedPhones:
    def __init__(self, people: People) -> None:
        self._people = people
        self._watching = ChangeWatch()
        self._without: LRUCache[str, tuple[ReadMark, frozenset[str]]] = LRUCache(MAX_PEOPLE)
        """Those who have none, by login name: since when, and the ActiveSync ids of their devices at that time."""

    def follow(self, number: int | None, now: datetime) -> None:
        """Take the number of such phones (``ChangeNumbers``) that was the last one at ``now``; None if the store did not answer."""
        if number is None:
            self._watching.lost_track()
            return
        self._watching.change = number
        self._watching.caught_up(now)

    async def of(self, login: str, devices: Sequence[Device], now: datetime) -> list[UnreportedPhone]:
        """Those of one person that are not in ``devices``. Raises StoreUnavailableError if the store has to answer and does not."""
        # taken first: a phone that comes while the store answers has a later number
        mark = self._watching.mark()
        reported = frozenset([text for device in devices for kind, text in device.names if kind == EAS])
        if (
            mark is not None
            and self._without.get(login) == (mark, reported)
            and self._watching.follows(mark.beginning, now)
        ):
            return []
        found = await self._people.unreported(login, devices)
        if mark is not None and not found:
            self._without[login] = mark, reported
        return found
