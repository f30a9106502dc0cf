"""The movers of a plan, by name: a page at a time, and as CSV."""

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import Field

from mailgate.console.api.operation import Call, Operation, Text
from mailgate.console.api.shapes import (
    DIGITS,
    Cursor,
    Digest,
    InputModel,
    KindName,
    Line,
    RowsQuery,
    cursor_of,
    number_of,
)
from mailgate.console.plans import movers
from mailgate.console.query_parameters import MAX_MOMENT
from mailgate.console.spreadsheet import saved_as, sheet
from mailgate.rollout.kept_plans import find_plan, read_plan
from mailgate.store.plan_movers import MoverFilter


class MoversFilter(InputModel):
    name: Line | None = None
    """A part of a login name, or the id of a device. In plans of more than 20,000 movers, the beginning of a login name
    or the id of a device."""
    label: Literal["block", "challenge", "warn", "allow", "unknown"] | None = None
    """The new effect, or `unknown`."""
    kind: KindName | None = None
    """The kind of client."""
    rule: Line | None = None
    """The rule that decides with the plan."""
    group: Line | None = None
    """A group of the person."""
    at: Annotated[int, Field(ge=0, le=MAX_MOMENT), DIGITS] | None = None
    """The number of a moment at which they move: 0 is now, the next ones are those of `moments`."""
    sort: Literal["person", "kind", "label", "rule", "since"] | None = None
    """The order. Plans of more than 20,000 movers cannot be sorted by `since`."""
    order: Literal["ascending", "descending"] = "ascending"
    """The direction of the order."""

    @property
    def wanted(self) -> MoverFilter:
        texts: dict[str, Any] = {
            name: getattr(self, name) or "" for name in ("name", "label", "kind", "rule", "group", "sort")
        }
        return MoverFilter(**texts, at=self.at, descending=self.order == "descending")


class MoversQuery(MoversFilter, RowsQuery):
    after: Cursor | None = None
    """The `next` of the previous page."""


class MoverList(movers.MoverTotals):
    """A page of movers."""

    items: list[movers.MoverFacts]
    """The movers in the requested order."""
    next: Cursor | None
    """The value of `after` for the next page; null at the end."""
    moments: list[datetime]
    """The time of the plan, and the later moments at which people may move."""


async def list_movers(call: Call, digest: Digest, query: MoversQuery) -> MoverList:
    """List the movers of a plan, by name, a page at a time."""
    context, found = call.context, await find_plan(call.context.store, digest)
    plan, catalog = read_plan(found), context.bundle().policy.catalog
    after = number_of(query.after, 0)
    page = await movers.page_of_movers(context.store, found, plan, catalog, query.wanted, after, query.limit)
    told = page.model_dump(exclude={"items", "more"})
    return MoverList(
        items=page.items,
        next=cursor_of(page.more),
        moments=[each for each in movers.moments_of(plan) if each],
        **told,
    )


async def get_movers_csv(call: Call, digest: Digest, query: MoversFilter) -> Text:
    """Get the movers of a plan, by name, as CSV."""
    context, found = call.context, await find_plan(call.context.store, digest)
    call.headers["Content-Disposition"] = saved_as(f"plan-{found.digest[:12]}-people")
    catalog = context.bundle().policy.catalog
    return sheet(
        movers.CSV_COLUMNS,
        movers.movers_as_rows(context.store, found, read_plan(found), catalog, query.wanted),
    )


OPERATIONS = (
    Operation("GET /plans/{digest}/people", list_movers, may_conflict=True),
    Operation("GET /plans/{digest}/people.csv", get_movers_csv, media="text/csv", may_conflict=True),
)
