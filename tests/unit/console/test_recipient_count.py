"""Counting in the background: one at a time, remembered for a while, and nothing of an error but its kind."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from tests.unit.mail.announced import APP, OPEN, policy
from tests.unit.rollout.examples import rules
from tests.unit.store.examples import NOW

from mailgate.console.recipient_count import GOOD_FOR, Counting, Progress, RecipientCounts
from mailgate.errors import MailgateError
from mailgate.mail.announce import Announcement
from mailgate.mail.topic import Topic, topic_of
from mailgate.rollout.acts import RefusedError
from mailgate.store import About, MailKind

TOPIC = topic_of(rules(policy(APP, OPEN)).policy, 2, "app", MailKind.ENFORCED, NOW)
ABOUT, OTHER = About(2, MailKind.ENFORCED, "app"), About(1, MailKind.ENFORCED, "app")
FOUND = Announcement((), 1, (), 0, ())


async def found(_topic: Topic, progress: Progress) -> Announcement:
    progress(2, 3)
    return FOUND


async def after(
    recipient_counts: RecipientCounts, count: Callable[[Topic, Progress], Awaitable[Any]]
) -> Counting:
    assert recipient_counts.start(ABOUT, TOPIC, count, "ada", NOW)
    assert recipient_counts._task
    await asyncio.gather(recipient_counts._task, return_exceptions=True)
    last = recipient_counts.last(ABOUT, NOW)
    assert last
    return last


async def test_what_was_counted_is_remembered_for_a_while() -> None:
    recipient_counts = RecipientCounts()
    last = await after(recipient_counts, found)
    assert (last.found, last.runs, last.done, last.of) == (FOUND, False, 2, 3)
    assert recipient_counts.counted(ABOUT, NOW) == (TOPIC, FOUND)
    for about, when in ((OTHER, NOW), (ABOUT, NOW + GOOD_FOR)):
        with pytest.raises(RefusedError, match="has to be counted first"):
            recipient_counts.counted(about, when)
    recipient_counts.forget(ABOUT)
    assert recipient_counts.last(ABOUT, NOW) is None


async def test_one_count_at_a_time_and_a_gate_that_ends_ends_it() -> None:
    recipient_counts, held = RecipientCounts(), asyncio.Event()

    async def slow(*_: object) -> Announcement:
        await held.wait()
        return FOUND

    assert recipient_counts.start(ABOUT, TOPIC, slow, "ada", NOW)
    assert not recipient_counts.start(OTHER, TOPIC, slow, "lin", NOW)
    with pytest.raises(RefusedError):
        recipient_counts.counted(ABOUT, NOW)
    await asyncio.sleep(0)
    await recipient_counts.stop()
    last = recipient_counts.last(ABOUT, NOW)
    assert last
    assert last.wrong == "It was ended."


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (MailgateError("the store is away"), "Nobody was counted: the store is away"),
        (ValueError("alice"), "Nobody was counted (ValueError)."),
    ],
)
async def test_what_goes_wrong_is_said(error: Exception, words: str) -> None:
    async def broken(*_: object) -> Announcement:
        raise error

    assert (await after(RecipientCounts(), broken)).wrong == words


async def test_it_ends_what_never_began() -> None:
    await RecipientCounts().stop()
