"""How the device inventories fare, and reading one."""

import asyncio

from tests.unit.console.browsing import NOW, Company

from mailgate.console.connectors.reading import SourceReading
from mailgate.console.connectors.sources import can_be_read, read_now, sources_of
from mailgate.rollout.person import Person

ADA = Person("ada", "here")


async def test_every_connector_of_the_settings_is_told(firm: Company) -> None:
    state = await firm.context.readiness()
    (told,) = sources_of(firm.context, state)
    assert (told.name, told.type, told.polls, told.reading) == ("jamf-file", "file", True, None)
    assert told.devices == 3
    assert sources_of(firm.context, state.model_copy(update={"connectors": {}})) == []


async def test_one_is_read_at_once_and_written_down_unless_it_is_being_read(firm: Company) -> None:
    assert await read_now(firm.context, "jamf-file", ADA, NOW, full=True)
    await asyncio.sleep(0)
    assert firm.read == [("jamf-file", True)]
    firm.context.readings.last["jamf-file"] = SourceReading("lin", NOW)
    assert not await read_now(firm.context, "jamf-file", ADA, NOW, full=True)
    assert (await firm.acts())[1:] == [("connector-read", "ada", "connector jamf-file")]


async def test_an_unknown_source_cannot_be_read(firm: Company) -> None:
    assert can_be_read(firm.context, "jamf-file")
    assert not can_be_read(firm.context, "none")
