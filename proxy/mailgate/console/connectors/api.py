"""Connectors: the state of the device inventories, and readings of them on request."""

from typing import Annotated

from pydantic import Field

from mailgate.console.api.operation import OPERATOR, Call, Operation
from mailgate.console.api.problems import ProblemError
from mailgate.console.api.shapes import InputModel, Line, ListOf
from mailgate.console.connectors.reading import SourceReading
from mailgate.console.connectors.sources import ConnectorFacts, can_be_read, read_now, sources_of
from mailgate.console.looks import Shows

ConnectorName = Annotated[Line, Field(description="Its name in the settings.")]


class ReadingInput(InputModel):
    """How to read a source."""

    full: bool = False
    """Whether to read everything; otherwise only changes, if the source supports that."""


async def list_connectors(call: Call) -> ListOf[ConnectorFacts]:
    """List the connectors with their state and the progress of a reading, in the order of the settings."""
    return ListOf(items=await sources_of(call.context, await call.context.readiness()))


async def read_connector(call: Call, connector: ConnectorName, body: ReadingInput) -> SourceReading:
    """Begin to read a source now, independently of its schedule. `GET /connectors` shows the progress."""
    context = call.context
    if not can_be_read(context, connector):
        raise ProblemError(404, "no source of this name can be asked")
    if not await read_now(context, connector, call.person, call.now, full=body.full):
        raise ProblemError(409, "it is being read already")
    call.set_location("/connectors")
    return context.readings.last[connector]


OPERATIONS = (
    Operation(
        "GET /connectors",
        list_connectors,
        shows=Shows.ADMINS,
        page="connectors.html",
        links={"read_connector": {"connector": "items/0/name"}},
    ),
    Operation(
        "POST /connectors/{connector}/readings",
        read_connector,
        roles=OPERATOR,
        status=202,
        may_conflict=True,
        has_location=True,
    ),
)
