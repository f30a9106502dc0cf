"""The audit log: its entries, their verification and their export."""

from collections.abc import AsyncIterator, Callable, Iterable
from typing import Annotated

from pydantic import WithJsonSchema

from mailgate.console.address_values import day
from mailgate.console.api.operation import Call, Operation, Text
from mailgate.console.api.shapes import (
    MAX_NUMBER,
    Cursor,
    Line,
    OutputModel,
    PageOf,
    PlaceCursor,
    RowsQuery,
    cursor_of,
    number_of,
    place_cursor,
    place_of,
    read_by,
)
from mailgate.console.audit.facts import COLUMNS, day_ends, line_of, numbers_of, row_of, verified
from mailgate.console.looks import Shows
from mailgate.console.spreadsheet import beginning, lines, saved_as
from mailgate.store import AuditBreak, AuditEntry, AuditHead
from mailgate.store.looks import DataLook
from mailgate.tasks import compute

_Day = Annotated[str, read_by(day), WithJsonSchema({"type": "string", "format": "date"})]


class _DaysQuery(RowsQuery):
    who: Line | None = None
    """The person who acted, or looked."""
    since: _Day | None = None
    """The first day, of UTC."""
    until: _Day | None = None
    """The last day, of UTC."""


class EntriesQuery(_DaysQuery):
    sought: Line | None = None
    """The beginning of `what`, like `policy-`, or any part of `about`, `why` or `origin`."""
    after: Cursor | None = None
    """The `next` of the previous page."""


class Verification(OutputModel):
    """The result of a verification."""

    whole: bool
    """Whether every entry is as it was written, and the store holds what the log says."""
    head: AuditHead | None
    """The last entry. If it is noted elsewhere, a log that was cut off is found too. Null if it is missing."""
    breaks: list[AuditBreak]
    """The places where the log was changed."""


async def list_entries(call: Call, query: EntriesQuery) -> PageOf[AuditEntry]:
    """List the entries, the newest first, a page at a time."""
    before = min(number_of(query.after, MAX_NUMBER), MAX_NUMBER)
    audit = call.context.store.audit
    numbers = await numbers_of(call.context.store, query.since or "", query.until or "")
    before = min(before, numbers.stop)
    looked = await audit.search(query.sought or "", query.who or "", before, query.limit, numbers.start)
    return PageOf(items=list(looked.rows), next=cursor_of(looked.after))


async def verify_log(call: Call) -> Verification:
    """Verify every entry of the log against its digest, the noted heads, and the rows in the store."""
    breaks, head = await verified(call.context.store, call.context.bundle().settings, call.context.clock())
    return Verification(whole=not breaks, head=head, breaks=breaks)


async def export_lines(call: Call) -> Text:
    """Export every entry as one JSON object per line."""
    return _export(call, "jsonl", (), line_of)


async def export_sheet(call: Call) -> Text:
    """Export every entry as CSV, for a spreadsheet."""
    return _export(call, "csv", (beginning(COLUMNS),), lambda entry: lines([row_of(entry)]))


class LooksQuery(_DaysQuery):
    whom: Line | None = None
    """The login name or the device that was looked at."""
    after: PlaceCursor | None = None
    """The `next` of the previous page."""


async def list_looks(call: Call, query: LooksQuery) -> PageOf[DataLook]:
    """List who looked at whose data, the newest first, a page at a time."""
    since, until = day_ends(query.since or "", query.until or "")
    who, whom, after = query.who or "", query.whom or "", place_of(query.after)
    found = await call.context.store.looks.page(
        query.limit, after, who=who, whom=whom, since=since, until=until
    )
    return PageOf(items=found, next=place_cursor(found[-1].place if len(found) == query.limit else None))


def _export(
    call: Call, kind: str, first: Iterable[str], form: Callable[[AuditEntry], str]
) -> AsyncIterator[str]:
    call.headers["Content-Disposition"] = saved_as("audit", kind)

    def written(page: Iterable[AuditEntry]) -> str:
        return "".join(map(form, page))

    async def all_lines() -> AsyncIterator[str]:
        for line in first:
            yield line
        async for page in call.context.store.audit.pages():
            yield await compute(written, page)  # other requests get their turn during a long log

    return all_lines()


OPERATIONS = (
    Operation("GET /audit", list_entries),
    Operation("GET /looks", list_looks, area="Audit"),
    Operation("GET /audit/verification", verify_log, shows=Shows.ADMINS),
    Operation("GET /audit/export.jsonl", export_lines, media="application/jsonl"),
    Operation("GET /audit/export.csv", export_sheet, media="text/csv"),
)
