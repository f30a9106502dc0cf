"""Answers ``/.mailgate/me`` (a person's own page and its forms) and ``status``. A person has to identify themselves,
and sees nothing about anyone else."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from urllib.parse import parse_qsl

from mailgate.connectors.recheck import CheckResult
from mailgate.gateway.answer import Answer, json_answer
from mailgate.gateway.evaluate.facts import Incoming
from mailgate.gateway.evaluate.navigation import from_own_page
from mailgate.gateway.http1.request import RequestRefused
from mailgate.gateway.pages.employee import NOTHING_TOLD, Asked, DeviceCard, EmployeeView, Told
from mailgate.gateway.refusals.enforce import page_answer
from mailgate.gateway.selfservice.device_verdict import exempted_by
from mailgate.gateway.selfservice.download import download
from mailgate.gateway.selfservice.login_check import Login
from mailgate.gateway.selfservice.lost_cookie import may_take_back, reported, taken_back
from mailgate.gateway.selfservice.own_data import OwnData, SelfService, here_of, read_own_data, with_own
from mailgate.gateway.selfservice.own_devices import Asking, OwnDevice, own_devices
from mailgate.gateway.selfservice.own_report import Said, sayable
from mailgate.gateway.selfservice.person import Person, recognise
from mailgate.gateway.selfservice.recheck import NameOf, Slot, answers_of
from mailgate.gateway.selfservice.status import print_of, status_answer, status_of
from mailgate.gateway.selfservice.stored_view import (
    card_of,
    exemption_view,
    listed_names,
    names_keeping_out,
    names_later,
    shown,
)
from mailgate.model import Reason
from mailgate.policy import Policy
from mailgate.store import StoreUnavailableError

_EVERYTHING = 100_000
"""The most rows about requests in a download."""


async def tell_status(service: SelfService, incoming: Incoming, reference: str, now: datetime) -> Answer:
    """Answer with the verdict on this client for a request now, and with every device that it may see."""
    asking = await _asking(service, incoming, now)
    data = await read_own_data(service, asking, records=False)
    content = _content(service, data)
    return status_answer(content, reference, now, incoming.facts.headers.get("if-none-match", ""))


async def show_me(service: SelfService, incoming: Incoming, reference: str, now: datetime) -> Answer:
    """Answer with the page, or ask for a login if the person wants to log in."""
    asking = await _asking(service, incoming, now)
    asked = dict(parse_qsl(incoming.facts.query, True))
    if "download" in asked:
        data = await read_own_data(service, asking, rows=_EVERYTHING)
        return _download(service, data, reference) if not data.unread else _answer(service, data, reference)
    data, offered = await read_own_data(service, asking), await _offered(service, incoming, asking.person)
    page = _answer(service, data, reference, offered=offered)
    if not asking.person.name and offered and "sign-in" in asked:
        if asking.person.login is Login.TOO_MANY:
            return replace(page, status=429)
        realm = f'Basic realm="{service.live.speaker.host}", charset="UTF-8"'
        return replace(page, status=401, headers=(*page.headers, ("WWW-Authenticate", realm)))
    return page


async def take_form(service: SelfService, incoming: Incoming, reference: str, now: datetime) -> Answer:
    """Carry out a form of the page: ask the sources of a device again, report a device, or make a pairing code."""
    _see_own_page(service, incoming)
    asking = await _asking(service, incoming, now)
    said = dict(parse_qsl(incoming.body.decode("latin-1")))
    code = ""
    if "code" in said and service.codes:
        code = await service.codes.make(asking.person, asking.access, now)
    data = await read_own_data(service, asking)
    mark = said.get("device", "")
    own = next((each for each in data.owned if each.mark == mark), None)
    if own is not None and said.get("about") in list(Said):
        confirmed = said.get("confirmed") == "yes"
        try:
            return await _said(service, data, own, Said(said["about"]), reference, confirmed=confirmed)
        except StoreUnavailableError:
            told = "It could not be noted. Please try again in a few minutes."
            raise RequestRefused(503, Reason.STORE_UNAVAILABLE, told) from None
    if own is not None:
        came = await service.recheck.ask(own.device.reports if own.device else ())
        data = _with_answers(
            await read_own_data(service, asking), own, came, service.live.policy.catalog.name_of
        )
    return _answer(service, data, reference, code=code)


async def _said(
    service: SelfService, data: OwnData, own: OwnDevice, said: Said, reference: str, *, confirmed: bool
) -> Answer:
    """Note a person's report about their device, and answer with the page. May raise StoreUnavailableError."""
    reports, person, now = service.reports, data.asking.person.name, data.asking.access.now
    if reports is None or not sayable(own, person):
        return _answer(service, data, reference)
    match said:
        case Said.NOT_MINE:
            noted = await reports.disown(own, person, reference, now)
            data = replace(await read_own_data(service, data.asking), noted=own.mark if noted else "")
        case Said.LOST if not confirmed:
            data = replace(data, to_confirm=own.mark)
        case Said.LOST:
            await reports.lose(own, now)
            return _back_to(f"said-{own.mark}", _undo_of(service, data.asking, own))
        case Said.FOUND:
            if _may_undo(service, data.asking, own) and await reports.take_back(own, now):
                return _back_to(f"device-{own.mark}", (taken_back(data.asking.access.facts),))
            data = replace(await read_own_data(service, data.asking), too_late=own.mark)
    return _answer(service, data, reference)


def _back_to(part: str, headers: tuple[tuple[str, str], ...]) -> Answer:
    """Redirect to the page, so that reloading it repeats nothing."""
    return replace(Answer(303), headers=(("Location", f"/.mailgate/me#{part}"), *headers))


def _undo_of(service: SelfService, asking: Asking, own: OwnDevice) -> tuple[tuple[str, str], ...]:
    """The Set-Cookie field with which this browser may take back the report of a lost device."""
    tickets, access = service.live.speaker.tickets, asking.access
    if tickets is None or own.device is None or own.device.lost_at is not None:
        return ()
    return (reported(tickets, access.facts, own.device, asking.person.name, access.now),)


def _may_undo(service: SelfService, asking: Asking, own: OwnDevice) -> bool:
    tickets, access = service.live.speaker.tickets, asking.access
    return (
        tickets is not None
        and own.device is not None
        and may_take_back(tickets, access.facts, own.device, asking.person.name, access.now)
    )


async def ask_again(service: SelfService, incoming: Incoming, reference: str, now: datetime) -> Answer:
    """Ask the sources of the device that sent this request, for the button of a refusal, and return their answers."""
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
    """The answers of the sources of the device that proved itself with this request. May raise
    StoreUnavailableError."""
    owned = await own_devices(asking, service.people, service.known)
    came = await service.recheck.ask([report for each in shown(owned) for report in each.reports])
    devices = shown(await own_devices(asking, service.people, service.known))
    return answers_of(came, devices, service.live.policy.catalog.name_of)


def _see_own_page(service: SelfService, incoming: Incoming) -> None:
    if not from_own_page(incoming.facts, service.public_url):
        raise RequestRefused(403, Reason.REQUEST_NOT_SUPPORTED, "Expected a request of the gate's own page.")


def _with_answers(
    data: OwnData, own: OwnDevice, came: Mapping[Slot, CheckResult], name_of: NameOf
) -> OwnData:
    """Put the answers beside their device. The answers may have shown that it is another one."""
    devices = shown(data.owned)
    answers = answers_of(came, devices, name_of)
    marks = [each.id for each in devices if any(each.report(slot) for slot in came)]
    return replace(data, asked=dict.fromkeys(marks or [own.mark], answers))


async def _asking(service: SelfService, incoming: Incoming, now: datetime) -> Asking:
    access, decision = await service.judge.verdict(incoming, now)
    person = await recognise(incoming, access, service.check)
    if person.login is not Login.NONE:
        service.metrics.page_logins.labels(person.login).inc()
    return Asking(access, decision, person, service.live.policy, service.live.groups)


async def _offered(service: SelfService, incoming: Incoming, person: Person) -> bool:
    check = service.check
    return not person.name and check is not None and await check.offered(incoming)


def _content(service: SelfService, data: OwnData) -> dict[str, object]:
    return status_of(*here_of(data), with_own(data), service.live.keep)


def _download(service: SelfService, data: OwnData, reference: str) -> Answer:
    """Answer with a file of every stored row and field."""
    return download(data.asking.person.name, _cards(service, data, reference), data.records)


def _cards(service: SelfService, data: OwnData, reference: str) -> tuple[DeviceCard, ...]:
    live = service.live
    return tuple(
        card_of(
            own,
            live.keep,
            person=data.asking.person.name,
            view_of=lambda access, decision: live.speaker.view(access, decision, reference),
            name_of=live.policy.catalog.name_of,
            asked=data.asked.get(own.mark, ()),
            last=data.last.get(own.mark),
            told=_told(service, data, own),
        )
        for own in with_own(data)
    )


def _told(service: SelfService, data: OwnData, own: OwnDevice) -> Told:
    if service.reports is None or not sayable(own, data.asking.person.name):
        return NOTHING_TOLD
    if own.device is not None and own.device.lost_at is not None:
        return Told(undo=_may_undo(service, data.asking, own), too_late=own.mark == data.too_late)
    noted, to_confirm = own.mark == data.noted, own.mark == data.to_confirm
    return Told(sayable=not noted, noted=noted, to_confirm=to_confirm)


def _answer(
    service: SelfService, data: OwnData, reference: str, *, offered: bool = False, code: str = ""
) -> Answer:
    live, person = service.live, data.asking.person

    view = EmployeeView(
        here=live.speaker.view(*here_of(data), reference),
        person=person.name,
        known_by=person.by,
        login=person.login,
        sign_in=offered,
        devices=_cards(service, data, reference),
        records=data.records,
        waiting=data.waiting,
        more=data.more,
        unread=data.unread,
        exempted=exemption_view(exempted_by(*here_of(data), live.policy)),
        listed=listed_names(live.policy.catalog),
        keeping_out=names_keeping_out(live.policy, data.asking.access.now),
        later=names_later(live.policy, data.asking.access.now),
        contact=service.contact or _contact(live.policy),
        codes=service.codes is not None and service.codes.open_to(person, data.asking.access),
        code=code,
        fingerprint=print_of(_content(service, data)),
    )
    return page_answer(200, live.speaker.pages.me(view), (), referrer="same-origin")


def _contact(policy: Policy) -> str:
    """The contact of the first rule that has one."""
    return next((rule.notice.contact for rule in policy.rules if rule.notice.contact), "") or ""
