"""``/.mailgate/help``: somebody who was refused asks for help by the button on the refusal. It works without scripts."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol as Shape
from urllib.parse import parse_qsl

import structlog

from mailgate.gateway.answer import Answer
from mailgate.gateway.evaluate.facts import Incoming
from mailgate.gateway.evaluate.judge import Judge
from mailgate.gateway.http1.request import RequestRefused
from mailgate.gateway.live import InForce
from mailgate.gateway.metrics import Metrics
from mailgate.gateway.rates import Rates
from mailgate.gateway.refusals.enforce import page_answer
from mailgate.model import Reason
from mailgate.model.addresses import caller_at
from mailgate.rollout.halting import counted_as
from mailgate.store import HelpRequest, StoreUnavailableError

log = structlog.get_logger()


class Requests(Shape):
    """The store of requests for help (``store/help_requests.py``). It may raise StoreUnavailableError."""

    async def note(self, asked: HelpRequest) -> None: ...


@dataclass(frozen=True, slots=True)
class HelpDesk:
    """What it takes to note that somebody asks for help."""

    in_force: InForce
    judge: Judge
    metrics: Metrics
    requests: Requests
    called: Callable[[str], Awaitable[None]]
    """Called with the rule against which somebody has asked for help."""
    rates: Rates


async def ask_for_help(desk: HelpDesk, incoming: Incoming, _reference: str, now: datetime) -> Answer:
    """Note the request of somebody who was refused, and say so. Raises RequestRefused.

    The form carries a ticket from the refusal's page, which no other site can read, so no other site can make such a request. The ticket
    counts only if the same person or device sends it back.
    """
    speaker = desk.in_force.live.speaker
    sent = dict(parse_qsl(incoming.body.decode("latin-1"))).get("refusal", "")
    ticket = speaker.tickets.open(sent, now) if speaker.tickets else None
    if ticket is None:
        raise RequestRefused(
            400, Reason.REQUEST_MALFORMED, "Expected the button of a refusal from the last day."
        )
    access, decision = await desk.judge.verdict(incoming, now)
    person, device = counted_as(access)
    known = ticket.is_of(person or device)
    who = (person or device) if known else ticket.reference
    asker = who if known else caller_at(access.facts.remote)
    if desk.rates.wait(asker, now):
        raise RequestRefused(429, Reason.TOO_MANY_REQUESTS, "You have asked for help several times just now.")
    desk.rates.note(asker, now)
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
    )
    try:
        await desk.requests.note(asked)
    except StoreUnavailableError:
        raise RequestRefused(
            503, Reason.STORE_UNAVAILABLE, "It could not be noted. Please try again."
        ) from None
    desk.metrics.help_requests.labels(ticket.rule).inc()
    log.info("help-asked", reference=ticket.reference, rule=ticket.rule, reason=ticket.reason, known=known)
    if known:
        await desk.called(ticket.rule)
    view = speaker.view(access, decision, ticket.reference)
    return page_answer(200, speaker.pages.help(view), ())
