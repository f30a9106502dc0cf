"""Reading a source because somebody asked for it."""

import asyncio

from tests.unit.console.browsing import NOW

from mailgate.console.source_reading import Progress, Readings


async def test_it_is_seen_how_far_it_is_and_what_came_of_it() -> None:
    going, may_end = asyncio.Event(), asyncio.Event()

    async def sync(_name: str, _full: bool, progress: Progress) -> str:
        progress(2, 5)
        going.set()
        await may_end.wait()
        return "5 records"

    readings = Readings(sync)
    assert readings.start("jamf", "ada", NOW, full=True)
    await going.wait()
    reading = readings.last["jamf"]
    assert (reading.who, reading.done, reading.total, reading.outcome) == ("ada", 2, 5, "")
    assert not readings.start("jamf", "lin", NOW, full=False)
    may_end.set()
    await asyncio.gather(*readings._tasks)
    assert reading.outcome == "5 records"
    assert readings.start("jamf", "lin", NOW, full=False)
    await readings.stop()


async def test_what_a_source_says_when_it_breaks_is_shown_to_nobody() -> None:
    async def sync(_name: str, _full: bool, _progress: Progress) -> str:
        raise ValueError("a secret")

    readings = Readings(sync)
    readings.start("jamf", "ada", NOW, full=False)
    await asyncio.gather(*readings._tasks)
    assert readings.last["jamf"].outcome == "it failed (ValueError); the log says where"


async def test_the_end_of_the_gate_ends_it() -> None:
    async def sync(_name: str, _full: bool, _progress: Progress) -> str:
        await asyncio.Event().wait()
        raise AssertionError

    readings = Readings(sync)
    readings.start("jamf", "ada", NOW, full=False)
    await asyncio.sleep(0)
    await readings.stop()
    assert readings.last["jamf"].outcome == "it was ended"
