"""The addresses under ``/.mailgate/``, which the gate serves itself. No request to them reaches the webmail."""

import asyncio
import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from functools import partial
from pathlib import Path
from urllib.parse import parse_qsl

from mailgate.gateway.answer import Answer, References, json_answer, read_small_body, send
from mailgate.gateway.enrolment import EnrolmentParts, attest, enroll, publish_keys
from mailgate.gateway.evaluate.facts import Incoming
from mailgate.gateway.evaluate.probe_endpoint import ProbeParts, skip_probe, take_readings
from mailgate.gateway.live import InForce
from mailgate.gateway.pages.view import own_path
from mailgate.gateway.person_languages import take_choice
from mailgate.gateway.refusals.help_ticket import Tickets
from mailgate.gateway.refusals.responses import warned_cookie
from mailgate.gateway.selfservice.help import HelpDesk, ask_for_help, show_confirmation
from mailgate.gateway.selfservice.let_in import let_in
from mailgate.gateway.selfservice.me import ask_again, show_me, take_form, tell_status
from mailgate.gateway.selfservice.own_data import SelfService
from mailgate.http.exchange import Exchange, Outcome
from mailgate.http.request import RequestRefused
from mailgate.http.trusted_headers import TOLD
from mailgate.model import Reason

MAX_BYTES = 4 * 1024 * 1024


async def serve_package(
    in_force: InForce, media_type: str, incoming: Incoming, _reference: str, _now: datetime
) -> Answer:
    """One of the packages as it is in the folder now. Raises RequestRefused if it is not there."""
    folder, name = in_force.live.extension_packages, incoming.facts.path.rpartition("/")[2]
    content = await asyncio.to_thread(_read, folder / name) if folder else None
    if content is None:
        raise RequestRefused(404, Reason.NOT_FOUND, "There is nothing at this address.")
    return Answer(200, content, media_type)


def _read(path: Path) -> bytes | None:
    try:
        with path.open("rb") as file:
            content = file.read(MAX_BYTES + 1)
    except OSError:
        return None
    return content if len(content) <= MAX_BYTES else None


WARNING_MARK = re.compile(r"[0-9a-f]{16}")

Responder = Callable[[Incoming, str, datetime], Awaitable[Answer]]
"""Answers a request with this reference at this moment."""
Routes = Mapping[str, Mapping[str, Responder]]
"""Responders by path, then by method."""


class OwnAddresses:
    """Answers each of these addresses with the responsible part."""

    def __init__(
        self,
        in_force: InForce,
        references: References,
        self_service: SelfService,
        enrolling: EnrolmentParts,
        probing: ProbeParts,
        helpdesk: HelpDesk,
        packages: Mapping[str, str],
    ) -> None:
        """``packages``: the addresses of the packages of the companion extension, each with its media type."""
        self._references = references
        self.self_service, self.enrolling = self_service, enrolling
        status, keys = partial(tell_status, self_service), partial(publish_keys, enrolling)
        me, asked = partial(show_me, self_service), partial(show_confirmation, helpdesk)
        health = partial(_healthz, in_force)
        served = {path: partial(serve_package, in_force, kind) for path, kind in packages.items()}
        self._routes: Routes = {
            "/.mailgate/status": {"GET": status, "HEAD": status},
            "/.mailgate/me": {"GET": me, "HEAD": me, "POST": partial(take_form, self_service)},
            "/.mailgate/recheck": {"POST": partial(ask_again, self_service)},
            "/.mailgate/healthz": {"GET": health, "HEAD": health},
            "/.mailgate/help": {"GET": asked, "HEAD": asked, "POST": partial(ask_for_help, helpdesk)},
            "/.mailgate/let-in": {"POST": partial(let_in, self_service)},
            "/.mailgate/language": {"POST": take_choice},
            "/.mailgate/continue": {"POST": partial(_continue, in_force)},
            "/.mailgate/enroll": {"POST": partial(enroll, enrolling)},
            "/.mailgate/attest": {"POST": partial(attest, enrolling)},
            "/.mailgate/jwks.json": {"GET": keys, "HEAD": keys},
            "/.mailgate/probe": {"POST": partial(take_readings, probing)},
            "/.mailgate/probe/skip": {"POST": partial(skip_probe, probing)},
            **{path: {"GET": package, "HEAD": package} for path, package in served.items()},
        }

    async def serve(self, exchange: Exchange, incoming: Incoming, now: datetime) -> Outcome:
        """Answer a request for the gate itself. Raises RequestRefused if there is no such address."""
        incoming = replace(incoming, body=await read_small_body(exchange))
        return send(exchange, await self.answer(incoming, self._references.of(exchange), now), now)

    async def answer(self, incoming: Incoming, reference: str, now: datetime) -> Answer:
        """Answer a request whose body has been read."""
        methods = self._routes.get(incoming.facts.path)
        if methods is None:
            raise RequestRefused(404, Reason.NOT_FOUND, "There is nothing at this address.")
        responder = methods.get(incoming.facts.method)
        if responder is None:
            told = f"This address takes {', '.join(methods)}."
            raise RequestRefused(405, Reason.METHOD_NOT_ALLOWED, told, tuple(methods))
        return await responder(incoming, reference, now)


HEALTHY = b"ok\n"
ASKED_WITHIN_SECONDS = 300
"""How long a question about the way to the gate is answered: so much may the clocks of two machines differ."""
_ASKED = re.compile(r"way=(?P<at>[0-9]{10})\.(?P<seal>[\w-]{43})", re.ASCII)


@dataclass(frozen=True, slots=True)
class Arrival:
    """How a request has come to this gate, which tells whether the proxies before it are set up as the settings say."""

    peer: str
    """The address that has connected."""
    remote: str
    """The address that counts as the client's."""
    scheme: str
    host: str
    by_proxy: bool
    told: tuple[str, ...]
    """Which fields of a proxy came, believed or not."""


def way_question(tickets: Tickets, now: datetime) -> str:
    """The query that asks a gate by which way it has come. Only who has the keys of the store can make it, since the answer names
    addresses inside."""
    at = f"{int(now.timestamp())}"
    return f"way={at}.{tickets.seal_of(_way_text(at), now)}"


def _way_text(at: str) -> str:
    return f"way\n{at}"


async def _healthz(in_force: InForce, incoming: Incoming, _reference: str, now: datetime) -> Answer:
    tickets, asked = in_force.live.responses.tickets, _ASKED.fullmatch(incoming.facts.query)
    if (
        tickets is None
        or asked is None
        or abs(now.timestamp() - int(asked["at"])) > ASKED_WITHIN_SECONDS
        or not tickets.sealed(asked["seal"], _way_text(asked["at"]))
    ):
        return Answer(200, HEALTHY, "text/plain; charset=utf-8")
    return json_answer(200, asdict(_arrival(incoming)))


def _arrival(incoming: Incoming) -> Arrival:
    origin = incoming.origin
    peer = origin.forwarded_for.decode("latin-1").rpartition(", ")[2]
    told = tuple(name.decode() for name in TOLD if incoming.fields.has(name))
    return Arrival(peer, origin.remote, origin.scheme, origin.host.decode("latin-1"), origin.by_proxy, told)


async def _continue(in_force: InForce, incoming: Incoming, _reference: str, _now: datetime) -> Answer:
    """Remember for some hours that the person has read the warning, and redirect to the page that they asked for."""
    query = dict(parse_qsl(incoming.facts.query))
    mark, target = query.get("rule", ""), own_path(query.get("to", "/"))
    if not WARNING_MARK.fullmatch(mark) or not target.isascii():
        raise RequestRefused(400, Reason.REQUEST_MALFORMED, "The link of this warning is incomplete.")
    lasts = in_force.live.responses.warn_again
    cookie = warned_cookie(mark, lasts, incoming.facts)
    return replace(Answer(303), headers=(("Location", target), ("Set-Cookie", cookie)))
