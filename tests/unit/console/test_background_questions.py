"""Questions in the background: they are asked, there is an end to how many wait, and none outlives the end."""

import asyncio

import pytest
from tests.unit.gateway.wire import settle

from mailgate.console import background_questions
from mailgate.console.background_questions import BackgroundQuestions


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


async def test_whoever_starts_it_does_not_wait_for_the_answers() -> None:
    source, asks = Source(), BackgroundQuestions()
    asks.start(source.ask(number) for number in range(3))
    await settle()
    assert (source.came, source.answered) == ([0, 1, 2], [])
    source.may.set()
    await settle()
    assert source.answered == [0, 1, 2]


async def test_what_is_too_much_is_left_out_until_there_is_room(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(background_questions, "MAX_RUNNING", 2)
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


async def test_at_the_end_none_runs_on() -> None:
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
