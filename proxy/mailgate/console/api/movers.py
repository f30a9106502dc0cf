"""Whom a plan moves, by name: a page at a time, and as CSV."""

from collections.abc import AsyncIterator
from datetime import datetime
from typing import Annotated, Literal

from pydantic import Field

from mailgate.console.api.operation import Call, Operation, Text
from mailgate.console.api.plans import PlanNamed
from mailgate.console.api.shapes import (
    DIGITS,
    Answered,
    Asked,
    Cursor,
    Line,
    Many,
    OfKind,
    cursor_of,
    number_of,
)
from mailgate.console.movers_asked import MOMENTS
from mailgate.rollout.kept_plans import plan_called, read_plan
from mailgate.store.plan_movers import MoversWanted
from mailgate.views.movers import CSV_COLUMNS, MoverFacts, moments_of, movers_as_rows, page_of_movers
from mailgate.views.spreadsheet import beginning, lines, saved_as


class MoversFilter(Asked):
    """Who of a plan is meant."""

    name: Line | None = None
    """A part of a login name, or the id of a device. In a list of more than 20,000: how the login name begins."""
    label: Literal["block", "challenge", "warn", "allow", "unknown"] | None = None
    """How they move."""
    kind: OfKind | None = None
    """The kind of device."""
    rule: Line | None = None
    """The rule that decides with the plan."""
    group: Line | None = None
    """A group of the person."""
    at: Annotated[int, Field(ge=0, le=MOMENTS), DIGITS] | None = None
    """Who moves at one moment: 0 is now, from 1 on those of `moments`."""
    sort: Literal["person", "kind", "label", "rule", "since"] | None = None
    """In which order; a list of more than 20,000 rows not by `since`."""
    order: Literal["ascending", "descending"] = "ascending"
    """Which way."""

    @property
    def wanted(self) -> MoversWanted:
        texts = {
            name: getattr(self, name) or "" for name in ("name", "label", "kind", "rule", "group", "sort")
        }
        return MoversWanted(**texts, at=self.at, descending=self.order == "descending")


class MoversAsked(MoversFilter):
    """Some of those of a plan who are meant."""

    after: Cursor | None = None
    """Where the page begins."""
    limit: Many = 100
    """How many at most."""


class Movers(Answered):
    """Those whom a plan moves."""

    items: list[MoverFacts]
    """In the order that was asked for."""
    next: Cursor | None
    """What leads to the next page; null at the end."""
    total: int
    """How many rows are meant."""
    people: int
    """How many people these are."""
    whole: bool
    """Whether these numbers are all: of a list of more than 20,000 rows 5,000 are looked through for them."""
    kept: int
    """How many rows the plan has; fewer than at first where people or devices were forgotten."""
    written: int
    """How many it had at first."""
    moments: list[datetime]
    """The plan's own moment, and the later ones at which somebody may move."""


async def list_movers(call: Call, path: PlanNamed, query: MoversAsked) -> Movers:
    """List everybody whom a plan moves, by name, a page at a time."""
    context, found = call.context, await plan_called(call.context.store, path.digest)
    plan, catalog = read_plan(found), context.bundle().policy.catalog
    after = number_of(query.after, 0)
    page = await page_of_movers(context.store, found, plan, catalog, query.wanted, after, query.limit)
    told = page.model_dump(exclude={"items", "more"})
    return Movers(
        items=page.items,
        next=cursor_of(page.more),
        moments=[each for each in moments_of(plan) if each],
        **told,
    )


async def get_movers_csv(call: Call, path: PlanNamed, query: MoversFilter) -> Text:
    """Everybody whom a plan moves, by name, as CSV."""
    context, found = call.context, await plan_called(call.context.store, path.digest)
    call.headers["Content-Disposition"] = saved_as(f"plan-{found.digest[:12]}-people")
    catalog = context.bundle().policy.catalog
    return _lines(movers_as_rows(context.store, found, read_plan(found), catalog, query.wanted))


async def _lines(rows: AsyncIterator[list[str]]) -> AsyncIterator[str]:
    yield beginning(CSV_COLUMNS)
    async for row in rows:
        yield lines([row])


_OF_ONE = "/plans/{digest}/people"

OPERATIONS = (
    Operation("GET", _OF_ONE, list_movers, "Plans", refuses=True),
    Operation("GET", _OF_ONE + ".csv", get_movers_csv, "Plans", media="text/csv", refuses=True),
)
