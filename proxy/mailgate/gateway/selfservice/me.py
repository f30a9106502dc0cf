"""``/.mailgate/me``: a person's own page. Who they are has to be shown; nothing here names anyone else."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import Protocol as Shape
from urllib.parse import parse_qsl

from mailgate.connectors.recheck import CheckResult
from mailgate.devices.device import Device
from mailgate.gateway.answer import Answer, json_answer
from mailgate.gateway.evaluate.facts import Incoming
from mailgate.gateway.evaluate.judge import Judge
from mailgate.gateway.evaluate.navigation import from_own_page
from mailgate.gateway.http1.request import RequestRefused
from mailgate.gateway.live import InForce, Live
from mailgate.gateway.metrics import Metrics
from mailgate.gateway.pages.employee import SHOWN, Asked, DeviceCard, EmployeeView, LastSeen, Record
from mailgate.gateway.refusals.enforce import page_answer
from mailgate.gateway.selfservice.download import Stored, download
from mailgate.gateway.selfservice.login_check import Login, LoginCheck
from mailgate.gateway.selfservice.own_devices import Asking, Known, OwnDevice, own_devices
from mailgate.gateway.selfservice.own_devices import People as OwnDevices
from mailgate.gateway.selfservice.own_report import OwnReports, Said
from mailgate.gateway.selfservice.pairing_code import OwnCodes
from mailgate.gateway.selfservice.person import Person, recognise
from mailgate.gateway.selfservice.recheck import NameOf, Recheck, Slot, answers_of
from mailgate.gateway.selfservice.sparing import spared_by
from mailgate.gateway.selfservice.status import print_of, status_answer, status_of
from mailgate.gateway.selfservice.stored_view import (
    card_of,
    exemption_of,
    help_of,
    key_of,
    language_record,
    last_seen,
    listed_names,
    mail_record,
    names_keeping_out,
    quarantine_mail_record,
    request_of,
    shown,
    spared_view,
    token_of,
)
from mailgate.model import Access, Decision, Reason
from mailgate.policy import Policy
from mailgate.policy.logins import address_of
from mailgate.store import (
    EnrolledKey,
    EnrolmentToken,
    HelpRequest,
    Mail,
    QuarantineMail,
    Recorded,
    StoreUnavailableError,
)
from mailgate.store.reliefs import KeptRelief

_LATEST = 50
"""Rows about requests that are looked at for the page."""
_EVERYTHING = 100_000
"""Rows about requests that a download has at most."""


class People(OwnDevices, Shape):
    """What is stored of people (``store/person_records.py``). Every method may raise StoreUnavailableError."""

    async def requests(
        self, login: str, devices: Sequence[Device], size: int
    ) -> tuple[list[Recorded], int]: ...

    async def enrolled(self, login: str) -> list[EnrolledKey]: ...

    async def tokens(self, login: str) -> list[EnrolmentToken]: ...

    async def exemptions(self, login: str, devices: Sequence[Device]) -> list[KeptRelief]: ...

    async def help_requests(self, login: str, devices: Sequence[Device]) -> list[HelpRequest]: ...

    async def quarantine_mails(self, persons: Collection[str]) -> list[QuarantineMail]: ...

    async def mails(self, login: str, addresses: Collection[str]) -> list[Mail]: ...

    async def language(self, login: str) -> tuple[str, date] | None: ...


@dataclass(frozen=True, slots=True)
class SelfService:
    """What it takes to show people what is stored of them, and to ask its sources again."""

    in_force: InForce
    judge: Judge
    metrics: Metrics
    public_url: str
    people: People
    known: Known
    recheck: Recheck = field(default_factory=Recheck)
    check: LoginCheck | None = None
    contact: str = ""
    codes: OwnCodes | None = None
    reports: OwnReports | None = None
    """Where people may say that a device is lost or not theirs."""
    domain: str = ""
    """The domain of mail addresses, where mails about refusals are written."""

    @property
    def live(self) -> Live:
        return self.in_force.live


@dataclass(frozen=True, slots=True)
class _Seen:
    """What one request may see."""

    asking: Asking
    owned: tuple[OwnDevice, ...] = ()
    requests: tuple[Record, ...] = ()
    quarantine_mails: tuple[Record, ...] = ()
    mails: tuple[Record, ...] = ()
    language: tuple[Record, ...] = ()
    enrolments: tuple[Record, ...] = ()
    exemptions: tuple[Record, ...] = ()
    help_requests: tuple[Record, ...] = ()
    more: int = 0
    unread: bool = False
    asked: dict[str, tuple[Asked, ...]] = field(default_factory=dict)
    """What came of asking the sources of a device, by its mark."""
    last: Mapping[str, LastSeen] = field(default_factory=dict)
    """When a device asked for mail last, and with what, by its id."""
    noted: str = ""
    """The mark of a device of which somebody has just said something."""


async def tell_status(service: SelfService, incoming: Incoming, reference: str, now: datetime) -> Answer:
    """What would happen if this client asked for its mail now, and every device that it may see."""
    asking = await _asking(service, incoming, now)
    seen = await _look(service, asking, records=False)
    content = _content(service, seen)
    return status_answer(content, reference, now, incoming.facts.headers.get("if-none-match", ""))


async def show_me(service: SelfService, incoming: Incoming, reference: str, now: datetime) -> Answer:
    """The page, or the question for a login where somebody wants to be asked."""
    asking = await _asking(service, incoming, now)
    asked = dict(parse_qsl(incoming.facts.query, True))
    if "download" in asked:
        seen = await _look(service, asking, rows=_EVERYTHING)
        return _download(service, seen, reference) if not seen.unread else _answer(service, seen, reference)
    seen, offered = await _look(service, asking), await _offered(service, incoming, asking.person)
    page = _answer(service, seen, reference, offered=offered)
    if not asking.person.name and offered and "sign-in" in asked:
        if asking.person.login is Login.TOO_MANY:
            return replace(page, status=429)
        realm = f'Basic realm="{service.live.speaker.host}", charset="UTF-8"'
        return replace(page, status=401, headers=(*page.headers, ("WWW-Authenticate", realm)))
    return page


async def take_form(service: SelfService, incoming: Incoming, reference: str, now: datetime) -> Answer:
    """What a person does on the page: let the sources of one of their devices be asked again, or have a pairing code."""
    _see_own_page(service, incoming)
    asking = await _asking(service, incoming, now)
    said = dict(parse_qsl(incoming.body.decode("latin-1")))
    code = ""
    if "code" in said and service.codes:
        code = await service.codes.make(asking.person, asking.access, now)
    seen = await _look(service, asking)
    mark = said.get("device", "")
    own = next((each for each in seen.owned if each.mark == mark), None)
    if own is not None and said.get("about") in list(Said):
        return await _told(service, asking, own, Said(said["about"]), reference)
    if own is not None:
        came = await service.recheck.ask(own.device.reports if own.device else ())
        seen = _with_answers(await _look(service, asking), own, came, service.live.policy.catalog.name_of)
    return _answer(service, seen, reference, code=code)


async def _told(service: SelfService, asking: Asking, own: OwnDevice, said: Said, reference: str) -> Answer:
    """The page once it is noted what somebody said of a device of theirs. Raises RequestRefused."""
    now = asking.access.now
    try:
        noted = service.reports and await service.reports.take(said, own, asking.person.name, reference, now)
    except StoreUnavailableError:
        told = "It could not be noted. Please try again in a few minutes."
        raise RequestRefused(503, Reason.STORE_UNAVAILABLE, told) from None
    seen = await _look(service, asking)
    return _answer(service, replace(seen, noted=own.mark if noted else ""), reference)


async def ask_again(service: SelfService, incoming: Incoming, reference: str, now: datetime) -> Answer:
    """Let the sources of the device that asks be asked, and say what they said: for the button of a refusal."""
    _see_own_page(service, incoming)
    access, decision = await service.judge.verdict(incoming, now)
    asking = Asking(access, decision, Person(), service.live.policy, service.live.groups)
    try:
        asked = await _ask_own(service, asking)
    except StoreUnavailableError:
        asked = ()
    speaker = service.live.speaker
    said = speaker.pages.answers(asked, speaker.view(access, decision, reference))
    return json_answer(200, {"said": said, "reference": reference})


async def _ask_own(service: SelfService, asking: Asking) -> tuple[Asked, ...]:
    """What the sources of the device say that has proved itself with this request. May raise StoreUnavailableError."""
    owned = await own_devices(asking, service.people, service.known)
    came = await service.recheck.ask([report for each in shown(owned) for report in each.reports])
    devices = shown(await own_devices(asking, service.people, service.known))
    return answers_of(came, devices, service.live.policy.catalog.name_of)


def _see_own_page(service: SelfService, incoming: Incoming) -> None:
    if not from_own_page(incoming.facts, service.public_url):
        raise RequestRefused(403, Reason.REQUEST_NOT_SUPPORTED, "Expected a request of the gate's own page.")


def _with_answers(seen: _Seen, own: OwnDevice, came: Mapping[Slot, CheckResult], name_of: NameOf) -> _Seen:
    """What was said stands with the device that it is about, which may have turned out to be another one."""
    devices = shown(seen.owned)
    answers = answers_of(came, devices, name_of)
    marks = [each.id for each in devices if any(each.report(slot) for slot in came)]
    return replace(seen, asked=dict.fromkeys(marks or [own.mark], answers))


async def _asking(service: SelfService, incoming: Incoming, now: datetime) -> Asking:
    access, decision = await service.judge.verdict(incoming, now)
    person = await recognise(incoming, access, service.check)
    if person.login is not Login.NONE:
        service.metrics.page_logins.labels(person.login).inc()
    return Asking(access, decision, person, service.live.policy, service.live.groups)


async def _offered(service: SelfService, incoming: Incoming, person: Person) -> bool:
    check = service.check
    return not person.name and check is not None and await check.offered(incoming)


async def _look(service: SelfService, asking: Asking, *, records: bool = True, rows: int = SHOWN) -> _Seen:
    """What is stored; nothing, and that it could not be read, while the store does not answer."""
    try:
        owned = await own_devices(asking, service.people, service.known)
        seen = _Seen(asking, owned)
        return await _with_records(service, seen, rows) if records else seen
    except StoreUnavailableError:
        return _Seen(asking, unread=True)


async def _with_records(service: SelfService, seen: _Seen, size: int) -> _Seen:
    people, keep, name = service.people, service.live.keep.sightings, seen.asking.person.name
    rows, count = await people.requests(name, shown(seen.owned), size)
    address = address_of(name, service.domain) if name and service.domain else ""
    refusals = await people.quarantine_mails({address}) if address else []
    mails = await people.mails(name, {address} - {""}) if name else []
    language = await people.language(name) if name else None
    keys, tokens = (await people.enrolled(name), await people.tokens(name)) if name else ([], [])
    return replace(
        seen,
        requests=tuple(request_of(row, keep) for row in rows),
        quarantine_mails=tuple(quarantine_mail_record(each, address, keep) for each in refusals),
        mails=tuple(mail_record(each, keep) for each in mails),
        language=(language_record(*language, keep),) if language else (),
        enrolments=(
            *(key_of(key, service.live.keep.devices) for key in keys),
            *(token_of(token, service.live.keep.devices) for token in tokens),
        ),
        exemptions=tuple(
            exemption_of(each, keep) for each in await people.exemptions(name, shown(seen.owned))
        ),
        help_requests=tuple(
            help_of(each, keep) for each in await people.help_requests(name, shown(seen.owned))
        ),
        last=last_seen(rows),
        more=count - min(len(rows), SHOWN),
    )


def _here(seen: _Seen) -> tuple[Access, Decision]:
    """The verdict on this very request: of its device as it is now, where it is stored."""
    first = next((each for each in seen.owned if each.here), None)
    return (first.access, first.decision) if first else (seen.asking.access, seen.asking.decision)


def _content(service: SelfService, seen: _Seen) -> dict[str, object]:
    return status_of(*_here(seen), _with_own(seen), service.live.keep)


def _with_own(seen: _Seen) -> tuple[OwnDevice, ...]:
    """The devices, and where none is stored, the one that has proved itself with this request."""
    asking = seen.asking
    if seen.owned or not asking.proven:
        return seen.owned
    own = OwnDevice(asking.proven, asking.access.posture, asking.access, asking.decision, here=True)
    return (own,)


def _download(service: SelfService, seen: _Seen, reference: str) -> Answer:
    """All of it, as a file: every row, and every field of it."""
    records: dict[str, Sequence[Record]] = {
        "requests": seen.requests,
        "quarantine_mails": seen.quarantine_mails,
        "mails": seen.mails,
        "language": seen.language,
        "enrolments": seen.enrolments,
        "exemptions": seen.exemptions,
        "help_requests": seen.help_requests,
    }
    cards = _cards(service, seen, reference)
    return download(Stored(seen.asking.person.name, cards, records))


def _cards(service: SelfService, seen: _Seen, reference: str) -> tuple[DeviceCard, ...]:
    live = service.live
    return tuple(
        card_of(
            own,
            live.keep,
            person=seen.asking.person.name,
            view_of=lambda access, decision: live.speaker.view(access, decision, reference),
            name_of=live.policy.catalog.name_of,
            asked=seen.asked.get(own.mark, ()),
            last=seen.last.get(own.mark),
            noted=own.mark == seen.noted,
            sayable=service.reports is not None,
        )
        for own in _with_own(seen)
    )


def _answer(
    service: SelfService, seen: _Seen, reference: str, *, offered: bool = False, code: str = ""
) -> Answer:
    live, person = service.live, seen.asking.person

    view = EmployeeView(
        here=live.speaker.view(*_here(seen), reference),
        person=person.name,
        known_by=person.by,
        login=person.login,
        sign_in=offered,
        devices=_cards(service, seen, reference),
        requests=seen.requests,
        quarantine_mails=seen.quarantine_mails,
        mails=seen.mails,
        language=seen.language,
        enrolments=seen.enrolments,
        exemptions=seen.exemptions,
        help_requests=seen.help_requests,
        more=seen.more,
        unread=seen.unread,
        spared=spared_view(spared_by(*_here(seen), live.policy)),
        listed=listed_names(live.policy.catalog),
        keeping_out=names_keeping_out(live.policy),
        contact=service.contact or _contact(live.policy),
        codes=service.codes is not None and service.codes.open_to(person, seen.asking.access),
        code=code,
        fingerprint=print_of(_content(service, seen)),
    )
    return page_answer(200, live.speaker.pages.me(view), (), referrer="same-origin")


def _contact(policy: Policy) -> str:
    """Whom the first rule that names somebody names."""
    return next((rule.notice.contact for rule in policy.rules if rule.notice.contact), "") or ""
