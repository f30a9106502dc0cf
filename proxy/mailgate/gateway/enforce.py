"""From a decision, or an error, to the answer that the caller gets. The one place where errors become responses."""

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from urllib.parse import quote

from mailgate.gateway.answer import PROBLEM, Answer, json_answer
from mailgate.gateway.caller import is_navigation, is_page_load
from mailgate.gateway.pages import Pages, RenderedPage, View, explain_reason
from mailgate.gateway.refusals import FORMS, Refuse
from mailgate.model import Access, Client, Decision, Kind, Protocol, Reason, RequestFacts

WARNED_COOKIE = "mailgate-warned"
WARNED_SECONDS = 4 * 3600
NOBODY = Client(Kind.UNKNOWN, handheld=False)


@dataclass(frozen=True, slots=True)
class Speaker:
    """Words for what the gate decided: pages for people, problem documents (RFC 9457) for programs."""

    pages: Pages
    host: str
    default_language: str
    forms: Mapping[Protocol, Refuse] = field(default_factory=lambda: FORMS)

    def refuse(self, access: Access, decision: Decision, reference: str) -> Answer:
        """The answer to a request that was blocked, or that has to prove itself first."""
        facts = access.facts
        headers = (("X-Device-Reason", decision.reason.value),)
        form = self.forms.get(access.client.protocol)
        if form is not None:
            return form(access, decision, reference)
        if is_navigation(facts):
            return _page(403, self.pages.refusal(self._view(access, decision, reference)), headers)
        return self._problem(
            403, decision.reason, reference, headers, apps=decision.apps, title=decision.title
        )

    def warn(self, access: Access, decision: Decision, reference: str) -> Answer:
        """The interstitial: what is coming, and the way on to the mail."""
        target = quote(access.facts.target, safe="/")
        view = replace(
            self._view(access, decision, reference),
            continue_url=f"/.mailgate/continue?rule={warned_mark(decision)}&to={target}",
        )
        return _page(200, self.pages.warning(view), (("X-Device-Reason", decision.reason.value),))

    def error(
        self,
        facts: RequestFacts,
        status: int,
        reason: Reason,
        reference: str,
        now: datetime,
        detail: str = "",
    ) -> Answer:
        """The answer to a request that could not be served. ``detail`` is for programs and says nothing of the inside."""
        if is_navigation(facts):
            view = View(
                reason,
                reference,
                now,
                status=status,
                host=self.host,
                accept_language=facts.headers.get("accept-language", ""),
                default_language=self.default_language,
                return_url=facts.target if facts.method == "GET" else "/",
            )
            return _page(status, self.pages.error(view), ())
        return self._problem(status, reason, reference, (), detail=detail)

    def _view(self, access: Access, decision: Decision, reference: str) -> View:
        facts, client = access.facts, access.client
        return View(
            decision.reason,
            reference,
            access.now,
            effect=decision.effect,
            rule_title=decision.title,
            apps=decision.apps,
            os=access.posture.os or client.os,
            kind=client.kind,
            fix=decision.fix,
            deadline=decision.deadline,
            contact=decision.contact,
            host=self.host,
            accept_language=facts.headers.get("accept-language", ""),
            default_language=self.default_language,
            return_url=facts.target if facts.method == "GET" else "/",
        )

    def _problem(
        self,
        status: int,
        reason: Reason,
        reference: str,
        headers: tuple[tuple[str, str], ...],
        *,
        apps: tuple[str, ...] = (),
        title: str = "",
        detail: str = "",
    ) -> Answer:
        words = explain_reason(reason, apps, title)
        body = {
            "type": f"urn:mailgate:reason:{reason}",
            "title": words.title,
            "status": status,
            "detail": detail or words.detail,
            "reason": reason.value,
            "reference": reference,
            **({"apps": list(apps)} if apps else {}),
        }
        return replace(json_answer(status, body, PROBLEM), headers=headers)


def _page(status: int, page: RenderedPage, headers: tuple[tuple[str, str], ...]) -> Answer:
    return Answer(
        status,
        page.html.encode(),
        "text/html; charset=utf-8",
        (
            ("Content-Security-Policy", page.content_security_policy),
            ("Content-Language", page.language),
            ("Vary", "Accept-Language"),
            ("Referrer-Policy", "no-referrer"),
            *headers,
        ),
    )


def warned_mark(decision: Decision) -> str:
    """Names a warning: a new version of the policy warns anew. Not a secret, since a warning keeps nobody out."""
    return hashlib.sha256(f"{decision.policy_version}/{decision.rule}".encode()).hexdigest()[:16]


def wants_warning(access: Access, decision: Decision) -> bool:
    """Only a page load is interrupted, and not one that was warned of the same in the last hours."""
    if access.client.protocol is not Protocol.WEB or not is_page_load(access.facts):
        return False
    # not http.cookies: it gives up on all cookies where one of the webmail's is unusual, and the warning would stay
    cookies = re.split(r"[;,]\s*", access.facts.headers.get("cookie", ""))
    return f"{WARNED_COOKIE}={warned_mark(decision)}" not in cookies


def warned_cookie(mark: str, *, secure: bool) -> str:
    """The Set-Cookie value that remembers a warning."""
    attributes = f"Path=/; Max-Age={WARNED_SECONDS}; HttpOnly; SameSite=Lax"
    return f"{WARNED_COOKIE}={mark}; {attributes}{'; Secure' if secure else ''}"
