"""*Audit*: who changed what, the proof that nobody has edited that since, and all of it to take away."""

import csv
import io
import json
from collections.abc import Callable

from aiohttp import web

from mailgate.console.desk import desk_of
from mailgate.console.pages.devices import number
from mailgate.console.view import show
from mailgate.store import Entry
from mailgate.telling.audit import COLUMNS, line_of, row_of

SIZE = 100
_NEWEST = 2**31 - 1


async def entries(request: web.Request) -> web.Response:
    audit, asked = desk_of(request).store.audit, request.query
    sought, who = (asked.get(name, "").strip()[:200] for name in ("sought", "who"))
    before = min(number(asked.get("before", "")) or _NEWEST, _NEWEST)
    found = await audit.search(sought, who, before, SIZE)
    more = found[-1].number if len(found) == SIZE else 0
    return show(
        request,
        "audit.html",
        found=found,
        sought=sought,
        who_did=who,
        more=more,
        details=_details,
        verified=None,
    )


async def verify(request: web.Request) -> web.Response:
    """Look at every entry of the log."""
    audit = desk_of(request).store.audit
    found, head = await audit.verify(), await audit.head()
    return show(request, "audit_verified.html", breaks=found, head=head)


async def export(request: web.Request) -> web.StreamResponse:
    """Every entry, as CSV or as one JSON object a line; written as it is read."""
    kind = request.match_info["kind"]
    form: Callable[[Entry], str] = _csv_line if kind == "csv" else lambda entry: line_of(entry) + "\n"
    types = {"csv": "text/csv; charset=utf-8", "jsonl": "application/jsonl; charset=utf-8"}
    named = f'attachment; filename="mailgate-audit.{kind}"'
    answer = web.StreamResponse(headers={"Content-Type": types[kind], "Content-Disposition": named})
    await answer.prepare(request)
    if kind == "csv":
        await answer.write(_csv(COLUMNS).encode())
    async for entry in desk_of(request).store.audit.all():
        await answer.write(form(entry).encode())
    await answer.write_eof()
    return answer


def _details(entry: Entry) -> dict[str, object]:
    told = json.loads(entry.details)
    return told if isinstance(told, dict) else {}


def _csv_line(entry: Entry) -> str:
    return _csv(row_of(entry))


def _csv(cells: object) -> str:
    sheet = io.StringIO()
    csv.writer(sheet).writerow(cells)  # type: ignore[arg-type]
    return sheet.getvalue()


ROUTES = [
    web.get("/audit", entries, name="audit"),
    web.get("/audit/verify", verify, name="audit-verify"),
    web.get("/audit/export.{kind:csv|jsonl}", export, name="audit-export"),
]
