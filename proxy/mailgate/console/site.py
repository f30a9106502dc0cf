"""The console's routes, and the checks of every request to them."""

import asyncio

from aiohttp import web

from mailgate.console.access import admitted
from mailgate.console.asked import asked
from mailgate.console.begin_session import keep_fresh
from mailgate.console.context import CLOSING, CONTEXT, ConsoleContext
from mailgate.console.error_pages import told
from mailgate.console.headers import secure
from mailgate.console.pages import ROUTES

PATH = "/console"
MOST = 4 * 1024 * 1024
"""The largest form in bytes. It may hold the files of a candidate."""


def console_app(context: ConsoleContext) -> web.Application:
    """The application below ``/console``."""
    app = web.Application(middlewares=[told, admitted, asked], client_max_size=MOST)
    app[CONTEXT], app[CLOSING] = context, asyncio.Event()
    app.add_routes(ROUTES)
    app.on_response_prepare.extend((secure, keep_fresh))
    app.on_shutdown.append(_end_streams)
    return app


def with_console(admin: web.Application, context: ConsoleContext) -> web.Application:
    """The admin port's application with the console in it. Its root redirects there."""
    admin.add_routes([web.get("/", _lead), web.get(PATH, _lead)])
    admin.add_subapp(PATH, console_app(context))
    return admin


async def _lead(_: web.Request) -> web.Response:
    raise web.HTTPSeeOther(f"{PATH}/")


async def _end_streams(app: web.Application) -> None:
    """End the event streams of pages, since the gate would wait for them when it stops."""
    app[CLOSING].set()
