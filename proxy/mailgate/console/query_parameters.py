"""The query of an address: each page declares the parameters that it takes, and any other parameter is an error.

So a link that was changed by hand, or that belongs to another release, never shows something else than it seems to ask
for.
"""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, TypeVar

from aiohttp import web

from mailgate.console.access import OPEN
from mailgate.console.layout import show
from mailgate.views.address_values import Reader, read_address

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
