"""A page with what every page shows: who is logged in, the menu, and where one is."""

from typing import Any

from aiohttp import web

from mailgate.console.desk import SESSION, roles_of
from mailgate.console.render import page

MENU = (
    ("now", "Now"),
    ("devices", "Devices"),
    ("policy", "Policy"),
    ("audit", "Audit"),
)
"""Route name and words, in order."""


def show(request: web.Request, template: str, status: int = 200, **values: Any) -> web.Response:
    """Render a page for who is logged in."""
    router, route = request.app.router, request.match_info.route.name or ""
    here = route.partition("-")[0]
    menu = [(str(router[name].url_for()), words, name == here) for name, words in MENU]
    session = request[SESSION]
    return page(
        template,
        status,
        menu=menu,
        who=session.name,
        roles=roles_of(request),
        csrf=session.csrf,
        to=lambda name, **parts: str(router[name].url_for(**parts)),
        **values,
    )
