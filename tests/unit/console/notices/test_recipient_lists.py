"""Counting in the background: one at a time, remembered for a while, and nothing of an error but its kind."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from tests.unit.mail.examples import APP, OPEN, policy
from tests.unit.rollout.examples import rules
from tests.unit.store.examples import NOW

from mailgate.console.notices.recipient_lists import LIST_LASTS, Counting, Progress, RecipientLists
from mailgate.errors import MailgateError
from mailgate.mail.recipient_list import RecipientList
from mailgate.mail.topic import topic_of
from mailgate.rollout.person import RefusedError
from mailgate.store import MailKind, NoticeKey

TOPIC = topic_of(rules(policy(APP, OPEN)).policy, 2, "app", MailKind.ENFORCED, NOW)
ABOUT, OTHER = NoticeKey(2, MailKind.ENFORCED, "app"), NoticeKey(1, MailKind.ENFORCED, "app")
FOUND = RecipientList((), frozenset(), frozenset(), 1, (), 0, ())


async def found(progress: Progress) -> RecipientList:
    progress(2, 3)
    return FOUND


async def after(lists: RecipientLists, count: Callable[[Progress], Awaitable[Any]]) -> Counting:
    assert lists.start(ABOUT, TOPIC, count, "ada", NOW)
    assert lists._task
    await asyncio.gather(lists._task, return_exceptions=True)
    last = lists.last(ABOUT, NOW)
    assert last
    return last


async def test_a_count_is_remembered_for_a_while() -> None:
    lists = RecipientLists()
    last = await after(lists, found)
    assert (last.found, last.runs, last.done, last.total) == (FOUND, False, 2, 3)
    assert lists.counted(ABOUT, NOW) == (TOPIC, FOUND)
    for about, when in ((OTHER, NOW), (ABOUT, NOW + LIST_LASTS)):
        with pytest.raises(RefusedError, match="count the recipients first"):
            lists.counted(about, when)
    lists.forget(ABOUT)
    assert lists.last(ABOUT, NOW) is None


async def test_one_count_at_a_time_and_a_gate_that_ends_ends_it() -> None:
    lists, held = RecipientLists(), asyncio.Event()

    async def slow(*_: object) -> RecipientList:
        await held.wait()
        return FOUND

    assert lists.start(ABOUT, TOPIC, slow, "ada", NOW)
    assert not lists.start(OTHER, TOPIC, slow, "lin", NOW)
    with pytest.raises(RefusedError):
        lists.counted(ABOUT, NOW)
    await asyncio.sleep(0)
    await lists.stop()
    last = lists.last(ABOUT, NOW)
    assert last
    assert last.wrong == "Somebody ended it."


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (MailgateError("the store is away"), "Nobody was counted: the store is away"),
        (ValueError("alice"), "Nobody was counted (ValueError)."),
    ],
)
async def test_a_failed_count_says_why(error: Exception, words: str) -> None:
    async def broken(*_: object) -> RecipientList:
        raise error

    assert (await after(RecipientLists(), broken)).wrong == words


async def test_stopping_without_a_count_is_no_error() -> None:
    await RecipientLists().stop()
