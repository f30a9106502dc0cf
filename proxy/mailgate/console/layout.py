"""Renders pages with the parts that every page has: the logged-in person, the menu and the current entry."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any
from urllib.parse import urlencode

from aiohttp import web
from yarl import URL

from mailgate.config.admins import sees_names
from mailgate.console.context import SESSION, context_of, language_of, person_of, roles_of
from mailgate.console.looks import may_open, names_anybody, note_look, sought_in
from mailgate.console.nouns import current_page, menu
from mailgate.console.plans.facts import waits_for
from mailgate.console.render import CLOSED, page
from mailgate.console.toasts import Toast
from mailgate.gateway.pages.view import own_path
from mailgate.rollout.approvals import plan_statuses
from mailgate.store import StoreError
from mailgate.texts import console_languages

ORIGIN_PAGE = "undoes"
"""The field of a form with the page on which its action began, or where that was done which it undoes."""
MAX_PLANS = 20
"""How many of the newest plans are looked at for one that waits."""
_ERRORS = ("refused.html", "misread.html")
_NOTED: web.RequestKey[bool] = web.RequestKey("noted")
"""Whether it is kept that the page was read."""
_NEXT_TOAST: web.RequestKey[Toast] = web.RequestKey("said")


async def show(
    request: web.Request,
    template: str,
    status: int = 200,
    *,
    shows: Any = None,
    standing_message: Toast | None = None,
    **values: Any,
) -> web.Response:
    """Render a page for the logged-in person.

    :param shows: the rows of people or devices that it shows, or one alone. It shows people even if it names none here (``looks.py``).
    :param standing_message: a message from the current state, shown unless there is one about an action.
    """
    if template not in _ERRORS:
        note_page(request, shows)
    now = context_of(request).clock()
    said = context_of(request).toasts.shown(request[SESSION].csrf, _page_of(request.rel_url), now)
    toast = said or (standing_message if standing_message and standing_message.lasts(now) else None)
    if not sees_names(roles_of(request)):  # it names whom they acted for while they had another role
        toast = None
    lasts = int(toast.lasts(now).total_seconds()) if toast else 0
    shown = {
        **common_values(request),
        "waits": await _waits(request) if status < 400 else {},
        "toast": toast,
        "lasts": lasts,
        **values,
    }
    return await page(template, status, **shown)


def note_page(request: web.Request, shows: Any = None, number: int | None = None) -> None:
    """Keep whom a page shows. Raises StoreUnavailableError if it cannot be kept."""
    request[_NOTED] = True
    sought = sought_in(request.match_info.items(), request.query.items())
    _note(request, request.match_info.route.name or "", sought, shows, request.query, number=number)


def note_read(request: web.Request) -> None:
    """Keep that a page is read, if nothing is kept of it yet. Raises StoreUnavailableError if it cannot be kept."""
    if _NOTED not in request:
        note_page(request)


def note_asked(request: web.Request, asked: Mapping[str, Any]) -> None:
    """Keep who was asked about in vain, if anybody is named: that nothing is known of them, or why something is not allowed, tells
    of them too. Raises StoreUnavailableError if it cannot be kept."""
    if names_anybody(asked):
        _note(request, request.match_info.route.name or "", "", None, asked)


def _note(
    request: web.Request, name: str, sought: str, shows: Any, asked: Any, number: int | None = None
) -> None:
    context, by, roles = context_of(request), person_of(request), roles_of(request)
    note_look(context.store, context.clock(), by, roles, name, sought, shows, asked, number=number)


async def _waits(request: web.Request) -> dict[str, int]:
    """How much waits for this person, by the first page of the menu's entry. Without the store nothing is said to wait."""
    context, roles, name = context_of(request), roles_of(request), request[SESSION].name
    if not roles & {"operator", "approver"}:
        return {}
    try:
        people, nobodys, _ = (
            await context.store.help_requests.waiting(0) if "operator" in roles else (0, 0, [])
        )
        plans = await plan_statuses(context.store, context.guard, context.clock(), MAX_PLANS)
    except StoreError:
        return {}
    return {
        "help_requests": people + nobodys,
        "policy": sum(waits_for(plan, name, may_approve="approver" in roles) for plan in plans),
    }


async def show_without_login(
    request: web.Request, template: str, status: int = 200, **values: Any
) -> web.Response:
    """Render a page for somebody who is not logged in. Only the login page can be loaded again in another language."""
    words = language_values(request)
    if request.match_info.route.name != "login":
        words["others"] = []
    return await page(template, status, **words, **values)


def say_on_next_page(request: web.Request, words: str, undo: str = "", **fields: str) -> None:
    """Show a message on the next page. ``undo`` is the address of a form that takes the action back, with these fields."""
    request[_NEXT_TOAST] = Toast(words, context_of(request).clock(), undo, fields)


def common_values(request: web.Request) -> dict[str, Any]:
    """The values that the templates of every page need."""
    session, roles, policy = request[SESSION], roles_of(request), context_of(request).bundle().policy

    def to(name: str, query: dict[str, Any] | None = None, /, **parts: str) -> str:
        return address(request, name, query, **parts) if may_open(name, roles) else CLOSED

    return {
        **language_values(request),
        "menu": [
            (words, open_to)
            for words, entries in menu()
            if (open_to := [each for each in entries if may_open(each.pages[0].name, roles)])
        ],
        "names": sees_names(roles),
        "place": current_page(request.match_info.route.name or "", request.path_qs),
        "who": session.name,
        "roles": roles,
        "csrf": session.csrf,
        "title_of": policy.title_of,
        "name_of": policy.catalog.name_of,
        "to": to,
    }


def language_values(request: web.Request) -> dict[str, Any]:
    """The language of a page, and the other languages to choose from. A page that answers a form cannot be loaded again."""
    language = language_of(request)
    others = [each for each in console_languages().values() if each.tag != language.tag]
    here = request.rel_url.raw_path_qs if request.method == "GET" else ""
    return {"lang": language, "others": others if here else [], "here_again": here}


def address(request: web.Request, name: str, query: dict[str, Any] | None = None, /, **parts: str) -> str:
    """The address of the page with this name. Empty values of the query are left out."""
    path = str(request.app.router[name].url_for(**parts))
    asked = {key: value for key, value in (query or {}).items() if value not in ("", None)}
    return f"{path}?{urlencode(asked, doseq=True)}" if asked else path


def redirect_to(
    request: web.Request, name: str, query: dict[str, Any] | None = None, /, **parts: str
) -> web.Response:
    """Redirect to a page after an action, so that reloading does not repeat it, or from a search. Whoever only searches is told by
    the address whom they found, so that is a look at the page."""
    if request.method in ("GET", "HEAD"):
        named = {name: str(text) for name, text in (query or {}).items()}
        whom = {"device": parts["id"]} if "id" in parts else {"login": named.get("login")}
        _note(request, name, sought_in(parts.items(), named.items()), None, whom)
    return _redirect(request, address(request, name, query, **parts))


def redirect_after(
    request: web.Request, words: str, name: str, query: dict[str, Any] | None = None, /, **parts: str
) -> web.Response:
    """Redirect to a page after an action, and say there what is so now."""
    say_on_next_page(request, words)
    return redirect_to(request, name, query, **parts)


def redirect_back(request: web.Request, sent: Mapping[str, Any], name: str, /, **parts: str) -> web.Response:
    """Redirect to the page where an action began, or where the undone one was done; else to the page of this name."""
    return _redirect(request, page_of_origin(request, sent) or address(request, name, **parts))


def page_of_origin(request: web.Request, sent: Mapping[str, Any]) -> str:
    """The page of the console on which an action began, by its form; empty if it does not say."""
    page = str(sent.get(ORIGIN_PAGE, ""))
    return page if page.startswith(address(request, "now")) and own_path(page) == page else ""


def _redirect(request: web.Request, page: str) -> web.Response:
    said = request.get(_NEXT_TOAST)
    if said is not None:
        said = replace(said, page=_page_of(URL(page)), fields={**said.fields, ORIGIN_PAGE: page})
        context_of(request).toasts.say(request[SESSION].csrf, said)
    raise web.HTTPSeeOther(page)


def _page_of(url: URL) -> str:
    """The page of an address, in a form that can be compared."""
    return f"{url.path}?{url.query_string}"
