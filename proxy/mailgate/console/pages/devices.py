"""*Devices*: search by whose it is, how it is called, what it is, what is on it and how it stands."""

from aiohttp import web

from mailgate.console.context import context_of
from mailgate.console.layout import show
from mailgate.model import Kind, PostureState
from mailgate.store import Sought
from mailgate.views.search import search

SIZE = 50
LONGEST = 256
STATES = (*(each.value for each in PostureState if each is not PostureState.UNAVAILABLE), "lost")
KINDS = tuple(each.value for each in Kind)


async def found(request: web.Request) -> web.Response:
    context = context_of(request)
    bundle = context.bundle()
    catalog, asked = bundle.policy.catalog, request.query
    sought = Sought(
        name=asked.get("name", "").strip()[:LONGEST],
        state=_one_of(STATES, asked.get("state", "")),
        kind=_one_of(KINDS, asked.get("kind", "")),
        app=_one_of(tuple(catalog.apps), asked.get("app", "")),
    )
    page = await search(context.store, bundle, sought, context.clock(), number(asked.get("after", "")), SIZE)
    return show(
        request,
        "devices.html",
        page=page,
        sought=sought,
        states=STATES,
        kinds=KINDS,
        apps=[(key, catalog.name_of(key)) for key in catalog.apps],
        name_of=catalog.name_of,
        anything=sought != Sought(),
    )


def _one_of(known: tuple[str, ...], word: str) -> str:
    return word if word in known else ""


def number(text: str) -> int:
    """A number of an address; 0 where it is none."""
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 19 else 0


ROUTES = [web.get("/devices", found, name="devices")]
