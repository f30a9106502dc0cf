"""Renders pages with what every page shows: the logged-in person, the menu and the current entry."""

from typing import Any
from urllib.parse import urlencode

from aiohttp import web

from mailgate.console.context import SESSION, context_of, roles_of
from mailgate.console.nouns import NOUNS
from mailgate.console.render import page
from mailgate.console.toasts import Toast

_BESIDE = {"people": "devices"}
"""The menu entry of pages that have none of their own."""


def show(request: web.Request, template: str, status: int = 200, **values: Any) -> web.Response:
    """Render a page for the logged-in person."""
    now = context_of(request).clock()
    toast = context_of(request).toasts.shown(request[SESSION].csrf, now)
    lasts = int(toast.lasts(now).total_seconds()) if toast else 0
    return page(template, status, **surrounding(request), toast=toast, lasts=lasts, **values)


def say(request: web.Request, words: str, undo: str = "", **fields: str) -> None:
    """Say on the next page what was just done. ``undo`` is the address that takes it back, with these fields."""
    context = context_of(request)
    context.toasts.say(request[SESSION].csrf, Toast(words, context.clock(), undo, fields))


def surrounding(request: web.Request) -> dict[str, Any]:
    """The values that the templates of every page need."""
    here = (request.match_info.route.name or "").partition("-")[0]
    here = _BESIDE.get(here, here)
    menu = [(address(request, name), words, name == here) for name, words in NOUNS if words]
    session = request[SESSION]
    return {
        "menu": menu,
        "who": session.name,
        "roles": roles_of(request),
        "csrf": session.csrf,
        "to": lambda name, query=None, /, **parts: address(request, name, query, **parts),
    }


def address(request: web.Request, name: str, query: dict[str, Any] | None = None, /, **parts: str) -> str:
    """The address of the page with this name. Empty values of the query are left out."""
    path = str(request.app.router[name].url_for(**parts))
    asked = {key: value for key, value in (query or {}).items() if value not in ("", None)}
    return f"{path}?{urlencode(asked)}" if asked else path


def seen_other(
    request: web.Request, name: str, query: dict[str, Any] | None = None, /, **parts: str
) -> web.Response:
    """Redirect to a page once something was done, so that reloading it does not repeat the act."""
    raise web.HTTPSeeOther(address(request, name, query, **parts))
