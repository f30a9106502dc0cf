"""The admin port: health, readiness, metrics, and the mail server's questions. It never listens on the public address."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from ipaddress import ip_network

from aiohttp import web

from mailgate.gateway.admin_port.intake import PATH as DEVICES
from mailgate.gateway.mail_server_logins.dovecot import PATH
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
            head.fields,
            peer=exchange.peer,
            secure=exchange.secure,
            host=head.host,
            trusted=self.proxies,
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
    """Make the application of the admin port.

    ``/healthz`` shows that the process runs. ``/readyz`` shows whether it is ready, and answers 503 while it should get
    no traffic. ``/metrics`` has the metrics. ``policy`` answers ``/dovecot/policy``, and ``intake``
    ``/api/devices/NAME``.
    """

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
    app.add_routes([web.post(PATH, policy), web.post(DEVICES, intake)])
    return app
