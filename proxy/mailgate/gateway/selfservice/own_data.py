"""Reads the data stored about a person that one request may see, for the page, the download and the status."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from typing import Any

from mailgate.gateway.answer import Answer, RateLimit
from mailgate.gateway.evaluate.judge import Judge
from mailgate.gateway.live import InForce, Live
from mailgate.gateway.metrics import Metrics
from mailgate.gateway.pages.employee import (
    MAX_SHOWN,
    NO_RECORDS,
    AskedSource,
    DeviceCard,
    LastSeen,
    StoredRecord,
    StoredRecords,
)
from mailgate.gateway.selfservice.login_check import LoginCheck
from mailgate.gateway.selfservice.own_devices import AskingRequest, OwnDevice, own_devices
from mailgate.gateway.selfservice.own_forms import OwnReports, PairingCodes
from mailgate.gateway.selfservice.person import proven_device
from mailgate.gateway.selfservice.recheck import Recheck
from mailgate.gateway.selfservice.status import Statuses
from mailgate.gateway.selfservice.stored_view import (
    exemption_record,
    help_record,
    key_record,
    language_record,
    last_seen,
    look_record,
    mail_record,
    open_help_requests,
    quarantine_mail_record,
    request_record,
    stored_devices,
    token_record,
)
from mailgate.policy.people import address_of, user_text
from mailgate.store import HelpRequest, Recorded, StoreUnavailableError
from mailgate.store.person_records import People
from mailgate.store.postures import Postures
from mailgate.store.reliefs import StoredReliefs
from mailgate.tasks import ON_BEHALF_OF, compute

FILE = "stored-about-you.json"


def download(person: str, devices: Sequence[DeviceCard], records: StoredRecords) -> Answer:
    """The file as a download, which a browser saves and does not show."""
    told = {
        "person": person,
        "devices": [_device(card) for card in devices],
        **{kind: [_record(each) for each in rows] for kind, rows in records._asdict().items()},
    }
    body = json.dumps(told, indent=1, ensure_ascii=False, default=_plain).encode()
    headers = (
        ("Content-Disposition", f'attachment; filename="{FILE}"'),
        ("X-Content-Type-Options", "nosniff"),
    )
    return Answer(200, body, "application/json; charset=utf-8", headers)


def _device(card: DeviceCard) -> dict[str, Any]:
    return {"id": card.mark, "stored": card.stored, "stored_since": card.since, "deleted_at": card.until}


def _record(record: StoredRecord) -> dict[str, Any]:
    return {**record.fields, "deleted_at": record.until}


def _plain(value: object) -> str:
    assert isinstance(value, date)  # a datetime is a date too
    return value.isoformat()


@dataclass(frozen=True, slots=True)
class SelfService:
    """The parts of a person's own page: to read what is stored, and to ask sources again."""

    in_force: InForce
    judge: Judge
    metrics: Metrics
    public_url: str
    people: People
    known: Postures
    statuses: Statuses
    recheck: Recheck = field(default_factory=Recheck)
    check: LoginCheck | None = None
    contact: str = ""
    codes: PairingCodes | None = None
    reports: OwnReports | None = None
    let_ins: StoredReliefs | None = None
    """Where people let themselves in; None if nobody may."""
    let_in_rates: RateLimit = field(default_factory=lambda: RateLimit(5, timedelta(minutes=10)))
    """How often one person may try."""
    domain: str = ""
    """The domain of mail addresses; empty if no mails about refusals are sent."""

    @property
    def live(self) -> Live:
        return self.in_force.live


@dataclass(frozen=True, slots=True)
class OwnData:
    asking: AskingRequest
    owned: tuple[OwnDevice, ...] = ()
    records: StoredRecords = NO_RECORDS
    waiting: tuple[HelpRequest, ...] = ()
    more: int = 0
    """How many rows about requests are stored besides those that the page shows."""
    unread: bool = False
    status: str = ""
    asked: dict[str, tuple[AskedSource, ...]] = field(default_factory=dict)
    """The answers of the sources of a device, by the device's mark."""
    last: Mapping[str, LastSeen] = field(default_factory=dict)
    """The last request of each device for mail, by the device's id."""
    noted: str = ""
    """The mark of the device that was just reported as not theirs."""
    to_confirm: str = ""
    """The mark of the device whose loss they have to confirm."""
    too_late: str = ""
    """The mark of the lost device that can no longer be taken back here."""


def reader_of(asking: AskingRequest) -> str:
    """Who waits for whom: a person by any spelling of their name, or a device without one. Strangers wait for each other, and
    never for what the gate does by itself."""
    return user_text(asking.person.name) or proven_device(asking.access) or _STRANGERS


_STRANGERS = " "
"""No login name, and no id of a device."""


async def read_own_data(service: SelfService, asking: AskingRequest, *, rows: int = MAX_SHOWN) -> OwnData:
    """Read what is stored. If the store does not answer, the result is empty and says that it is unread."""
    ON_BEHALF_OF.set(reader_of(asking))
    status = (await service.statuses.of(asking)).etag
    try:
        owned = await own_devices(asking, service.people, service.known)
        return await _with_records(service, OwnData(asking, owned, status=status), rows)
    except StoreUnavailableError:
        return OwnData(asking, unread=True, status=status)


async def _with_records(service: SelfService, own: OwnData, size: int) -> OwnData:
    people, keep, name = service.people, service.live.keep.sightings, own.asking.person.name
    devices = stored_devices(own.owned)
    rows, count = await people.requests(name, devices, size)
    address = address_of(name, service.domain) if name and service.domain else ""
    refusals = await people.quarantine_mails({address}) if address else []
    mails = await people.mails(name, {address} - {""}) if name else []
    language = await people.language(name) if name else None
    asked = await people.help_requests(name, devices)
    keys, tokens = (await people.enrolled(name), await people.tokens(name)) if name else ([], [])
    shut = filter(None, [await people.shut_out(name) if name else None])
    requests, last = await compute(_of_requests, rows, keep)
    records = StoredRecords(
        requests=requests,
        quarantine_mails=tuple(quarantine_mail_record(each, address, keep) for each in refusals),
        mails=tuple(mail_record(each, keep, service.live.policy.catalog.name_of) for each in mails),
        language=(language_record(*language, keep),) if language else (),
        enrolments=(
            *(key_record(key, service.live.keep.devices) for key in keys),
            *(token_record(token, service.live.keep.devices) for token in tokens),
            *(StoredRecord({"user": name, "revoked_at": at}, at + service.live.keep.devices) for at in shut),
        ),
        exemptions=tuple(exemption_record(each, keep) for each in await people.exemptions(name, devices)),
        help_requests=tuple(help_record(each, keep) for each in asked),
        looks=tuple(look_record(each, service.live.keep.looks) for each in await people.looks(name, devices)),
    )
    waiting = open_help_requests(asked, own.asking.access.now)
    more = count - min(len(rows), MAX_SHOWN)
    return replace(own, records=records, waiting=waiting, last=last, more=more)


def _of_requests(
    rows: Sequence[Recorded], keep: timedelta
) -> tuple[tuple[StoredRecord, ...], dict[str, LastSeen]]:
    return tuple(request_record(row, keep) for row in rows), last_seen(rows)
