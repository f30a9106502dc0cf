"""Decides logins at the mail server itself. They are decided like any request and by the same rules."""

import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from hmac import compare_digest
from time import perf_counter

import structlog
from aiohttp import web

from mailgate.classify import classify
from mailgate.classify.imap import read_id, write_id
from mailgate.gateway.evaluate.judge import Judge
from mailgate.gateway.pages.reasons import explain_reason, wording_of
from mailgate.gateway.recorder import Recorder
from mailgate.model import (
    IMAP_ID,
    LOGIN_PROTOCOLS,
    Access,
    Decision,
    Effect,
    Kind,
    Posture,
    Protocol,
    Reason,
    RequestFacts,
)
from mailgate.model.addresses import canonical_address
from mailgate.policy.decide import decide

LET_IN = frozenset({Effect.ALLOW, Effect.WARN})
"""The effects that let a login in. A mail client cannot show a warning, so it is let in."""

_SERVICES = {protocol.value: protocol for protocol in LOGIN_PROTOCOLS} | {
    "pop": Protocol.POP3,
    "smtp": Protocol.SUBMISSION,
    "managesieve": Protocol.SIEVE,
}
"""The protocols by the names that mail servers use. Postfix asks Dovecot under the name ``smtp``."""


class UnreadableLoginError(ValueError):
    """The question is not understood. The text says what was expected and repeats nothing from the question."""


@dataclass(frozen=True, slots=True)
class SideDoor:
    """The parts that deciding logins needs."""

    judge: Judge
    recorder: Recorder


@dataclass(frozen=True, slots=True)
class LoginVerdict:
    """Whether the login is accepted, and the text for the mail client if it is not."""

    let_in: bool
    message: str = ""


def read_login(body: bytes) -> RequestFacts:
    """The facts of the login that a mail server asks about (Dovecot's auth policy, ``allow``). Raises UnreadableLoginError."""
    try:
        asked = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise UnreadableLoginError("the body is not JSON") from error
    if not isinstance(asked, dict):
        raise UnreadableLoginError("the body is not a JSON object")
    service, login = _word(asked, "protocol").lower(), _word(asked, "login")
    if service not in _SERVICES:
        raise UnreadableLoginError(f"`protocol` is none of {', '.join(sorted(_SERVICES))}")
    if not login:
        raise UnreadableLoginError("`login` is missing or empty")
    named = read_id(_word(asked, "device_id") or _word(asked, "client_id"))
    return RequestFacts(
        method="LOGIN",
        scheme=_SERVICES[service],
        remote=canonical_address(_word(asked, "remote")),
        headers={IMAP_ID: write_id(named)} if named else {},
        user=login,
    )


def _word(asked: dict[str, object], name: str) -> str:
    value = asked.get(name)
    if value is not None and not isinstance(value, str):
        raise UnreadableLoginError(f"`{name}` is not a string")
    return value or ""


async def judge_login(door: SideDoor, facts: RequestFacts) -> LoginVerdict:
    """Decide one login, record it, and return the verdict. A mail client names no device: one that is not on a computer gets the most
    restrictive posture of its person's devices, without their computers."""
    judge = door.judge
    started, now, live = perf_counter(), judge.clock(), judge.in_force.live
    facts = replace(facts, user=live.logins.person(facts.user or ""))
    client, login = classify(facts), facts.user or ""
    computer = client.kind is Kind.LAPTOP
    posture = Posture() if computer else await judge.postures.of_person(login, now)
    access = Access(facts, client, posture, now, live.groups.user(login))
    decision = decide(access, live.policy)
    judge.metrics.decision_seconds.observe(perf_counter() - started)
    reference = door.recorder.references.draw()
    let_in = decision.effect in LET_IN
    door.recorder.tell(access, decision, reference, "" if let_in else reference)
    return LoginVerdict(let_in, "" if let_in else refusal(decision, reference, judge.public_url))


def refusal(decision: Decision, reference: str, public_url: str) -> str:
    """The text that the mail client shows: the reason, what to do, and the reference. It is ASCII, as IMAP requires."""
    own = wording_of(decision.reason).at_login
    if not own or (decision.reason is Reason.PROHIBITED_APP and not decision.apps):
        why = explain_reason(decision.reason, decision.apps, decision.title).detail
    else:
        why = own % {"apps": ", ".join(decision.apps)}
    contact = f" Contact: {decision.contact}." if decision.contact else ""
    told = f"{why} Open {public_url} on that device to see what to do.{contact} Reference {reference} ({decision.reason})."
    return " ".join(told.encode("ascii", "replace").decode("ascii").split())


log = structlog.get_logger()

PATH = "/dovecot/policy"


@dataclass(frozen=True, slots=True)
class ApiHeader:
    """The header with which a mail server proves itself, and its value."""

    header: str
    value: str

    def is_proved_by(self, request: web.Request) -> bool:
        """Whether the request has the header exactly once with this value. Every wrong value takes the same time."""
        sent = request.headers.getall(self.header, [])
        return len(sent) == 1 and compare_digest(
            sent[0].encode("utf-8", "surrogateescape"), self.value.encode()
        )


def policy_server(
    door: SideDoor, key: Callable[[], ApiHeader | None]
) -> Callable[[web.Request], Awaitable[web.Response]]:
    """Make the handler of ``POST /dovecot/policy?command=allow|report``. Without a key the address does not exist."""

    async def answer(request: web.Request) -> web.Response:
        known = key()
        if known is None:
            raise web.HTTPNotFound
        if not known.is_proved_by(request):
            log.warning("dovecot-key-refused")
            return web.json_response({"error": f"send the API key in {known.header}"}, status=401)
        try:
            return await _answer(door, request)
        except UnreadableLoginError as error:
            door.judge.metrics.errors.labels(Reason.REQUEST_MALFORMED).inc()
            log.warning("dovecot-question-refused", reason=Reason.REQUEST_MALFORMED, detail=str(error))
            return web.json_response({"error": str(error)}, status=400)

    return answer


async def _answer(door: SideDoor, request: web.Request) -> web.Response:
    """Answer ``status`` -1 to fail the login and 0 to let it go on. A report changes nothing: the question was recorded."""
    match request.query.getall("command", []):
        case ["allow"]:
            verdict = await judge_login(door, read_login(await request.read()))
            return web.json_response({"status": 0 if verdict.let_in else -1, "msg": verdict.message})
        case ["report"]:
            return web.json_response({"status": 0, "msg": ""})
        case _:
            raise UnreadableLoginError("`command` is neither `allow` nor `report`")
