"""*Devices*: filtered by owner, kind and state, and sorted by any column. The address has the whole filter."""

import re
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from urllib.parse import urlencode

from aiohttp import web

from mailgate.config import Bundle
from mailgate.console.access import requires_role
from mailgate.console.address_values import AddressMistake, MisreadError
from mailgate.console.context import ConsoleContext, context_of, person_of
from mailgate.console.devices.filter import KINDS, STATES, ParsedFilter, filter_choices_of, read
from mailgate.console.devices.mail_status import HEADLINES
from mailgate.console.devices.rows import DevicePage, ListedDevice, find_devices
from mailgate.console.forms import form_of
from mailgate.console.layout import address, redirect_to, say_on_next_page, show
from mailgate.console.people.support_acts import ask_sources_of_all
from mailgate.console.query_parameters import checks_own_parameters
from mailgate.console.responses import send_sheet
from mailgate.console.words import kind_in_words, state_in_words
from mailgate.devices.device import Device
from mailgate.model.phrase import capital, phrase, plural
from mailgate.store.device_rows import SORT_COLUMNS, DeviceFilter

SIZE = 50
MAX_PAGE = 100
"""The most devices on one page, as in the API."""
EXPORT_PAGE = 500
"""How many devices are read at once for a file."""
MAX_ASKED = 500
"""The most devices whose sources are asked at once."""
PLACE = ("after", "limit")
"""The parameters of a page, besides those of the filter."""
SPANS = {
    "1d": phrase("a day ago"),
    "3d": phrase("three days ago"),
    "7d": phrase("a week ago"),
    "14d": phrase("two weeks ago"),
    "30d": phrase("30 days ago"),
}
COLUMNS = "device,name,person,mail,state,apps,source,reported_at,os,os_version,kind".split(",")
NO_DEVICES = DevicePage((), None)


@checks_own_parameters
async def show_devices(request: web.Request) -> web.Response:
    if (
        "" in request.query.values()
    ):  # leaves out untouched fields of the form, so that the address to share has only the filter
        said = [(name, text) for name, text in request.query.items() if text]
        raise web.HTTPSeeOther(f"{request.path}?{urlencode(said)}" if said else request.path)
    values = [(name, text) for name, text in request.query.items() if name not in PLACE]
    asked = await _filter_in(request, values)
    try:
        after, size = _place(request.query)
    except MisreadError as error:
        place = " ".join(f"{name}={request.query[name]}" for name in PLACE if name in request.query)
        return await _refused(request, asked, AddressMistake("", place, error.words))
    if asked.mistakes:
        return await _refused(request, asked)
    context, wanted = context_of(request), asked.wanted
    page = await find_devices(context.store, context.bundle(), wanted, context.clock(), after, size)
    count, whole = await context.store.rows.count(wanted)
    return await _shown(request, asked, page=page, count=count, whole=whole)


@checks_own_parameters
async def export(request: web.Request) -> web.StreamResponse:
    """Send all devices that match as CSV, while they are read."""
    context, asked = context_of(request), await _filter_in(request, request.query.items())
    if asked.mistakes:
        return await _refused(request, asked)
    pages = _all(context, asked.wanted)
    rows = ([_cells(device, context.bundle()) for device in each] async for each in pages)
    return await send_sheet(request, "devices", COLUMNS, rows)


@checks_own_parameters
@requires_role("operator")
async def ask_again(request: web.Request) -> web.Response:
    """Ask the sources of all devices that match, in the background."""
    context, sent = context_of(request), await form_of(request)
    asked = await _filter_in(request, [(name, str(text)) for name, text in sent.items() if name != "csrf"])
    if asked.mistakes:
        return await _refused(request, asked)
    devices = await _first(context, asked.wanted, MAX_ASKED + 1)
    begun, by = 0, person_of(request)
    if devices:
        begun = await ask_sources_of_all(context, devices[:MAX_ASKED], by, context.clock())
    said = plural(
        "The sources of %(count)s device are asked now.",
        "The sources of %(count)s devices are asked now.",
        begun,
    )
    more = phrase(
        "%(said)s There are more devices than that: filter the list to ask about others.", said=said
    )
    say_on_next_page(request, more if len(devices) > begun else said)
    return redirect_to(request, "devices", dict(asked.said))


async def _filter_in(request: web.Request, values: Iterable[tuple[str, str]]) -> ParsedFilter:
    context = context_of(request)
    known = await filter_choices_of(context.store, context.bundle())
    return read(values, known, context.clock())


def _place(query: Mapping[str, str]) -> tuple[int, int]:
    """The device after which the page begins, and the size of the page. Raises MisreadError."""
    after, size = query.get("after", ""), query.get("limit", "") or str(SIZE)
    if after and not re.fullmatch(r"[0-9a-f]{12}", after):
        raise MisreadError(phrase("this page does not exist; open the list again"))
    if not re.fullmatch(r"[0-9]{1,3}", size) or not 1 <= int(size) <= MAX_PAGE:
        raise MisreadError(phrase("a page has from 1 to %(most)s devices", most=MAX_PAGE))
    return int(after or "0", 16), int(size)


async def _refused(request: web.Request, asked: ParsedFilter, *more: AddressMistake) -> web.Response:
    return await _shown(request, asked, 422, mistakes=[*asked.mistakes, *more])


async def _shown(
    request: web.Request,
    asked: ParsedFilter,
    status: int = 200,
    mistakes: Sequence[AddressMistake] = (),
    page: DevicePage = NO_DEVICES,
    count: int = 0,
    whole: bool = True,
) -> web.Response:
    """The list with its filter. With mistakes nothing is listed."""
    said, wanted = asked.said, asked.wanted
    sort = f"-{wanted.sort}" if wanted.descending else wanted.sort
    return await show(
        request,
        "devices.html",
        status,
        shows=page.found,
        mistakes=mistakes,
        page=page,
        after="" if page.after is None else f"{page.after:012x}",
        said=said,
        limit=request.query.get("limit", ""),
        count=count,
        whole=whole,
        states=[(each, state_in_words(each)) for each in STATES],
        kinds=[(each, capital(kind_in_words(each))) for each in KINDS],
        spans=SPANS,
        known=asked.known,
        mails={each.value: words for each, words in HEADLINES.items()},
        sorts=_sorts(request, said, sort),
        anything=bool(set(said) - {"sort", "order"}),
    )


def number(text: str) -> int:
    """A number in an address; 0 if it is not a number."""
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 19 else 0


async def _all(context: ConsoleContext, wanted: DeviceFilter) -> AsyncIterator[tuple[ListedDevice, ...]]:
    after: int | None = 0
    while after is not None:
        page = await find_devices(
            context.store, context.bundle(), wanted, context.clock(), after, EXPORT_PAGE
        )
        yield page.found
        after = page.after


async def _first(context: ConsoleContext, wanted: DeviceFilter, most: int) -> list[Device]:
    """The first devices that match. No more of them are read than that takes."""
    found = list[Device]()
    async for page in _all(context, wanted):
        found += [each.device for each in page]
        if len(found) >= most:
            break
    return found[:most]


def _cells(each: ListedDevice, bundle: Bundle) -> list[str]:
    posture, row = each.posture, each.row
    apps = "; ".join(bundle.policy.catalog.name_of(key) for key in posture.apps)
    looked = posture.looked_from.isoformat() if posture.looked_from else ""
    cells = [each.device.id, each.name, posture.owner, row.mail, row.state, apps, row.source, looked]
    return [*cells, posture.os, posture.os_version, row.kind]


def _sorts(request: web.Request, said: Mapping[str, str], now: str) -> dict[str, tuple[str, str]]:
    """For each column, the link in its heading, and its current order (WAI-ARIA, aria-sort)."""
    links, rest = {}, {name: text for name, text in said.items() if name not in ("sort", "order")}
    for name in SORT_COLUMNS:
        turned = f"-{name}" if now == name else name
        order = "ascending" if now == name else "descending" if now == f"-{name}" else ""
        links[name] = (address(request, "devices", {**rest, "sort": turned}), order)
    return links


ROUTES = [
    web.get("/devices", show_devices, name="devices"),
    web.get("/devices.csv", export, name="devices-export"),
    web.post("/devices/ask", ask_again, name="devices-ask-all"),
]
