"""The state of the device inventories, and readings of them on request."""

from dataclasses import replace
from datetime import datetime

from mailgate.console.connectors.reading import SourceReading
from mailgate.console.context import ConsoleContext
from mailgate.console.now.readiness import ConnectorState, Readiness
from mailgate.rollout.person import Person


class ConnectorFacts(ConnectorState):
    """A connector of the settings."""

    name: str
    """Its name in the settings."""
    type: str
    """The kind of its source."""
    polls: bool
    """Whether it asks its source; false if the source sends by itself."""
    reading: SourceReading | None
    """The last requested reading since the start; null if there was none."""


def sources_of(context: ConsoleContext, state: Readiness) -> list[ConnectorFacts]:
    """Every connector of the settings with its state and the progress of a reading."""
    return [
        ConnectorFacts(
            name=name,
            type=str(getattr(each, "type", "")),
            polls=each.scheduled(),
            reading=context.readings.last.get(name),
            **dict(state.connectors[name]),
        )
        for name, each in context.bundle().settings.connectors.items()
        if name in state.connectors
    ]


def can_be_read(context: ConsoleContext, name: str) -> bool:
    """Whether a connector has this name and asks its source."""
    known = context.bundle().settings.connectors.get(name)
    return known is not None and known.scheduled()


async def read_now(context: ConsoleContext, name: str, person: Person, now: datetime, *, full: bool) -> bool:
    """Begin to read a source. Returns False if a requested reading is running already."""
    began = context.readings.start(name, person.name, now, full=full)
    if began:
        act = replace(person.act(now, "connector-read"), about=f"connector {name}", details={"full": full})
        await context.store.audit.append(act)
    return began
