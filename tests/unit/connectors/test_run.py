import asyncio
from datetime import timedelta

import pytest
from tests.unit.connectors.around import NOW
from tests.unit.connectors.run_store import Source

from mailgate.connectors import SourceError, SourceTally, Trouble
from mailgate.connectors.run import BATCH, Run, RunOutcome, run_to_end
from mailgate.devices.trust import report_by


def run(source, run_store, **more):
    return Run("mdm", source, run_store, more.pop("tally", SourceTally()), more.pop("most_gone", 10), **more)


async def test_records_are_taken_in_batches_and_progress_is_told(run_store):
    told = []
    outcome = await run(Source(*range(2 * BATCH + 1)), run_store, progress=told.append).go(None)
    assert outcome == RunOutcome(full=True, taken=2 * BATCH + 1)
    assert [len(batch) for batch in run_store.taken] == [BATCH, BATCH, 1]
    assert told == [BATCH, 2 * BATCH, 2 * BATCH + 1]


async def test_a_device_missing_in_a_whole_list_is_gone(run_store):
    await run(Source(*range(20)), run_store).go(None)
    outcome = await run(Source(*range(1, 20)), run_store).go(None)
    assert outcome == RunOutcome(full=True, taken=19, gone=1)
    assert run_store.gone() == {"0"}


class SomeOfAll(Source):
    """A source that does not list all of its devices."""

    lists_all = False


@pytest.mark.parametrize(
    ("source", "tally", "since"),
    [
        (Source(3), SourceTally(), NOW),
        (Source(3), SourceTally(unreadable=1), None),
        (SomeOfAll(3), SourceTally(), None),
    ],
    ids=["of changes", "with a device that has no name", "of a source that does not list all"],
)
async def test_a_list_that_is_not_whole_lets_nothing_go(run_store, source, tally, since):
    await run(Source(*range(20)), run_store).go(None)
    assert await run(source, run_store, tally=tally).go(since) == RunOutcome(taken=1)
    assert run_store.gone() == set()


@pytest.mark.parametrize("trouble", Trouble)
async def test_a_cut_list_counts_and_marks_nothing_as_gone(run_store, trouble):
    await run(Source(*range(20)), run_store).go(None)
    outcome = await run(Source(1, 2, SourceError(trouble, "why")), run_store).go(None)
    assert outcome == RunOutcome(trouble, taken=2, hint="why")
    assert run_store.gone() == set()
    assert run_store.taken[-1] == ["1", "2"]


async def test_a_source_that_is_suddenly_empty_is_not_believed(run_store):
    await run(Source(*range(100)), run_store).go(None)
    assert await run(Source(), run_store).go(None) == RunOutcome(Trouble.GONE, full=True, held=100)
    assert run_store.gone() == set()


@pytest.mark.parametrize(
    ("known", "named", "most_gone", "believed"),
    [
        (100, 90, 10, True),
        (100, 89, 10, False),
        (100, 0, 100, True),
        (100, 99, 0, False),
        (3, 2, 10, True),  # one may always go
        (3, 1, 10, False),
    ],
)
async def test_a_run_believes_the_loss_of_a_few_devices_only(run_store, known, named, most_gone, believed):
    await run(Source(*range(known)), run_store).go(None)
    outcome = await run(Source(*range(named)), run_store, most_gone=most_gone).go(None)
    assert (outcome.gone if believed else outcome.held) == known - named
    assert len(run_store.gone()) == (known - named if believed else 0)


async def test_a_device_that_the_source_itself_calls_gone_is_not_let_go_twice(run_store):
    await run(Source(1, 2), run_store).go(None)
    outcome = await run(Source(1, report_by("mdm", "2", gone=True)), run_store).go(None)
    assert outcome == RunOutcome(full=True, taken=2)
    assert run_store.gone() == {"2"}


async def test_a_run_that_takes_too_long_ends_and_keeps_what_came(run_store):
    outcome = await run(Source(1, asyncio.Event()), run_store, time=timedelta(seconds=0.01)).go(None)
    assert (outcome.trouble, outcome.taken, run_store.taken) == (Trouble.TIMEOUT, 1, [["1"]])


async def test_a_run_that_is_stopped_finishes_its_batch(run_store):
    task = asyncio.create_task(run(Source(1, 2, asyncio.Event()), run_store).go(None))
    for _ in range(5):
        await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert run_store.taken == [["1", "2"]]


async def test_a_batch_that_is_being_written_is_written_to_its_end():
    half, going_on, whole = asyncio.Event(), asyncio.Event(), []

    async def write():
        half.set()
        await going_on.wait()
        whole.append(True)

    task = asyncio.create_task(run_to_end(write()))
    await half.wait()
    task.cancel()
    await asyncio.sleep(0)
    going_on.set()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert whole == [True]


@pytest.mark.parametrize(
    ("outcome", "words"),
    [
        (RunOutcome(taken=3), "3 records"),
        (RunOutcome(taken=3, full=True), "3 records, everything was read"),
        (RunOutcome(taken=3, full=True, gone=2), "3 records, everything was read, 2 devices are gone"),
    ],
)
def test_the_result_of_a_run_is_said_in_words(outcome, words):
    assert outcome.in_words() == words
