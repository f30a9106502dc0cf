"""``/.mailgate/let-in``: a person whom one rule alone refuses lets themselves in for a time, where the rule offers that."""

from dataclasses import replace
from datetime import datetime
from urllib.parse import parse_qsl

import structlog

from mailgate.gateway.answer import Answer
from mailgate.gateway.evaluate.facts import Incoming
from mailgate.gateway.refusals.responses import gets_mail, page_answer
from mailgate.gateway.refusals.wording import as_told
from mailgate.gateway.selfservice.help import plain_words
from mailgate.gateway.selfservice.login_check import LoginResult
from mailgate.gateway.selfservice.own_data import SelfService
from mailgate.http.request import RequestRefused
from mailgate.model import Access, Decision, LetIn, Reason
from mailgate.policy.halting import countable_subject
from mailgate.policy.people import user_text
from mailgate.policy.reliefs import Cause, Relief, subject_of
from mailgate.store import Act, StoreUnavailableError

log = structlog.get_logger()

AUTHOR = "self-service"
"""The author of every let-in, since the audit log names nobody."""


async def let_in(service: SelfService, incoming: Incoming, reference: str, now: datetime) -> Answer:
    """Let the person in who sends the form of a refusal, and say until when, or why not. Raises RequestRefused.

    The ticket in the form is that of the refusal, which no other site can read, and has to be this person's or device's. Whatever is
    in doubt, or cannot be read or stored, lets nobody in.
    """
    tickets = service.live.responses.tickets
    sent = dict(parse_qsl(incoming.body.decode("latin-1")))
    ticket = tickets.open(sent.get("refusal", ""), now) if tickets else None
    if ticket is None:
        raise RequestRefused(
            400, Reason.REQUEST_MALFORMED, "Expected the form of a refusal from the last day."
        )
    access, decision = await service.judge.verdict(incoming, now)
    decision = as_told(access, decision)
    page = _Page(service, access, decision, reference, sent["refusal"])
    if gets_mail(access, decision):
        return _already_in(page, ticket.rule)
    terms, subject = decision.let_in, countable_subject(access)
    if terms is None or decision.rule != ticket.rule or not ticket.is_of(subject[0] or subject[1]):
        return page.answer("closed", 403)
    login, name = await _logged_in(service, incoming)
    if not name:
        return await _ask_for_login(page, incoming, login)
    why = plain_words(sent.get("words", ""))
    if terms.reason == "required" and not why:
        return page.answer("reason", 400)
    if user_text(name) != subject_of(access):
        return page.answer("closed", 403)
    why = "" if terms.reason == "none" else why
    return await _let_in(page, terms, name, why)


async def still_offered(
    service: SelfService, incoming: Incoming, access: Access, decision: Decision
) -> Decision:
    """The decision as the page of a refusal tells it: it offers a let-in only to whom one can be given now. Somebody has to name the
    person, or be able to check a login, and they have not used it up."""
    terms = decision.let_in
    if terms is None:
        return decision
    named = incoming.facts.user or (service.check is not None and await service.check.offered(incoming))
    try:
        since = access.now - terms.once_per
        used = not named or service.let_ins is None
        used = used or await service.let_ins.used(subject_of(access), decision.rule, since)  # type: ignore[union-attr]
    except StoreUnavailableError:
        used = True
    return replace(decision, let_in=None) if used else decision


class _Page:
    """The answer in words, and what it is about."""

    def __init__(
        self, service: SelfService, access: Access, decision: Decision, reference: str, ticket: str
    ) -> None:
        self.service, self.access, self.decision = service, access, decision
        self._reference, self._ticket = reference, ticket

    def answer(self, state: str, status: int, at: datetime | None = None) -> Answer:
        """``at``: until when mail comes, or when they did it before."""
        responses = self.service.live.responses
        view = responses.view(
            self.access,
            self.decision,
            self._reference,
            help_ticket=self._ticket,
            let_in_state=state,
            let_in_at=at,
        )
        return page_answer(status, responses.pages.page("let_in", view), ())


def _already_in(page: _Page, rule: str) -> Answer:
    reliefs = page.service.live.policy.reliefs.about(page.access)
    held = (each for each in reliefs if each.cause is Cause.SELF_SERVICE and each.rule == rule)
    own = next(held, None)
    return page.answer("given", 200, own.until) if own else replace(Answer(303), headers=(("Location", "/"),))


async def _logged_in(service: SelfService, incoming: Incoming) -> tuple[LoginResult, str]:
    """The person whom a trusted proxy names, or whose password the webmail accepts. A device that proves itself is not enough."""
    if incoming.facts.user:
        return LoginResult.NONE, incoming.facts.user
    login = await service.check.look(incoming) if service.check else LoginResult.NONE
    if login is not LoginResult.NONE:
        service.metrics.page_logins.labels(login).inc()
    return login, (incoming.login or "") if login is LoginResult.RIGHT else ""


async def _ask_for_login(page: _Page, incoming: Incoming, login: LoginResult) -> Answer:
    check = page.service.check
    if login is LoginResult.TOO_MANY:
        return page.answer("unknown", 429)
    if check is None or not await check.offered(incoming):
        return page.answer("unknown", 403)
    asked = page.answer("unknown", 401)
    realm = f'Basic realm="{page.service.live.responses.host}", charset="UTF-8"'
    return replace(asked, headers=(*asked.headers, ("WWW-Authenticate", realm)))


async def _let_in(page: _Page, terms: LetIn, name: str, why: str) -> Answer:
    service, now, rule = page.service, page.access.now, page.decision.rule
    person = user_text(name)
    if service.let_in_rates.wait(person, now):
        raise RequestRefused(429, Reason.TOO_MANY_REQUESTS, "There were many such requests just now.")
    service.let_in_rates.note(person, now)
    device, until = page.access.posture.device_id, now + terms.lasts
    relief = Relief(0, Cause.SELF_SERVICE, rule, why, AUTHOR, now, until, person, device)
    try:
        act = Act(now, AUTHOR, "let-in", origin="block page")
        done = service.let_ins and await service.let_ins.let_in(relief, terms.once_per, act)
        if not done:
            return page.answer("closed", 403)
        given, is_new = done
    except StoreUnavailableError:
        return page.answer("unsaved", 503)
    if is_new:
        service.metrics.let_ins.labels(rule).inc()
        log.info("let-in", rule=rule, number=given.relief.number)
    if user_text(given.relief.person) != person:  # perhaps somebody else, of whom nothing is told
        return page.answer("closed", 403)
    held = is_new or given.holds(now)
    return page.answer(*(("given", 200, given.relief.until) if held else ("used", 403, given.relief.at)))
