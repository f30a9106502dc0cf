"""``/.mailgate/help``: a refused person asks for help by the button on the refusal. It works without scripts."""

import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from datetime import datetime
from urllib.parse import parse_qsl

import structlog

from mailgate.gateway.answer import Answer, RateLimit
from mailgate.gateway.evaluate.facts import Incoming, is_navigation
from mailgate.gateway.evaluate.judge import Judge
from mailgate.gateway.live import InForce
from mailgate.gateway.metrics import Metrics
from mailgate.gateway.refusals.help_ticket import Tickets, help_asked_cookie, read_help_cookie
from mailgate.gateway.refusals.responses import ResponseBuilder, page_answer
from mailgate.gateway.refusals.wording import as_told
from mailgate.gateway.selfservice.person import proven_device, recognise
from mailgate.http.request import RequestRefused
from mailgate.model import Access, Decision, Reason
from mailgate.model.addresses import rate_limit_key
from mailgate.policy.halting import countable_subject
from mailgate.store import HelpRequest, StoreUnavailableError
from mailgate.store.client_facts import client_facts
from mailgate.store.help_requests import MAX_WORDS, HelpRequests
from mailgate.store.sightings import fingerprint

log = structlog.get_logger()

UNKNOWN = "client:"
"""The beginning of the subject of an unknown client, so that it never equals that of a person or a device."""
REFERENCE = re.compile(r"[A-Za-z0-9_-]{1,64}", re.ASCII)


@dataclass(frozen=True, slots=True)
class HelpDesk:
    """The parts that are needed to note a request for help."""

    in_force: InForce
    judge: Judge
    metrics: Metrics
    requests: HelpRequests
    called: Callable[[str], Awaitable[None]]
    """Called with the rule against which a known person or device has asked for help."""
    rates: RateLimit
    """How often one person, device or client may ask."""
    network_rates: RateLimit
    """How often all unknown clients with one address may ask together."""


async def ask_for_help(desk: HelpDesk, incoming: Incoming, _reference: str, now: datetime) -> Answer:
    """Note the request of a refused person, and confirm it. Raises RequestRefused.

    The form carries a ticket from the refusal's page, which no other site can read, so no other site can make such a request. If another
    person or device than it was given to sends it back, the request is that of an unknown client.
    """
    responses, tickets = desk.in_force.live.responses, desk.in_force.live.responses.tickets
    sent = dict(parse_qsl(incoming.body.decode("latin-1")))
    ticket = tickets.open(sent.get("refusal", ""), now) if tickets else None
    if tickets is None or ticket is None:
        raise RequestRefused(
            400, Reason.REQUEST_MALFORMED, "Expected the button of a refusal from the last day."
        )
    access, decision = await desk.judge.verdict(incoming, now)
    person, device = countable_subject(access)
    known = ticket.is_of(person or device)
    before = read_help_cookie(access.facts)
    client = before.client if before else _described(tickets, access)
    who = (person or device) if known else f"{UNKNOWN}{client}"
    _refuse_if_too_often(desk, who, "" if known else rate_limit_key(access.facts.remote), now)
    asked = HelpRequest(
        rule=ticket.rule,
        subject=who,
        person=person if known else "",
        device=device if known else "",
        reason=ticket.reason,
        reference=ticket.reference,
        policy=decision.policy_version,
        known=known,
        times=1,
        first_at=now,
        last_at=now,
        words=plain_words(sent.get("words", "")),
    )
    try:
        await desk.requests.note(asked, ticket.sighting)
    except StoreUnavailableError:
        raise RequestRefused(
            503, Reason.STORE_UNAVAILABLE, "It could not be noted. Please try again."
        ) from None
    desk.metrics.help_requests.labels(ticket.rule).inc()
    log.info("help-asked", reference=ticket.reference, rule=ticket.rule, reason=ticket.reason, known=known)
    if known:
        await desk.called(ticket.rule)
    # others may share a description, and the name in the cookie opens the answer: it is of this browser alone
    named = before.client if before else tickets.mark_of(ticket.reference)
    cookie = help_asked_cookie(named, ticket.rule, now, incoming.facts)
    return await _confirmed(responses, incoming, access, decision, ticket.reference, known, (cookie,))


async def show_confirmation(desk: HelpDesk, incoming: Incoming, _reference: str, now: datetime) -> Answer:
    """The confirmation again, for example in another language, for a browser that has asked. Others are redirected to
    their mail."""
    before, responses = read_help_cookie(incoming.facts), desk.in_force.live.responses
    named = dict(parse_qsl(incoming.facts.query)).get("reference", "")
    if before is None or before.at is None or not REFERENCE.fullmatch(named):
        return replace(Answer(303), headers=(("Location", "/"),))
    access, decision = await desk.judge.verdict(incoming, now)
    return await _confirmed(responses, incoming, access, decision, named, any(countable_subject(access)))


async def _confirmed(
    responses: ResponseBuilder,
    incoming: Incoming,
    access: Access,
    decision: Decision,
    reference: str,
    known: bool,
    headers: tuple[tuple[str, str], ...] = (),
) -> Answer:
    """The confirmation. It mentions the person's own page only if that page can recognise the person."""
    told = known and (proven_device(access) or (await recognise(incoming, access, None)).name)
    view = responses.view(
        access, as_told(access, decision), reference, asker_known=known, asker_told=bool(told)
    )
    page = responses.pages.page(
        "help", replace(view, return_url=f"{incoming.facts.path}?reference={reference}")
    )
    return page_answer(200, page, headers)


def plain_words(text: str) -> str:
    """What a person wrote, without characters that only programs read, and not longer than it may be."""
    lines = "".join(each for each in text.replace("\r\n", "\n") if each == "\n" or each.isprintable())
    return lines.strip()[:MAX_WORDS]


def _described(tickets: Tickets, access: Access) -> str:
    seen = fingerprint(client_facts(access))
    return tickets.mark_of(f"{seen} {rate_limit_key(access.facts.remote)}")


def asked_here(access: Access, rule: str) -> bool:
    """Whether this loads a page in a browser that says that it asked for help because of this rule."""
    before = read_help_cookie(access.facts) if is_navigation(access.facts) else None
    return before is not None and before.asked_at(rule) is not None


async def own_request(requests: HelpRequests, access: Access, rule: str) -> HelpRequest | None:
    """The request because of this rule by whoever asks now: by the person or device that this request proves, otherwise by
    the browser with the name in this cookie. None if there is none, or the store does not answer."""
    person, device = countable_subject(access)
    before = read_help_cookie(access.facts)
    subject = person or device or (f"{UNKNOWN}{before.client}" if before else "")
    try:
        return await requests.one(rule, subject) if subject else None
    except StoreUnavailableError:
        return None


def _refuse_if_too_often(desk: HelpDesk, who: str, network: str, now: datetime) -> None:
    """Raise RequestRefused if this client or its network asks too often. ``network`` is empty for known people, so that they
    never wait for their neighbours."""
    limits = [(desk.rates, who), *([(desk.network_rates, network)] if network else [])]
    if any(rates.wait(each, now) for rates, each in limits):
        raise RequestRefused(
            429, Reason.TOO_MANY_REQUESTS, "There were many requests for help from here just now."
        )
    for rates, each in limits:
        rates.note(each, now)
