"""Answers ``/.mailgate/me`` (a person's own page and its forms) and ``status``. A person has to identify themselves,
and sees nothing about anyone else."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from urllib.parse import parse_qsl

from mailgate.gateway.answer import Answer, json_answer
from mailgate.gateway.evaluate.facts import Incoming, from_own_page
from mailgate.gateway.pages.employee import (
    NO_OWNER_REPORTS,
    AskedSource,
    DeviceCard,
    EmployeeView,
    OwnerReports,
)
from mailgate.gateway.refusals.responses import page_answer
from mailgate.gateway.refusals.wording import as_told
from mailgate.gateway.selfservice.login_check import LoginResult
from mailgate.gateway.selfservice.own_data import OwnData, SelfService, download, read_own_data, reader_of
from mailgate.gateway.selfservice.own_devices import (
    AskingRequest,
    OwnDevice,
    devices_to_show,
    exempted_by,
    own_devices,
    verdict_here,
)
from mailgate.gateway.selfservice.own_forms import (
    OwnerReport,
    can_report,
    delete_cookie,
    may_take_back,
    undo_cookie,
)
from mailgate.gateway.selfservice.person import RecognisedPerson, recognise
from mailgate.gateway.selfservice.recheck import NameOf, Slot, answers_of
from mailgate.gateway.selfservice.status import status_answer, with_proved_cookie
from mailgate.gateway.selfservice.stored_view import (
    card_of,
    exemption_view,
    listed_names,
    names_blocked_later,
    names_blocked_now,
    stored_devices,
)
from mailgate.http.request import RequestRefused
from mailgate.model import CheckResult, Reason
from mailgate.policy import Policy
from mailgate.store import StoreUnavailableError
from mailgate.tasks import compute, turn

_ALL_ROWS = 100_000
"""The most rows about requests in a download."""


async def tell_status(service: SelfService, incoming: Incoming, reference: str, now: datetime) -> Answer:
    """Answer with the verdict on a request of this client now, and with every device that the client may see."""
    asking = await _asking(service, incoming, now)
    status = await service.statuses.of(asking)
    told = status_answer(status, reference, now, incoming.facts.headers.get("if-none-match", ""))
    return with_proved_cookie(told, asking.access)


async def show_me(service: SelfService, incoming: Incoming, reference: str, now: datetime) -> Answer:
    """Answer with the page, or ask for a login if the person wants to log in."""
    asking = await _asking(service, incoming, now)
    asked = dict(parse_qsl(incoming.facts.query, True))
    if "download" in asked:
        return await _whole_download(service, asking, reference)
    data, offered = await read_own_data(service, asking), await _offered(service, incoming, asking.person)
    page = _answer(service, data, reference, offered=offered)
    if not asking.person.name and offered and "sign-in" in asked:
        if asking.person.login is LoginResult.TOO_MANY:
            return replace(page, status=429)
        realm = f'Basic realm="{service.live.responses.host}", charset="UTF-8"'
        return replace(page, status=401, headers=(*page.headers, ("WWW-Authenticate", realm)))
    return page


async def _whole_download(service: SelfService, asking: AskingRequest, reference: str) -> Answer:
    """The file with everything about a person. Each person has one made at a time, and others of theirs wait for it, since it takes
    as much as they have made be stored."""
    async with turn(reader_of(asking), "download"):
        data = await read_own_data(service, asking, rows=_ALL_ROWS)
        if data.unread:
            return _answer(service, data, reference)
        return await compute(_download, service, data, reference)


async def take_form(service: SelfService, incoming: Incoming, reference: str, now: datetime) -> Answer:
    """Carry out a form of the page: ask the sources of a device again, report a device, or make a pairing code."""
    _refuse_foreign_form(service, incoming)
    asking = await _asking(service, incoming, now)
    said = dict(parse_qsl(incoming.body.decode("latin-1")))
    code = ""
    if "code" in said and service.codes:
        code = await service.codes.make(asking.person, asking.access, now)
    data = await read_own_data(service, asking)
    mark = said.get("device", "")
    own = next((each for each in data.owned if each.mark == mark), None)
    if own is not None and said.get("about") in list(OwnerReport):
        confirmed = said.get("confirmed") == "yes"
        try:
            return await _take_report(
                service, data, own, OwnerReport(said["about"]), reference, confirmed=confirmed
            )
        except StoreUnavailableError:
            told = "It could not be noted. Please try again in a few minutes."
            raise RequestRefused(503, Reason.STORE_UNAVAILABLE, told) from None
    if own is not None:
        came = await service.recheck.ask(own.device.reports if own.device else ())
        data = _with_answers(
            await read_own_data(service, asking), own, came, service.live.policy.catalog.name_of
        )
    return _answer(service, data, reference, code=code)


async def _take_report(
    service: SelfService, data: OwnData, own: OwnDevice, said: OwnerReport, reference: str, *, confirmed: bool
) -> Answer:
    """Note a person's report about their device, and answer with the page. May raise StoreUnavailableError."""
    reports, person, now = service.reports, data.asking.person.name, data.asking.access.now
    if reports is None or not can_report(own, person):
        return _answer(service, data, reference)
    match said:
        case OwnerReport.NOT_MINE:
            noted = await reports.disown(own, person, reference, now)
            data = replace(await read_own_data(service, data.asking), noted=own.mark if noted else "")
        case OwnerReport.LOST if not confirmed:
            data = replace(data, to_confirm=own.mark)
        case OwnerReport.LOST:
            await reports.lose(own, now)
            return _back_to(f"said-{own.mark}", _undo_of(service, data.asking, own))
        case OwnerReport.FOUND:
            if _may_undo(service, data.asking, own) and await reports.take_back(own, now):
                return _back_to(f"device-{own.mark}", (delete_cookie(data.asking.access.facts),))
            data = replace(await read_own_data(service, data.asking), too_late=own.mark)
    return _answer(service, data, reference)


def _back_to(part: str, headers: tuple[tuple[str, str], ...]) -> Answer:
    """Redirect to the page, so that reloading it repeats nothing."""
    return replace(Answer(303), headers=(("Location", f"/.mailgate/me#{part}"), *headers))


def _undo_of(service: SelfService, asking: AskingRequest, own: OwnDevice) -> tuple[tuple[str, str], ...]:
    """The Set-Cookie field with which this browser may take back the report of a lost device."""
    tickets, access = service.live.responses.tickets, asking.access
    if tickets is None or own.device is None or own.device.lost_at is not None:
        return ()
    return (undo_cookie(tickets, access.facts, own.device, asking.person.name, access.now),)


def _may_undo(service: SelfService, asking: AskingRequest, own: OwnDevice) -> bool:
    tickets, access = service.live.responses.tickets, asking.access
    return (
        tickets is not None
        and own.device is not None
        and may_take_back(tickets, access.facts, own.device, asking.person.name, access.now)
    )


async def ask_again(service: SelfService, incoming: Incoming, reference: str, now: datetime) -> Answer:
    """Ask the sources of the device that sent this request, for the button of a refusal, and return their answers."""
    _refuse_foreign_form(service, incoming)
    access, decision = await service.judge.verdict(incoming, now)
    decision = as_told(access, decision)
    asking = AskingRequest(access, decision, RecognisedPerson(), service.live.policy, service.live.groups)
    try:
        asked = await _ask_own(service, asking)
    except StoreUnavailableError:
        asked = ()
    responses = service.live.responses
    said = responses.pages.answers(asked, responses.view(access, decision, reference))
    return json_answer(200, {"said": said, "reference": reference})


async def _ask_own(service: SelfService, asking: AskingRequest) -> tuple[AskedSource, ...]:
    """The answers of the sources of the device that proved itself with this request. May raise StoreUnavailableError."""
    owned = await own_devices(asking, service.people, service.known)
    came = await service.recheck.ask([report for each in stored_devices(owned) for report in each.reports])
    devices = stored_devices(await own_devices(asking, service.people, service.known))
    return answers_of(came, devices, service.live.policy.catalog.name_of)


def _refuse_foreign_form(service: SelfService, incoming: Incoming) -> None:
    if not from_own_page(incoming.facts, service.public_url):
        raise RequestRefused(403, Reason.REQUEST_NOT_SUPPORTED, "Expected a request of the gate's own page.")


def _with_answers(
    data: OwnData, own: OwnDevice, came: Mapping[Slot, CheckResult], name_of: NameOf
) -> OwnData:
    """Put the answers beside their device. After the answers, its reports may belong to another device."""
    devices = stored_devices(data.owned)
    answers = answers_of(came, devices, name_of)
    marks = [each.id for each in devices if any(each.report(slot) for slot in came)]
    return replace(data, asked=dict.fromkeys(marks or [own.mark], answers))


async def _asking(service: SelfService, incoming: Incoming, now: datetime) -> AskingRequest:
    access, decision = await service.judge.verdict(incoming, now)
    person = await recognise(incoming, access, service.check)
    if person.login is not LoginResult.NONE:
        service.metrics.page_logins.labels(person.login).inc()
    told = as_told(access, decision)
    return AskingRequest(access, told, person, service.live.policy, service.live.groups)


async def _offered(service: SelfService, incoming: Incoming, person: RecognisedPerson) -> bool:
    check = service.check
    return not person.name and check is not None and await check.offered(incoming)


def _download(service: SelfService, data: OwnData, reference: str) -> Answer:
    return download(data.asking.person.name, _cards(service, data, reference), data.records)


def _cards(service: SelfService, data: OwnData, reference: str) -> tuple[DeviceCard, ...]:
    live = service.live
    return tuple(
        card_of(
            own,
            live.keep,
            person=data.asking.person.name,
            view_of=lambda access, decision: live.responses.view(access, decision, reference),
            name_of=live.policy.catalog.name_of,
            asked=data.asked.get(own.mark, ()),
            last=data.last.get(own.mark),
            owner_reports=_owner_reports(service, data, own),
        )
        for own in devices_to_show(data.asking, data.owned)
    )


def _owner_reports(service: SelfService, data: OwnData, own: OwnDevice) -> OwnerReports:
    if service.reports is None or not can_report(own, data.asking.person.name):
        return NO_OWNER_REPORTS
    if own.device is not None and own.device.lost_at is not None:
        return OwnerReports(undo=_may_undo(service, data.asking, own), too_late=own.mark == data.too_late)
    noted, to_confirm = own.mark == data.noted, own.mark == data.to_confirm
    return OwnerReports(can_report=not noted, noted=noted, to_confirm=to_confirm)


def _answer(
    service: SelfService, data: OwnData, reference: str, *, offered: bool = False, code: str = ""
) -> Answer:
    live, person = service.live, data.asking.person

    cards = _cards(service, data, reference)
    named = {each.source for card in cards for each in card.sources}
    view = EmployeeView(
        here=live.responses.view(*verdict_here(data.asking, data.owned), reference),
        unchecked=live.browser_probe.keeps_from_mail(data.asking.access),
        person=person.name,
        known_by=person.by,
        login=person.login,
        sign_in=offered,
        devices=cards,
        records=data.records,
        waiting=data.waiting,
        more=data.more,
        unread=data.unread,
        exempted=exemption_view(exempted_by(*verdict_here(data.asking, data.owned), live.policy)),
        listed=listed_names(live.policy.catalog),
        keeping_out=names_blocked_now(live.policy, data.asking.access.now),
        later=names_blocked_later(live.policy, data.asking.access.now),
        unlisted_from=tuple(sorted(named & live.responses.unlisted_from)),
        contact=service.contact or _contact(live.policy),
        codes=service.codes is not None and service.codes.may_have(person, data.asking.access),
        code=code,
        fingerprint=data.status,
    )
    return page_answer(200, live.responses.pages.me(view), (), referrer="same-origin")


def _contact(policy: Policy) -> str:
    return next((rule.notice.contact for rule in policy.rules if rule.notice.contact), "") or ""
