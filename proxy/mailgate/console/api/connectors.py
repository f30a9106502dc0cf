"""Connectors: how the device inventories fare, and reading one now."""

from datetime import datetime

from mailgate.console.api.operation import Call, Link, Operation
from mailgate.console.api.problems import ProblemError
from mailgate.console.api.shapes import Answered, Asked, Line
from mailgate.console.sources import can_be_read, read_now, sources_of


class Reading(Answered):
    """A reading of a source that somebody asked for."""

    who: str
    """Who asked for it."""
    began: datetime
    """When."""
    done: int
    """How many records have come."""
    total: int | None
    """How many there are; null where the source does not say."""
    outcome: str
    """What came of it, in words; empty while it runs."""


class Connector(Answered):
    """A connector of the settings."""

    name: str
    """Its name in the settings."""
    type: str
    """What it asks."""
    asked: bool
    """Whether it asks its source; false where the source tells by itself."""
    state: str
    """`new`, `ok`, `held`, `failing`, or `unavailable` where its devices cannot be had."""
    trouble: str
    """What is wrong, as a code; empty where nothing is."""
    last_success: datetime | None
    """When it was read last."""
    last_full: datetime | None
    """When everything was read last."""
    last_attempt: datetime | None
    """When that was last tried."""
    failing_since: datetime | None
    """Since when it fails."""
    devices: int
    """How many devices it has."""
    records: int
    """How many records the last reading took."""
    gone: int
    """How many devices were gone then."""
    held: int
    """How many devices are no longer named and yet kept, since they are too many."""
    reading: Reading | None
    """The last reading that somebody asked for since the start; null where nobody did."""


class Connectors(Answered):
    """The connectors of the settings."""

    items: list[Connector]
    """In the order of the settings."""


class ConnectorNamed(Asked):
    """One connector."""

    connector: Line
    """Its name in the settings."""


class ReadingWanted(Asked):
    """How to read it."""

    full: bool = False
    """Everything; otherwise what has changed, where the source can say so."""


async def list_connectors(call: Call) -> Connectors:
    """List the connectors, each with how it fares and how far a reading is."""
    state = await call.desk.readiness()
    return Connectors.model_validate({"items": sources_of(call.desk, state)})


async def read_connector(call: Call, path: ConnectorNamed, body: ReadingWanted) -> Reading:
    """Begin to read a source at once, whatever its schedule says. `GET /connectors` says how far it is."""
    desk, name = call.desk, path.connector
    if not can_be_read(desk, name):
        raise ProblemError(404, "no connector of this name asks its source")
    if not await read_now(desk, name, call.person, call.now, full=body.full):
        raise ProblemError(409, "it is being read already")
    call.made("/connectors")
    return Reading.model_validate(desk.readings.last[name])


OPERATIONS = (
    Operation(
        "GET",
        "/connectors",
        list_connectors,
        "Connectors",
        links=(Link("read_connector", {"connector": "$response.body#/items/0/name"}),),
    ),
    Operation(
        "POST",
        "/connectors/{connector}/readings",
        read_connector,
        "Connectors",
        roles=("operator",),
        status=202,
        refuses=True,
        located=True,
    ),
)
