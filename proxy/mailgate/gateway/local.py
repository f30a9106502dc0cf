"""What the gate serves itself on the public address, under ``/.mailgate/``. Nothing below it reaches the webmail."""

import re
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import datetime
from typing import Protocol
from urllib.parse import parse_qsl

from mailgate.gateway.answer import Answer
from mailgate.gateway.attesting import attest, publish_keys
from mailgate.gateway.enforce import warned_cookie
from mailgate.gateway.enrolling import EnrollingGate, enroll
from mailgate.gateway.facts import Incoming
from mailgate.gateway.helping import HelpingGate, ask_for_help
from mailgate.gateway.http1.request import RequestRefused
from mailgate.gateway.me import ShowingGate, show_me, take_form, tell_status
from mailgate.gateway.pages.view import own_path
from mailgate.gateway.probe import ProbingGate, skip_probe, take_readings
from mailgate.model import Reason, RequestFacts

LOCAL_PREFIX = "/.mailgate/"
MARK = re.compile(r"[0-9a-f]{16}")


class LocalGate(ProbingGate, ShowingGate, EnrollingGate, HelpingGate, Protocol):
    """What the addresses here need of the gate (``handler.py``)."""


Responder = Callable[[LocalGate, Incoming, str, datetime], Awaitable[Answer]]


def is_local(facts: RequestFacts) -> bool:
    """Whether a request is for the gate itself."""
    return facts.target.startswith(LOCAL_PREFIX[:-1]) and f"{facts.path}/".startswith(LOCAL_PREFIX)


async def answer_local(gate: LocalGate, incoming: Incoming, reference: str, now: datetime) -> Answer:
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


async def _healthz(_gate: LocalGate, _incoming: Incoming, _reference: str, _now: datetime) -> Answer:
    return Answer(200, b"ok\n", "text/plain; charset=utf-8")


async def _continue(gate: LocalGate, incoming: Incoming, _reference: str, _now: datetime) -> Answer:
    """The warning was read: remember it for some hours and go on to what was asked for."""
    query = dict(parse_qsl(incoming.facts.query))
    mark, target = query.get("rule", ""), own_path(query.get("to", "/"))
    if not MARK.fullmatch(mark) or not target.isascii():
        raise RequestRefused(400, Reason.REQUEST_MALFORMED, "The link of this warning is not whole.")
    cookie = warned_cookie(mark, gate.speaker.warn_again, secure=incoming.facts.scheme == "https")
    return replace(Answer(303), headers=(("Location", target), ("Set-Cookie", cookie)))


ROUTES: dict[str, dict[str, Responder]] = {
    "/.mailgate/status": {"GET": tell_status, "HEAD": tell_status},
    "/.mailgate/me": {"GET": show_me, "HEAD": show_me, "POST": take_form},
    "/.mailgate/healthz": {"GET": _healthz, "HEAD": _healthz},
    "/.mailgate/help": {"POST": ask_for_help},
    "/.mailgate/continue": {"POST": _continue},
    "/.mailgate/enroll": {"POST": enroll},
    "/.mailgate/attest": {"POST": attest},
    "/.mailgate/jwks.json": {"GET": publish_keys, "HEAD": publish_keys},
    "/.mailgate/probe": {"POST": take_readings},
    "/.mailgate/probe/skip": {"POST": skip_probe},
}
