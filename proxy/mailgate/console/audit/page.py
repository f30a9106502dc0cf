"""*Audit*: who changed what, the verification of the log, and its export."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from aiohttp import web

from mailgate.console.address_values import line, whole
from mailgate.console.audit.facts import COLUMNS, line_of, row_of, verified
from mailgate.console.context import context_of
from mailgate.console.devices.page import number
from mailgate.console.layout import show
from mailgate.console.query_parameters import accepts_parameters
from mailgate.console.render import count
from mailgate.console.responses import send_sheet
from mailgate.console.spreadsheet import saved_as
from mailgate.model.phrase import joined, phrase
from mailgate.store import AuditEntry
from mailgate.store.hash_chain import details_of
from mailgate.tasks import compute

SIZE = 100
_NEWEST = 2**31 - 1
NO_VALUE = phrase("none")


@accepts_parameters(sought=line(), who=line(), before=whole(_NEWEST))
async def entries(request: web.Request) -> web.Response:
    audit, asked = context_of(request).store.audit, request.query
    sought, who = (asked.get(name, "").strip() for name in ("sought", "who"))
    before = min(number(asked.get("before", "")) or _NEWEST, _NEWEST)
    looked = await audit.search(sought, who, before, SIZE)
    return await show(request, "audit.html", looked=looked, sought=sought, who_did=who, details=_details)


async def verify(request: web.Request) -> web.Response:
    """Verify every entry of the log and the rows that it names."""
    context = context_of(request)
    found, head = await verified(context.store, context.bundle().settings, context.clock())
    return await show(request, "audit_verified.html", breaks=found, head=head)


async def export(request: web.Request) -> web.StreamResponse:
    """Send every entry, as CSV or as one JSON object per line, while it is read."""
    pages = context_of(request).store.audit.pages()
    if request.match_info["kind"] == "csv":
        rows = ([row_of(entry) for entry in page] async for page in pages)
        return await send_sheet(request, "audit", COLUMNS, rows)
    named = {"Content-Type": "application/jsonl; charset=utf-8"}
    answer = web.StreamResponse(headers=named | {"Content-Disposition": saved_as("audit", "jsonl")})
    await answer.prepare(request)
    async for page in pages:
        # other requests get their turn during a long log
        await answer.write(await compute(_json_lines, page))
    await answer.write_eof()
    return answer


def _details(entry: AuditEntry) -> dict[str, str]:
    """The details of an entry, each with its name, in words."""
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
    return "".join(f"{line_of(entry)}\n" for entry in entries).encode()


ROUTES = [
    web.get("/audit", entries, name="audit"),
    web.get("/audit/verify", verify, name="audit-verify"),
    web.get("/audit/export.{kind:csv|jsonl}", export, name="audit-export"),
]
