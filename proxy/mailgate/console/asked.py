"""The law of addresses: a page names what may stand behind the `?` of its address, and whatever else stands there is said to the reader.

A link that was changed by hand, or is of another release, then never shows something else than it seems to ask for.
"""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, TypeVar

from aiohttp import web

from mailgate.console.access import OPEN
from mailgate.console.layout import show
from mailgate.views.address_values import Reader, read_address

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
_Page = TypeVar("_Page", bound=Callable[..., Any])

_TAKES: dict[object, Mapping[str, Reader]] = {}
_READ_BY_THEMSELVES: set[object] = set()


def takes(**readers: Reader) -> Callable[[_Page], _Page]:
    """Mark a page whose address may say this. A page without a mark takes nothing."""

    def marked(page: _Page) -> _Page:
        _TAKES[page] = readers
        return page

    return marked


def reads_its_address(page: _Page) -> _Page:
    """Mark a page that says by itself what of its address cannot be meant."""
    _READ_BY_THEMSELVES.add(page)
    return page


@web.middleware
async def asked(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Answer what of the address cannot be meant, or let the request through to its page."""
    page = request.match_info.handler
    if (
        request.match_info.http_exception
        or request.match_info.route.name in OPEN
        or page in _READ_BY_THEMSELVES
    ):
        return await handler(request)
    said, mistakes = read_address(request.query.items(), _TAKES.get(page, {}))
    if not mistakes:
        return await handler(request)
    without = request.rel_url.with_query(said)
    return show(request, "misread.html", 422, mistakes=mistakes, without=str(without))
