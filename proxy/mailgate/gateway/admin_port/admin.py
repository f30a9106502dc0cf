"""The admin port: health, readiness, metrics, and the mail server's questions. It never listens on the public address."""

from collections.abc import Awaitable, Callable, Mapping

from aiohttp import web

from mailgate.gateway.admin_port.intake import PATH as DEVICES
from mailgate.gateway.side_door.dovecot import PATH

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
