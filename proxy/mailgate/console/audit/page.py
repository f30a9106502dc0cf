"""*Audit log*: who changed what, the verification of the log, and its export."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from aiohttp import web

from mailgate.console.address_values import day, line, whole
from mailgate.console.audit import facts
from mailgate.console.context import context_of
from mailgate.console.devices.page import number
from mailgate.console.layout import show
from mailgate.console.nouns import current_page
from mailgate.console.query_parameters import POSITION, accepts_parameters, position_in, position_values
from mailgate.console.render import count
from mailgate.console.responses import begin_file, send_sheet
from mailgate.console.spreadsheet import saved_as
from mailgate.model.phrase import joined, phrase
from mailgate.store import AuditEntry
from mailgate.store.hash_chain import details_of
from mailgate.tasks import compute

SIZE = 100
_NEWEST = 2**31 - 1
NO_VALUE = phrase("none")

_FILTER = {"sought": line(), "who": line(), "since": day, "until": day}
BY_ITSELF = ("gate", "file")
"""Who acts where no person does."""


@accepts_parameters(**_FILTER, before=whole(_NEWEST))
async def entries(request: web.Request) -> web.Response:
    context, said = context_of(request), _said(request)
    before = min(number(request.query.get("before", "")) or _NEWEST, _NEWEST)
    numbers = await facts.numbers_of(context.store, said["since"], said["until"])
    before = min(before, numbers.stop)
    looked = await context.store.audit.search(said["sought"], said["who"], before, SIZE, numbers.start)
    months = facts.months_until(context.clock().date())
    return await show(
        request,
        "audit.html",
        looked=looked,
        said=said,
        months=[(*each, len(await facts.numbers_of(context.store, *each))) for each in months],
        people=sorted({*context.bundle().settings.admins, *BY_ITSELF}),
        details=_details,
    )


def _said(request: web.Request) -> dict[str, str]:
    return {name: request.query.get(name, "").strip() for name in _FILTER}


_WHERE = {"people": phrase("Person"), "find": phrase("Find")}
_LOOKS = {"who": line(), "whom": line(), "since": day, "until": day}


@accepts_parameters(**_LOOKS, **POSITION)
async def show_looks(request: web.Request) -> web.Response:
    """Who looked at whose data."""
    said = {name: request.query.get(name, "").strip() for name in _LOOKS}
    since, until = facts.day_ends(said["since"], said["until"])
    found = await context_of(request).store.looks.page(
        SIZE, position_in(request.query), who=said["who"], whom=said["whom"], since=since, until=until
    )
    further = said | position_values(found[-1].place) if len(found) == SIZE else {}
    where = {each.what: of.words for each in found if (of := current_page(each.what, ""))} | _WHERE
    return await show(
        request, "looks.html", shows=found, found=found, said=said, further=further, where=where
    )


async def verify(request: web.Request) -> web.Response:
    """Verify every entry of the log and the rows that it names."""
    context = context_of(request)
    found, head = await facts.verified(context.store, context.bundle().settings, context.clock())
    return await show(request, "audit_verified.html", breaks=found, head=head)


@accepts_parameters(**_FILTER)
async def export(request: web.Request) -> web.StreamResponse:
    """Send every entry that matches, as CSV or as one JSON object per line, while it is read."""
    store, said = context_of(request).store, _said(request)
    numbers = await facts.numbers_of(store, said["since"], said["until"])
    pages = store.audit.pages(said["sought"], said["who"], numbers)
    if request.match_info["kind"] == "csv":
        rows = ([facts.row_of(entry) for entry in page] async for page in pages)
        return await send_sheet(request, "audit", facts.COLUMNS, rows)
    answer = await begin_file(request, "application/jsonl", saved_as("audit", "jsonl"))
    async for page in pages:
        # other requests get their turn during a long log
        await answer.write(await compute(_json_lines, page))
    await answer.write_eof()
    return answer


def _details(entry: AuditEntry) -> dict[str, str]:
    return dict(_lines(details_of(entry)))


def _lines(details: Mapping[str, Any], before: str = "") -> Iterator[tuple[str, str]]:
    for name, value in details.items():
        named = f"{before}{name.replace('_', ' ')}"
        if isinstance(value, dict):
            yield from _lines(value, f"{named}, ")
        else:
            yield named, _worded(value)


def _worded(value: object) -> str:
    if isinstance(value, list):
        return joined(map(_worded, value)) or NO_VALUE
    if isinstance(value, dict):
        return "; ".join(f"{name} {words}" for name, words in _lines(value))
    if value is None or value == "":
        return NO_VALUE
    if isinstance(value, bool):
        return phrase("yes") if value else phrase("no")
    return count(value) if isinstance(value, int) else str(value)


def _json_lines(entries: Sequence[AuditEntry]) -> bytes:
    return "".join(map(facts.line_of, entries)).encode()


ROUTES = [
    web.get("/audit", entries, name="audit"),
    web.get("/audit/looks", show_looks, name="looks"),
    web.get("/audit/verify", verify, name="audit-verify"),
    web.get("/audit/export.{kind:csv|jsonl}", export, name="audit-export"),
]
