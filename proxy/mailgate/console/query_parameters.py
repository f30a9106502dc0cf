"""The query of an address: each page declares the parameters that it takes, and any other parameter is an error. Two of them
have a form of their own: the position in a list, and the filter of a plan's movers.

So a link that was changed by hand, or that belongs to another release, never shows something else than it seems to ask
for.
"""

from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any, TypeVar

from aiohttp import web

from mailgate.console.access import OPEN
from mailgate.console.address_values import MisreadError, Reader, line, one_of, read_address, whole
from mailgate.console.devices.filter import KINDS
from mailgate.console.layout import show
from mailgate.model.phrase import phrase
from mailgate.rollout.plan import LABELS, Plan
from mailgate.store import RowPosition
from mailgate.store.plan_movers import SORT_COLUMNS, MoverFilter

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
_Page = TypeVar("_Page", bound=Callable[..., Any])

_ACCEPTED: dict[object, Mapping[str, Reader]] = {}
_CHECKS_ITSELF: set[object] = set()


def accepts_parameters(**readers: Reader) -> Callable[[_Page], _Page]:
    """Declare the parameters that a page takes. A page without this takes none."""

    def marked(page: _Page) -> _Page:
        _ACCEPTED[page] = readers
        return page

    return marked


def checks_own_parameters(page: _Page) -> _Page:
    """Declare that a page checks its parameters itself."""
    _CHECKS_ITSELF.add(page)
    return page


@web.middleware
async def check_parameters(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Answer with the parameters that were not understood, or let the request through to its page."""
    page = request.match_info.handler
    if request.match_info.http_exception or request.match_info.route.name in OPEN or page in _CHECKS_ITSELF:
        return await handler(request)
    said, mistakes = read_address(request.query.items(), _ACCEPTED.get(page, {}))
    if not mistakes:
        return await handler(request)
    without = request.rel_url.with_query(said)
    return await show(request, "misread.html", 422, mistakes=mistakes, without=str(without))


SPAN = timedelta(hours=2)
"""How far back recent decisions reach."""
_MAX_NAME = 64
"""The most characters of a name."""


def _moment(text: str) -> str:
    with suppress(ValueError):
        if datetime.fromisoformat(text).tzinfo:
            return text
    raise MisreadError(phrase("this page does not exist; open the list again"))


POSITION: Mapping[str, Reader] = {"at": _moment, "after": line(_MAX_NAME)}
"""The parameters of a position."""


def position_in(query: Mapping[str, str]) -> RowPosition | None:
    """The position in an address; None for the beginning."""
    with suppress(ValueError):
        at = datetime.fromisoformat(query.get("at", ""))
        return RowPosition(at, query.get("after", "")) if at.tzinfo else None
    return None


def position_values(place: RowPosition | None) -> dict[str, str]:
    """A position as a part of an address; empty at the end."""
    return {"at": place.at.isoformat(), "after": place.name} if place else {}


MAX_MOMENT = 9999
"""The highest number of a moment."""
READERS: Mapping[str, Reader] = {
    "name": line(),
    "label": one_of(tuple(LABELS)),
    "kind": one_of(KINDS),
    "rule": line(),
    "group": line(),
    "at": whole(MAX_MOMENT),
    "sort": one_of((*SORT_COLUMNS, *(f"-{each}" for each in SORT_COLUMNS))),
}
"""The parameters of the filter."""


def parameters_in(query: Mapping[str, str]) -> dict[str, str]:
    return {name: text for name in READERS if (text := query.get(name, "").strip())}


def filter_in(said: Mapping[str, str]) -> MoverFilter:
    sort, at = said.get("sort", ""), said.get("at", "")
    texts: dict[str, Any] = {name: said.get(name, "") for name in ("name", "label", "kind", "rule", "group")}
    at_moment = int(at) if at else None
    return MoverFilter(**texts, at=at_moment, sort=sort.removeprefix("-"), descending=sort.startswith("-"))


def values_of(plan: Plan, dimension: str) -> list[str]:
    """The kinds, rules or groups of the movers, by name."""
    held = [plan.held_back.newly] if plan.held_back else []
    newly = (plan.newly, *(each.newly for each in plan.later), *held)
    return sorted(
        {row.value for each in newly for label in LABELS for row in each[label].by.get(dimension, ())}
    )
