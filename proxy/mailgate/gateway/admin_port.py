"""The admin port: health, readiness, metrics, and the mail server's questions. It never listens on the public address."""

from base64 import b64decode
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from hmac import compare_digest
from ipaddress import ip_network

import structlog
from aiohttp import web

from mailgate.errors import LinesRefusedError, SourceError, Trouble
from mailgate.gateway import mail_server_logins
from mailgate.http.exchange import Exchange
from mailgate.http.grammar import members
from mailgate.http.proxy.heads import PSEUDONYM
from mailgate.http.request import RequestRefused
from mailgate.http.trusted_headers import Network, name_in, origin_of, within
from mailgate.model import Reason
from mailgate.model.addresses import read_address

LOOPBACK: tuple[Network, ...] = (ip_network("127.0.0.0/8"), ip_network("::1"))
WRONG_NAME = (
    "This is not a name of the admin port. Expected an address of this machine, localhost, the host of"
    " `console.url`, or a name in `console.hosts`."
)


@dataclass(frozen=True, slots=True)
class OwnHosts:
    """The names that the settings give to the admin port."""

    names: frozenset[str]
    """The names in lower case."""
    proxies: tuple[Network, ...] = ()
    """The proxies that are believed about the name in the browser's request (``X-Forwarded-Host``)."""

    def admit(self, exchange: Exchange) -> None:
        """Raise RequestRefused for a foreign name, and for a request that came through a gate's port for mail."""
        head = exchange.head
        if any(PSEUDONYM in each.split() for each in members(head.fields, b"via")):
            words = "This request came through a gate's port for mail. `upstream` must not lead here."
            raise RequestRefused(421, Reason.REQUEST_MALFORMED, words)
        asked = origin_of(
            head.fields, peer=exchange.peer, secure=exchange.secure, host=head.host, trusted=self.proxies
        ).host
        # HTTP/1.0 has no Host, and a browser always sends one
        if asked and not self._has(name_in(asked), exchange.reached_at):
            raise RequestRefused(421, Reason.REQUEST_MALFORMED, WRONG_NAME)

    def _has(self, name: str, reached_at: str) -> bool:
        if name in self.names or name == "localhost" or within(name, LOOPBACK):
            return True
        return bool(reached_at) and read_address(name) == read_address(reached_at) is not None


Handler = Callable[[web.Request], Awaitable[web.Response]]
Readiness = Callable[[], Awaitable[Mapping[str, object]]]


def admin_app(
    numbers: Callable[[str], Awaitable[tuple[bytes, str]]],
    readiness: Readiness,
    policy: Handler,
    intake: Handler,
) -> web.Application:
    """Make the application of the admin port. ``/healthz`` shows that the process runs, ``/readyz`` whether it is ready: 503 while it should get
    no traffic. ``policy`` answers ``/dovecot/policy``, and ``intake`` ``/api/devices/NAME``."""

    async def healthz(_: web.Request) -> web.Response:
        return web.Response(text="ok\n")

    async def readyz(_: web.Request) -> web.Response:
        state = await readiness()
        return web.json_response(state, status=200 if state["ready"] else 503)

    async def metrics(request: web.Request) -> web.Response:
        text, form = await numbers(request.headers.get("Accept", ""))
        return web.Response(body=text, headers={"Content-Type": form})

    app = web.Application()
    app.add_routes([web.get("/healthz", healthz), web.get("/readyz", readyz), web.get("/metrics", metrics)])
    app.add_routes([web.post(mail_server_logins.PATH, policy), web.post(PATH, intake)])
    return app


log = structlog.get_logger()

PATH = "/api/devices/{name}"
_PIECE = 64 * 1024


@dataclass(frozen=True, slots=True)
class Intake:
    """The address at which one source may post."""

    key: str = field(repr=False)
    most: int
    """The size of the largest body in bytes."""
    take: Callable[[Mapping[str, str], bytes], Awaitable[int]]
    """Takes headers and body; returns the number of records. May raise ``SourceError``."""
    proof: Callable[[Mapping[str, str], bytes], Awaitable[bool]] | None = None
    """Whether headers and body are from the source, if it proves that in another way than by the key; None if it sends the key."""


def intake_server(find: Callable[[str], Intake | None]) -> Callable[[web.Request], Awaitable[web.Response]]:
    """Make the handler, which answers with counts or with the mistakes line by line. ``find`` is called for every request, so that a reload
    takes effect."""

    async def answer(request: web.Request) -> web.Response:
        name = request.match_info["name"]
        intake = find(name)
        if intake is None:
            return _error(404, "no source of this name takes posts")
        if intake.proof is None and not has_key(intake.key, request):
            log.warning("intake-key-refused", connector=name)
            return _error(401, "send the API key: Authorization: Bearer KEY, or X-API-Key: KEY")
        body = await body_of(request, intake.most)
        if body is None:
            return _error(413, f"longer than {intake.most} bytes; send less at a time")
        headers = {header.lower(): value for header, value in request.headers.items()}
        if intake.proof is not None and not await intake.proof(headers, body):
            log.warning("intake-proof-refused", connector=name)
            return _error(401, "send the proof that the settings of this source ask for")
        return await _intake_result(name, intake, headers, body)

    return answer


async def _intake_result(name: str, intake: Intake, headers: Mapping[str, str], body: bytes) -> web.Response:
    try:
        count = await intake.take(headers, body)
    except LinesRefusedError as error:
        log.warning("intake-refused", connector=name, trouble=error.trouble, mistakes=error.count)
        told = [{"line": each.line, "field": each.field, "message": each.message} for each in error.mistakes]
        return web.json_response({"taken": 0, "count": error.count, "mistakes": told}, status=422)
    except SourceError as error:
        log.warning("intake-refused", connector=name, trouble=error.trouble)
        away = error.trouble is Trouble.STORE
        return _error(503 if away else 422, "the store does not answer" if away else str(error))
    return web.json_response({"taken": count})


def has_key(key: str, request: web.Request) -> bool:
    """Whether the request has the key exactly once, in a header that may hold it. Every wrong key takes the same time."""
    given = [
        *request.headers.getall("X-API-Key", []),
        *map(_credential, request.headers.getall("Authorization", [])),
    ]
    return len(given) == 1 and compare_digest(given[0].encode("utf-8", "surrogateescape"), key.encode())


def _credential(header: str) -> str:
    """The key in an Authorization header: a Bearer token, or the password of Basic credentials with any name."""
    scheme, _, rest = header.partition(" ")
    if scheme.casefold() == "bearer":
        return rest.strip()
    try:
        return (
            b64decode(rest, validate=True).decode().partition(":")[2] if scheme.casefold() == "basic" else ""
        )
    except ValueError:
        return ""


async def body_of(request: web.Request, most: int) -> bytes | None:
    """Read the body. Returns None if it is too long."""
    pieces = bytearray()
    async for piece in request.content.iter_chunked(_PIECE):
        pieces += piece
        if len(pieces) > most:
            return None
    return bytes(pieces)


def _error(status: int, message: str) -> web.Response:
    return web.json_response({"taken": 0, "error": message}, status=status)
