"""The console's addresses, and what every request to them has to pass."""

from aiohttp import web

from mailgate.console.desk import DESK, Desk
from mailgate.console.entrance import admitted
from mailgate.console.headers import secure
from mailgate.console.pages import ROUTES

PATH = "/console"
MOST = 2 * 1024 * 1024
"""Bytes of a form: the files of a candidate."""


def console_app(desk: Desk) -> web.Application:
    """The application below ``/console``."""
    app = web.Application(middlewares=[admitted], client_max_size=MOST)
    app[DESK] = desk
    app.add_routes(ROUTES)
    app.on_response_prepare.append(secure)
    return app
