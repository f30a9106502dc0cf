"""Turns a decision or an error into the answer to the client."""

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import quote

from mailgate.devices.trust import ENROLLED, REPORTER, source_name
from mailgate.gateway.answer import Answer
from mailgate.gateway.evaluate.facts import is_first_page_load, is_navigation
from mailgate.gateway.evaluate.proving import ASKS_FOR_NONCE, NONCE_CHALLENGE
from mailgate.gateway.pages.causes import cause_of
from mailgate.gateway.pages.devices import in_known_words
from mailgate.gateway.pages.proofs import clock_off, refused_proof
from mailgate.gateway.pages.render import Pages, RenderedPage
from mailgate.gateway.pages.steps import GET_EXTENSION
from mailgate.gateway.pages.view import CHOICES, View
from mailgate.gateway.refusals.forms import FORMS, Refuse
from mailgate.gateway.refusals.help_ticket import Ticket, Tickets, digest_of, name_cookie, read_help_cookie
from mailgate.gateway.refusals.wording import problem
from mailgate.http.cookies import LANGUAGE_COOKIE, PROVED_COOKIE, WARNED_COOKIE, cookies_named, set_cookie
from mailgate.model import Access, Decision, Effect, Protocol, Reason, RequestFacts
from mailgate.policy import Policy
from mailgate.policy.halting import countable_subject
from mailgate.policy.simulate.judge import OccasionJudge, lets_in_laptops
from mailgate.store import HelpRequest
from mailgate.store.client_facts import client_facts
from mailgate.store.ledger import sighting_of
from mailgate.store.sightings import id_of

_DEPENDS_ON_REPORT = frozenset({Reason.PROHIBITED_APP, Reason.POSTURE_STALE, Reason.POSTURE_PARTIAL})


@dataclass(frozen=True, slots=True)
class ResponseBuilder:
    """Puts the gate's decisions into words: pages for people, and problem documents (RFC 9457) for programs."""

    pages: Pages
    host: str
    default_language: str
    forms: Mapping[Protocol, Refuse] = field(default_factory=lambda: FORMS)
    extension_pages: Mapping[str, str] = field(default_factory=dict)
    """The addresses of the companion extension, for ``chromium`` and ``firefox``."""
    tickets: Tickets | None = None
    """Seals the tickets of help buttons. If it is None, refusals have no help button."""
    warn_again: timedelta = timedelta(hours=4)
    """How long a browser that has shown a warning does not get the same warning again."""
    seen_within: Mapping[str, timedelta] = field(default_factory=dict)
    """How long it usually takes until a source sees a change, by the name of the source. Unknown times are left out."""
    help_address: str = ""
    choices: tuple[str, ...] = CHOICES
    certificates: bool = False
    tokens: bool = False
    """Whether signed reports are accepted that come with requests."""
    unlisted_from: frozenset[str] = frozenset()
    """The connectors that get lists with apps that are not listed."""
    laptops: OccasionJudge | None = None
    """Decides by the rules in force; None if it is unknown whether laptops are let in."""

    def by_rules(self, policy: Policy, now: datetime) -> "ResponseBuilder":
        """The same for these rules, with what is decided about laptops ready."""
        made = replace(self, laptops=OccasionJudge(policy))
        made.lets_in_laptops(now)
        return made

    def lets_in_laptops(self, now: datetime) -> bool:
        """Whether every laptop browser is let in, so that people may be told so. It is decided once a minute."""
        minute = now.replace(second=0, microsecond=0)
        return self.laptops is not None and lets_in_laptops(self.laptops, minute)

    def refuse(
        self,
        access: Access,
        decision: Decision,
        reference: str,
        sighting: Callable[[], str] | None = None,
        helped: HelpRequest | None = None,
    ) -> Answer:
        """The answer to a request that was blocked, or that has to prove itself first. ``sighting`` returns the id of its record,
        where that is known already. ``helped`` is the request for help of whoever gets this answer."""
        headers = (("X-Device-Reason", decision.reason.value),)
        form = self.forms.get(access.client.protocol)
        if form is None and is_navigation(access.facts):
            ticket = self._ticket(access, decision, reference, sighting)
            return self._page(access, decision, reference, ticket, headers, helped)
        if (asked := nonce_reason(access)) is not None:
            return problem(401, asked, reference, headers=(("X-Device-Reason", asked.value), NONCE_CHALLENGE))
        if form is not None:
            return form(access, decision, reference)
        proof = refused_proof(access, decision)
        return problem(
            403,
            decision.reason,
            reference,
            apps=decision.apps,
            title=decision.title,
            by_person=access.posture.by_person,
            proof=proof,
            clock_off=clock_off(access) if proof else None,
            headers=headers,
        )

    def _page(
        self,
        access: Access,
        decision: Decision,
        reference: str,
        ticket: str,
        headers: tuple[tuple[str, str], ...],
        helped: HelpRequest | None,
    ) -> Answer:
        """The page of a refusal. A browser of an unknown person and device gets a name with it, so that its requests
        for help are one."""
        before = read_help_cookie(access.facts)
        if self.tickets and before is None and not any(countable_subject(access)):
            headers = (*headers, name_cookie(self.tickets.mark_of(reference), access.facts))
        view = self.view(
            access,
            decision,
            reference,
            help_ticket=ticket,
            asked_at=helped.last_at if helped else before.asked_at(decision.rule) if before else None,
            asked_words=helped.words if helped else "",
            answered_at=helped.replied_at if helped else None,
            answer=helped.answer if helped else "",
        )
        return page_answer(403, self.pages.page("refusal", view), headers)

    def warn(self, access: Access, decision: Decision, reference: str) -> Answer:
        """The warning page, with what is coming and a button to go on to the mail."""
        target = quote(access.facts.target, safe="/")
        onwards = f"/.mailgate/continue?rule={warned_mark(decision)}&to={target}"
        view = self.view(access, decision, reference, continue_url=onwards)
        return page_answer(
            200, self.pages.page("warning", view), (("X-Device-Reason", decision.reason.value),)
        )

    def probe(self, facts: RequestFacts, now: datetime, reference: str, *, may_skip: bool) -> Answer:
        """The page of the browser probe. ``may_skip``: whether a browser that cannot be probed may go on."""
        skip = f"/.mailgate/probe/skip?to={quote(facts.target, safe='/')}" if may_skip else ""
        view = self._view_of(facts, Reason.PROBE_REQUIRED, reference, now, continue_url=skip)
        headers = (("X-Device-Reason", Reason.PROBE_REQUIRED.value),)
        return page_answer(200, self.pages.page("probe", view, may_skip=may_skip), headers)

    def error(
        self,
        facts: RequestFacts,
        status: int,
        reason: Reason,
        reference: str,
        now: datetime,
        detail: str = "",
    ) -> Answer:
        """The answer to a request that could not be served. ``detail`` is for programs and reveals nothing about the inside."""
        if is_navigation(facts):
            view = self._view_of(facts, reason, reference, now, status=status)
            return page_answer(status, self.pages.page("error", view), ())
        return problem(status, reason, reference, detail=detail)

    def view(self, access: Access, decision: Decision, reference: str, **more: Any) -> View:
        """The view of a decision for pages. ``more`` has further fields of the view."""
        client, proof = access.client, refused_proof(access, decision)
        return self._view_of(
            access.facts,
            decision.reason,
            reference,
            access.now,
            effect=decision.effect,
            rule_title=decision.title,
            apps=decision.apps,
            by_person=access.posture.by_person,
            os=access.posture.os or client.os,
            kind=client.kind,
            fix=decision.fix,
            update=in_known_words(decision.update),
            deadline=decision.deadline,
            proof=proof,
            clock_off=clock_off(access) if proof else None,
            contact=decision.contact or self.help_address,
            extension_url=self.extension_pages.get(engine := _engine_of(access.facts), ""),
            has_extension=bool(engine),
            proves_soon=_proves_soon(access, decision),
            laptops_open=self.lets_in_laptops(access.now),
            cause=cause_of(access, decision),
            answered=REPORTER in access.posture.sources,
            choices=self.choices,
            certificates=self.certificates,
            tokens=self.tokens,
            let_in=decision.let_in,
            **self._evidence(access, decision),
            **more,
        )

    def _evidence(self, access: Access, decision: Decision) -> dict[str, Any]:
        """The source that looked at the apps, when it looked, and how soon it sees a change; empty if the decision
        does not depend on a report, or not on that of one device, or the device reports itself."""
        look = access.posture.look(at_apps=decision.reason is Reason.PROHIBITED_APP)
        if decision.reason not in _DEPENDS_ON_REPORT or access.posture.by_person:
            return {}
        if look is None or look.source == ENROLLED:
            return {}
        return {
            "looked_at": look.at,
            "looked_by": source_name(look.source),
            "looked_lag": look.lag,
            "seen_within": self.seen_within.get(look.source),
        }

    def _ticket(
        self, access: Access, decision: Decision, reference: str, sighting: Callable[[], str] | None
    ) -> str:
        if self.tickets is None:
            return ""
        person, device = countable_subject(access)
        reason, subject = decision.reason.value, digest_of(person or device)
        kept = sighting() if sighting else sighting_id(access, decision)
        return self.tickets.seal(Ticket(decision.rule, reason, reference, subject, kept, access.now))

    def _view_of(
        self, facts: RequestFacts, reason: Reason, reference: str, now: datetime, **more: Any
    ) -> View:
        """The fields that every page shows of a request, and ``more``."""
        return View(
            reason,
            reference,
            now,
            host=self.host,
            accept_language=requested_language(facts),
            default_language=self.default_language,
            return_url=facts.target if facts.method == "GET" else "/",
            **{"contact": self.help_address} | more,
        )


def sighting_id(access: Access, decision: Decision) -> str:
    return id_of(sighting_of(client_facts(access), access, decision))


def requested_language(facts: RequestFacts) -> str:
    """The requested languages of a page: first the one chosen on a page, then those of the browser (``Accept-Language``), which also
    name the region in whose form dates are."""
    chosen, asked = cookies_named(facts, LANGUAGE_COOKIE), facts.headers.get("accept-language", "")
    return ",".join(filter(None, (*(each[:20] for each in chosen[:1]), asked)))


def _engine_of(facts: RequestFacts) -> str:
    """The kind of extensions that a browser supports. The browser's own word is enough to choose a link."""
    agent = facts.user_agent
    return "firefox" if "Firefox/" in agent else "chromium" if "Chrome/" in agent else ""


def _proves_soon(access: Access, decision: Decision) -> bool:
    """Whether the browser's extension, which is known to have been there, is probably about to prove it. It is about words alone."""
    asked = decision.fix == GET_EXTENSION and access.attestation is None
    return asked and bool(cookies_named(access.facts, PROVED_COOKIE))


def nonce_reason(access: Access) -> Reason | None:
    """The reason if another proof with the offered nonce would be accepted (RFC 9449, section 9); otherwise None."""
    refused = access.attestation.refused if access.attestation else None
    return refused if refused in ASKS_FOR_NONCE else None


def page_answer(
    status: int, page: RenderedPage, headers: tuple[tuple[str, str], ...], referrer: str = "no-referrer"
) -> Answer:
    """A rendered page as an answer. ``referrer`` must be set for a page whose forms are checked by their origin."""
    return Answer(
        status,
        page.body,
        "text/html; charset=utf-8",
        (
            ("Content-Security-Policy", page.content_security_policy),
            ("Content-Language", page.language),
            ("Vary", "Accept-Language"),
            ("Referrer-Policy", referrer),
            *headers,
        ),
    )


def warned_mark(decision: Decision) -> str:
    """The mark of a warning. After a change of the policy, people are warned again. The mark is no secret, since a warning keeps
    nobody out."""
    return hashlib.sha256(f"{decision.policy_version}/{decision.rule}".encode()).hexdigest()[:16]


def gets_mail(access: Access, decision: Decision) -> bool:
    """Whether this decision lets a request through: it is allowed, or it is warned and no warning has to be shown."""
    warned = decision.effect is Effect.WARN and not needs_warning(access, decision)
    return warned or decision.effect is Effect.ALLOW


def needs_warning(access: Access, decision: Decision) -> bool:
    """Whether to show the warning: only at the page load of a whole tab, since no page of the gate can be shown in a frame, and not again
    within some hours."""
    if access.client.protocol is not Protocol.WEB or not is_first_page_load(access.facts):
        return False
    return warned_mark(decision) not in cookies_named(access.facts, WARNED_COOKIE)


def warned_cookie(mark: str, lasts: timedelta, facts: RequestFacts) -> str:
    return set_cookie(WARNED_COOKIE, mark, facts, lasts=lasts)
