"""Browsers with the companion extension: how many there are, which they are, and who asks for mail without it."""

from typing import Annotated

from pydantic import StringConstraints

from mailgate.console.api.operation import Call, Operation, Text
from mailgate.console.api.shapes import InputModel, Line, PageOf, RowsQuery, read_by, words_of
from mailgate.console.extension import facts
from mailgate.console.spreadsheet import saved_as, sheet
from mailgate.store.fleet import FleetFilter

_State = Annotated[str, read_by(facts.FILTERS["state"]), words_of(*facts.STATES)]
_Heard = Annotated[str, read_by(facts.FILTERS["heard"]), words_of(*facts.HEARD)]
_Installed = Annotated[str, read_by(facts.FILTERS["installed"]), words_of(*facts.INSTALLED)]
PlaceCursor = Annotated[str, StringConstraints(pattern=r"^[^\x00-\x1f\x7f]+$", max_length=400)]
"""The beginning of a page. Clients only send it back as it came."""


class BrowsersFilter(InputModel):
    name: Line | None = None
    """The beginning of a login name or of the name of a computer, in any case."""
    state: _State | None = None
    """What is known of it."""
    heard: _Heard | None = None
    """When it last reported: within a day, within a week, or before that."""
    browser: Line | None = None
    """The browser, alone or with the first number of its version."""
    extension: Line | None = None
    """The version of the extension."""
    installed: _Installed | None = None
    """How the extension was installed."""

    @property
    def wanted(self) -> FleetFilter:
        return FleetFilter(**{name: getattr(self, name) or "" for name in facts.FILTERS})


class BrowsersQuery(BrowsersFilter, RowsQuery):
    after: PlaceCursor | None = None
    """The `next` of the previous page."""


class PeopleQuery(RowsQuery):
    after: PlaceCursor | None = None
    """The `next` of the previous page."""


async def get_fleet(call: Call) -> facts.FleetFacts:
    """Count the browsers with the extension: which report, sleep or are missing, and which are alike."""
    context = call.context
    return context.counting.browsers or await facts.fleet(context.store, context.bundle().settings, call.now)


async def list_browsers(call: Call, query: BrowsersQuery) -> PageOf[facts.BrowserFacts]:
    """List the browsers that match all parameters, in the order of their people, a page at a time."""
    store, settings = call.context.store, call.context.bundle().settings
    items, after = await facts.browsers(
        store, settings, query.wanted, call.now, query.limit, query.after or ""
    )
    return PageOf(items=items, next=after or None)


async def get_browsers_csv(call: Call, query: BrowsersFilter) -> Text:
    """Get the browsers that match all parameters, as CSV."""
    call.headers["Content-Disposition"] = saved_as("browsers")
    rows = facts.as_rows(call.context.store, call.context.bundle().settings, query.wanted, call.now)
    return sheet(facts.COLUMNS, rows)


async def list_people_without(call: Call, query: PeopleQuery) -> PageOf[facts.WithoutFacts]:
    """List the people who asked for mail on a laptop within a week without the extension, and of whom no browser reported in it.

    Only requests of which a trusted proxy names the person are known here. In the order of names, with a row for each browser by which
    they asked.
    """
    items, after = await facts.people_without(call.context.store, call.now, query.limit, query.after or "")
    return PageOf(items=items, next=after or None)


OPERATIONS = (
    Operation("GET /extension", get_fleet, area="Browsers"),
    Operation("GET /extension/browsers", list_browsers, area="Browsers"),
    Operation("GET /extension/browsers.csv", get_browsers_csv, area="Browsers", media="text/csv"),
    Operation("GET /extension/people", list_people_without, area="Browsers"),
)
