"""Reading a source because somebody asked for it."""

import asyncio

import pytest
from tests.unit.console.browsing import NOW
from tests.unit.gateway.wire import settle

from mailgate.console.connectors import reading as source_reading
from mailgate.console.connectors.reading import BackgroundQuestions, Progress, Readings


async def test_a_reading_shows_its_progress_and_its_outcome() -> None:
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


async def test_the_error_text_of_a_source_is_not_shown() -> None:
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


class Source:
    """Answers when it is told to, and notes what becomes of each question."""

    def __init__(self) -> None:
        self.came, self.answered, self.ended = list[int](), list[int](), list[int]()
        self.may = asyncio.Event()

    async def ask(self, number: int) -> None:
        self.came.append(number)
        try:
            await self.may.wait()
            self.answered.append(number)
        finally:
            self.ended.append(number)


async def test_questions_are_asked_without_waiting_for_answers() -> None:
    source, asks = Source(), BackgroundQuestions()
    asks.start(source.ask(number) for number in range(3))
    await settle()
    assert (source.came, source.answered) == ([0, 1, 2], [])
    source.may.set()
    await settle()
    assert source.answered == [0, 1, 2]


async def test_questions_beyond_the_limit_are_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(source_reading, "MAX_RUNNING", 2)
    source, asks = Source(), BackgroundQuestions()
    asks.start(source.ask(number) for number in range(3))
    asks.start([source.ask(3)])
    await settle()
    assert source.came == [0, 1]
    source.may.set()
    await settle()
    asks.start([source.ask(4)])
    await settle()
    assert source.answered == [0, 1, 4]


async def test_the_end_leaves_no_question_running() -> None:
    source, asks = Source(), BackgroundQuestions()
    asks.start(source.ask(number) for number in range(2))
    await settle()
    await asks.stop()
    assert (sorted(source.ended), source.answered) == ([0, 1], [])


async def test_a_question_that_breaks_takes_no_other_with_it() -> None:
    async def breaks() -> None:
        await source.may.wait()
        raise OSError("the source is gone")

    source, asks = Source(), BackgroundQuestions()
    asks.start([breaks(), source.ask(1)])
    await settle()
    source.may.set()
    await asks.stop()
    await settle()
    assert source.came == source.ended == [1]
