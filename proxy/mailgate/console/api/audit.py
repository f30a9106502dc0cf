"""The audit log: who did what, the proof that nobody has edited that since, and all of it to take away."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable
from typing import Annotated

from pydantic import WithJsonSchema

from mailgate.console.api.operation import Call, Operation, Text
from mailgate.console.api.shapes import MOST, Answered, Asked, Cursor, Line, Many, cursor_of, number_of
from mailgate.store import Entry as StoredEntry
from mailgate.views.audit_export import COLUMNS, line_of, row_of
from mailgate.views.audit_verification import verified
from mailgate.views.spreadsheet import beginning, lines, saved_as


class EntriesWanted(Asked):
    """Which entries."""

    sought: Line | None = None
    """How what was done begins, like `policy-`, or any part of what it was done to, why or from where."""
    who: Line | None = None
    """Who did it."""
    after: Cursor | None = None
    """What `next` was of the page before."""
    limit: Many = 100
    """How many at most."""


class Entry(Answered):
    """One act. Every field is as the log has it, so that the digest can be checked."""

    number: int
    """Its number, counted from 1."""
    at: Annotated[str, WithJsonSchema({"type": "string", "format": "date-time"})]
    """When."""
    who: str
    """Who did it."""
    what: str
    """What was done, like `policy-activated`."""
    about: str
    """What it was done to, like `version 3`."""
    why: str
    """Why."""
    origin: str
    """From where: a computer; `console at` one, or `api at` one."""
    details: str
    """A JSON object, as text."""
    previous: str
    """The digest of the entry before; empty for the first."""
    digest: str
    """The SHA-256 of all of it."""


class Entries(Answered):
    """A page of the audit log."""

    items: list[Entry]
    """The newest first. A page may have fewer than were asked for, even none, and not be the last."""
    next: Cursor | None
    """Where the next page begins, for `after`; null at the end."""


class Head(Answered):
    """The last entry, by which the whole log is known."""

    number: int
    """Its number."""
    digest: str
    """Its digest."""


class Break(Answered):
    """A place where the log does not hold."""

    number: int
    """Which entry."""
    message: str
    """What does not hold."""


class Verified(Answered):
    """Whether the log is whole."""

    whole: bool
    """Whether every entry is there as it was written, and the store holds what they say."""
    head: Head | None
    """Its last entry: note it elsewhere, and a log that was cut off is found too. Null where that is lost."""
    breaks: list[Break]
    """Where it does not hold."""


async def list_entries(call: Call, query: EntriesWanted) -> Entries:
    """List who did what, the newest first, a page at a time."""
    before = min(number_of(query.after, MOST), MOST)
    looked = await call.context.store.audit.look(query.sought or "", query.who or "", before, query.limit)
    return Entries.model_validate({"items": looked.entries, "next": cursor_of(looked.before)})


async def verify_log(call: Call) -> Verified:
    """Look at every entry of the log: whether it is there as it was written and was noted elsewhere, and whether the store holds what it says."""
    breaks, head = await verified(call.context.store, call.context.bundle().settings, call.context.clock())
    return Verified.model_validate({"whole": not breaks, "head": head, "breaks": breaks})


async def export_lines(call: Call) -> Text:
    """Every entry as one JSON object a line."""
    return _export(call, "jsonl", (), lambda entry: line_of(entry) + "\n")


async def export_sheet(call: Call) -> Text:
    """Every entry as CSV, for a spreadsheet."""
    return _export(call, "csv", (beginning(COLUMNS),), lambda entry: lines([row_of(entry)]))


def _export(
    call: Call, kind: str, first: Iterable[str], form: Callable[[StoredEntry], str]
) -> AsyncIterator[str]:
    call.headers["Content-Disposition"] = saved_as("audit", kind)

    def written(page: Iterable[StoredEntry]) -> str:
        return "".join(map(form, page))

    async def all_lines() -> AsyncIterator[str]:
        for line in first:
            yield line
        async for page in call.context.store.audit.pages():
            yield await asyncio.to_thread(written, page)  # a long log: requests go on

    return all_lines()


OPERATIONS = (
    Operation("GET", "/audit", list_entries, "Audit"),
    Operation("GET", "/audit/verification", verify_log, "Audit"),
    Operation("GET", "/audit/export.jsonl", export_lines, "Audit", media="application/jsonl"),
    Operation("GET", "/audit/export.csv", export_sheet, "Audit", media="text/csv"),
)
