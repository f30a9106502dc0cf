"""The console's routes, and the checks of every request to them."""

import asyncio

from aiohttp import web

from mailgate.console.access import require_login
from mailgate.console.context import CLOSING, CONTEXT, ConsoleContext
from mailgate.console.error_pages import show_errors
from mailgate.console.headers import secure
from mailgate.console.pages import ROUTES
from mailgate.console.query_parameters import check_parameters
from mailgate.console.session_start import set_new_session_cookie

PATH = "/console"
MAX_BODY_BYTES = 4 * 1024 * 1024
"""The largest form in bytes. It may hold the files of a candidate."""


def console_app(context: ConsoleContext) -> web.Application:
    """The application below ``/console``."""
    app = web.Application(
        middlewares=[show_errors, require_login, check_parameters], client_max_size=MAX_BODY_BYTES
    )
    app[CONTEXT], app[CLOSING] = context, asyncio.Event()
    app.add_routes(ROUTES)
    app.on_response_prepare.extend((secure, set_new_session_cookie))
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
