"""*Devices*: filtered by whose they are, what they are and how they stand, sorted by any column; all of it in the address."""

import csv
import io
from collections.abc import AsyncIterator, Mapping
from contextlib import suppress
from datetime import UTC, datetime, timedelta

from aiohttp import web

from mailgate.config import Bundle
from mailgate.console.access import needs
from mailgate.console.context import ConsoleContext, context_of, person_of
from mailgate.console.forms import form_of
from mailgate.console.layout import address, say, seen_other, show
from mailgate.console.support_acts import ask_sources_of_all
from mailgate.gateway.pages.devices import SYSTEMS
from mailgate.model import Kind, PostureState
from mailgate.store.device_rows import SORTS, Wanted
from mailgate.views.device_rows import ListedDevice, look
from mailgate.views.mail_status import HEADLINES, MailAccess

SIZE = 50
EXPORTED = 500
"""Devices that are read at once for a file."""
ASKED = 500
"""Of how many devices the sources are asked at most at once."""
LONGEST = 256
STATES = (*(each.value for each in PostureState if each is not PostureState.UNAVAILABLE), "lost")
KINDS = tuple(each.value for each in Kind)
SPANS = {"1d": "a day", "3d": "three days", "7d": "a week", "14d": "two weeks", "30d": "30 days"}
FIELDS = ("name", "state", "kind", "os", "source", "group", "mail", "app", "before", "sort")
"""What an address may say."""
COLUMNS = "device,name,person,mail,state,apps,source,reported_at,os,os_version,kind".split(",")


async def found(request: web.Request) -> web.Response:
    context, asked = context_of(request), request.query
    bundle, now = context.bundle(), context.clock()
    wanted, after = wanted_of(asked, bundle, now), number(asked.get("after", ""))
    page = await look(context.store, bundle, wanted, now, after, SIZE)
    count, whole = await context.store.rows.count(wanted)
    said = {name: text for name in FIELDS if (text := asked.get(name, "").strip()[:LONGEST])}
    return show(
        request,
        "devices.html",
        page=page,
        said=said,
        wanted=wanted,
        count=count,
        whole=whole,
        states=STATES,
        kinds=KINDS,
        spans=SPANS,
        systems=SYSTEMS,
        mails={each.value: words for each, words in HEADLINES.items()},
        sources=_with(sorted(bundle.settings.connectors), wanted.source),
        groups=_with(sorted(bundle.groups.names()), wanted.group),
        apps=[(key, bundle.policy.catalog.name_of(key)) for key in bundle.policy.catalog.apps],
        name_of=bundle.policy.catalog.name_of,
        sorts=_sorts(request, said),
        anything=bool(set(said) - {"sort"}),
    )


async def export(request: web.Request) -> web.StreamResponse:
    """All that are meant, as CSV; written as it is read."""
    context = context_of(request)
    wanted = wanted_of(request.query, context.bundle(), context.clock())
    named = {"Content-Type": "text/csv; charset=utf-8"}
    named["Content-Disposition"] = 'attachment; filename="mailgate-devices.csv"'
    answer = web.StreamResponse(headers=named)
    await answer.prepare(request)
    await answer.write(_csv([COLUMNS]))
    async for each in _all(context, wanted):
        await answer.write(_csv([_cells(device, context.bundle()) for device in each]))
    await answer.write_eof()
    return answer


@needs("operator")
async def ask_again(request: web.Request) -> web.Response:
    """Ask the sources of all that are meant, in the background."""
    context, sent = context_of(request), await form_of(request)
    said = {name: text for name in FIELDS if (text := str(sent.get(name, "")).strip()[:LONGEST])}
    devices = [
        each.device
        async for page in _all(context, wanted_of(said, context.bundle(), context.clock()))
        for each in page
    ][:ASKED]
    if devices:
        await ask_sources_of_all(context, devices, person_of(request), context.clock())
    say(
        request,
        f"The sources of {len(devices):,} {'device is' if len(devices) == 1 else 'devices are'} asked now.",
    )
    return seen_other(request, "devices", said)


def wanted_of(asked: Mapping[str, str], bundle: Bundle, now: datetime) -> Wanted:
    """What an address asks for; a word that it cannot mean asks for nothing."""

    def text(name: str) -> str:
        return asked.get(name, "").strip()[:LONGEST]

    sort, state = text("sort"), text("state")
    mail = MailAccess.LOST.value if state == "lost" else text("mail")
    return Wanted(
        name=text("name"),
        state=_one_of(tuple(PostureState), state),
        kind=_one_of(KINDS, text("kind")),
        os=text("os"),
        source=text("source"),
        group=text("group"),
        mail=_one_of(tuple(MailAccess), mail),
        app=_one_of(tuple(bundle.policy.catalog.apps), text("app")),
        before=moment(text("before"), now),
        sort=_one_of(SORTS, sort.removeprefix("-")),
        descending=sort.startswith("-") and sort[1:] in SORTS,
    )


def moment(text: str, now: datetime) -> datetime | None:
    """A day, a time, or so many days ago (`7d`); None for what is neither."""
    days = text.removesuffix("d")
    if text.endswith("d") and days.isascii() and days.isdecimal() and len(days) < 5:
        return now - timedelta(days=int(days))
    with suppress(ValueError):
        at = datetime.fromisoformat(text)
        return at if at.tzinfo else at.replace(tzinfo=UTC)
    return None


def number(text: str) -> int:
    """A number of an address; 0 where it is none."""
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 19 else 0


async def _all(context: ConsoleContext, wanted: Wanted) -> AsyncIterator[tuple[ListedDevice, ...]]:
    after: int | None = 0
    while after is not None:
        page = await look(context.store, context.bundle(), wanted, context.clock(), after, EXPORTED)
        yield page.found
        after = page.after


def _cells(each: ListedDevice, bundle: Bundle) -> list[str]:
    posture, row = each.posture, each.row
    apps = "; ".join(bundle.policy.catalog.name_of(key) for key in posture.apps)
    looked = posture.reported_at.isoformat() if posture.reported_at else ""
    cells = [each.device.id, each.name, posture.owner, row.mail, row.state, apps, row.source, looked]
    return [_inert(cell) for cell in [*cells, posture.os, posture.os_version, row.kind]]


def _inert(cell: str) -> str:
    """What a spreadsheet would take for a formula is a text."""
    return f"'{cell}" if cell[:1] in ("=", "+", "-", "@", "\t", "\r") else cell


def _csv(rows: list[list[str]]) -> bytes:
    sheet = io.StringIO()
    csv.writer(sheet).writerows(rows)
    return sheet.getvalue().encode()


def _sorts(request: web.Request, said: Mapping[str, str]) -> dict[str, tuple[str, str]]:
    """Of each column, where a click on its head leads, and how it is sorted now (WAI-ARIA, aria-sort)."""
    now, found = said.get("sort", ""), {}
    for name in SORTS:
        turned = f"-{name}" if now == name else name
        order = "ascending" if now == name else "descending" if now == f"-{name}" else ""
        found[name] = (address(request, "devices", {**said, "sort": turned}), order)
    return found


def _one_of(known: tuple[str, ...], word: str) -> str:
    return word if word in known else ""


def _with(known: list[str], asked: str) -> list[str]:
    return known if not asked or asked in known else [*known, asked]


ROUTES = [
    web.get("/devices", found, name="devices"),
    web.get("/devices.csv", export, name="devices-export"),
    web.post("/devices/ask", ask_again, name="devices-ask-all"),
]
