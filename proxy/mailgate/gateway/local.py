"""What the gate serves itself on the public address, under ``/.mailgate/``. Nothing below it reaches the webmail."""

import re
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import datetime
from typing import Protocol
from urllib.parse import parse_qsl

from mailgate.gateway.answer import Answer, json_answer
from mailgate.gateway.attesting import attest, publish_keys
from mailgate.gateway.enforce import warned_cookie
from mailgate.gateway.enrolling import EnrollingGate, enroll
from mailgate.gateway.facts import Incoming
from mailgate.gateway.http1.request import RequestRefused
from mailgate.gateway.pages.view import own_path
from mailgate.gateway.probe import ProbingGate, skip_probe, take_readings
from mailgate.model import Access, Decision, PostureState, Reason

LOCAL_PREFIX = "/.mailgate/"
MARK = re.compile(r"[0-9a-f]{16}")


class JudgingGate(ProbingGate, EnrollingGate, Protocol):
    """What the addresses here need of the gate (``handler.py``)."""

    async def judge(self, incoming: Incoming, now: datetime) -> tuple[Access, Decision]: ...


Responder = Callable[[JudgingGate, Incoming, str, datetime], Awaitable[Answer]]


async def answer_local(gate: JudgingGate, incoming: Incoming, reference: str, now: datetime) -> Answer:
    """Serve one of the gate's own addresses. Raises RequestRefused for what is not there."""
    methods = ROUTES.get(incoming.facts.path)
    if methods is None:
        raise RequestRefused(404, Reason.NOT_FOUND, "There is nothing at this address.")
    responder = methods.get(incoming.facts.method)
    if responder is None:
        raise RequestRefused(
            405, Reason.METHOD_NOT_ALLOWED, f"This address takes {', '.join(methods)}.", tuple(methods)
        )
    return await responder(gate, incoming, reference, now)


async def _status(gate: JudgingGate, incoming: Incoming, reference: str, now: datetime) -> Answer:
    """What would happen if this client asked for its mail now."""
    access, decision = await gate.judge(incoming, now)
    return json_answer(200, {**verdict_of(access, decision), "reference": reference})


def verdict_of(access: Access, decision: Decision) -> dict[str, object]:
    """The body of ``/.mailgate/status``: the verdict, and what it rests on."""
    client, posture = access.client, access.posture
    device = {
        "state": posture.state,
        "apps": list(posture.apps),
        "lists": list(posture.lists),
        "source": posture.source,
        "reported_at": posture.reported_at and posture.reported_at.isoformat(),
        "expires_at": posture.expires_at and posture.expires_at.isoformat(),
    }
    return {
        "verdict": {
            "effect": decision.effect,
            "reason": decision.reason,
            "rule": decision.rule,
            "title": decision.title,
            "apps": list(decision.apps),
            "fix": decision.fix,
            "contact": decision.contact,
            "deadline": decision.deadline and decision.deadline.isoformat(),
        },
        "client": {
            "kind": client.kind,
            "handheld": client.handheld,
            "assurance": client.assurance,
            "probed": client.probed,
            "os": client.os,
            "browser": client.browser,
            "findings": [finding.reason for finding in client.findings],
        },
        "devices": [] if posture.state is PostureState.MISSING and not posture.device_id else [device],
    }


async def _healthz(_gate: JudgingGate, _incoming: Incoming, _reference: str, _now: datetime) -> Answer:
    return Answer(200, b"ok\n", "text/plain; charset=utf-8")


async def _continue(_gate: JudgingGate, incoming: Incoming, _reference: str, _now: datetime) -> Answer:
    """The warning was read: remember it for some hours and go on to what was asked for."""
    query = dict(parse_qsl(incoming.facts.query))
    mark, target = query.get("rule", ""), own_path(query.get("to", "/"))
    if not MARK.fullmatch(mark) or not target.isascii():
        raise RequestRefused(400, Reason.REQUEST_MALFORMED, "The link of this warning is not whole.")
    cookie = warned_cookie(mark, secure=incoming.facts.scheme == "https")
    return replace(Answer(303), headers=(("Location", target), ("Set-Cookie", cookie)))


ROUTES: dict[str, dict[str, Responder]] = {
    "/.mailgate/status": {"GET": _status, "HEAD": _status},
    "/.mailgate/healthz": {"GET": _healthz, "HEAD": _healthz},
    "/.mailgate/continue": {"POST": _continue},
    "/.mailgate/enroll": {"POST": enroll},
    "/.mailgate/attest": {"POST": attest},
    "/.mailgate/jwks.json": {"GET": publish_keys, "HEAD": publish_keys},
    "/.mailgate/probe": {"POST": take_readings},
    "/.mailgate/probe/skip": {"POST": skip_probe},
}
