import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest
from tests.unit.connectors.around import NOW
from tests.unit.connectors.run_store import Source

from mailgate.config.sources.every_source import EverySource
from mailgate.connectors.protocol import SourceTally
from mailgate.connectors.run import BATCH, OVERLAP, Run, SourceOutcome, changes_since, is_due, state_after
from mailgate.devices.trust import report_by
from mailgate.errors import SourceError, Trouble
from mailgate.model import Compliance, ManagementVerdict, SourceState


def run(source, run_store, **more):
    return Run("mdm", source, run_store, more.pop("tally", SourceTally()), more.pop("most_gone", 10), **more)


async def test_records_are_taken_in_batches_and_progress_is_told(run_store):
    told = []
    outcome = await run(Source(*range(2 * BATCH + 1)), run_store, progress=told.append).go(None)
    assert outcome == SourceOutcome(full=True, taken=2 * BATCH + 1)
    assert [len(batch) for batch in run_store.taken] == [BATCH, BATCH, 1]
    assert told == [BATCH, 2 * BATCH, 2 * BATCH + 1]


async def test_a_run_tells_the_newest_date_that_its_source_told(run_store):
    verdicts = [ManagementVerdict(Compliance.COMPLIANT, NOW - minutes * MINUTE) for minutes in (9, 2, 5)]
    judged = [report_by("mdm", str(each), verdict=verdict) for each, verdict in enumerate(verdicts)]
    gone = replace(judged[0], id="gone", compliance_at=LATER, gone=True)
    assert (await run(Source(*judged, 7, gone), run_store).go(None)).told == NOW - 2 * MINUTE


async def test_a_device_missing_in_a_whole_list_is_gone(run_store):
    await run(Source(*range(20)), run_store).go(None)
    outcome = await run(Source(*range(1, 20)), run_store).go(None)
    assert outcome == SourceOutcome(full=True, taken=19, gone=1)
    assert run_store.gone() == {"0"}


async def test_a_device_that_is_judged_again_in_a_run_counts_once(run_store):
    assert await run(Source(1, 2, 1), run_store).go(None) == SourceOutcome(full=True, taken=2)


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
    assert await run(source, run_store, tally=tally).go(since) == SourceOutcome(taken=1)
    assert run_store.gone() == set()


@pytest.mark.parametrize("trouble", Trouble)
async def test_a_cut_list_counts_and_marks_nothing_as_gone(run_store, trouble):
    await run(Source(*range(20)), run_store).go(None)
    outcome = await run(Source(1, 2, SourceError(trouble, "why", 503)), run_store).go(None)
    assert outcome == SourceOutcome(trouble, taken=2, hint="why", status=503)
    assert run_store.gone() == set()
    assert run_store.taken[-1] == ["1", "2"]


async def test_a_source_that_is_suddenly_empty_is_not_believed(run_store):
    await run(Source(*range(100)), run_store).go(None)
    assert await run(Source(), run_store).go(None) == SourceOutcome(Trouble.GONE, full=True, held=100)
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
    assert outcome == SourceOutcome(full=True, taken=2)
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


@pytest.mark.parametrize(
    ("outcome", "words"),
    [
        (SourceOutcome(taken=3), "3 records"),
        (SourceOutcome(taken=3, full=True), "3 records, everything was read"),
        (SourceOutcome(taken=3, full=True, gone=2), "3 records, everything was read, 2 devices are gone"),
    ],
)
def test_the_result_of_a_run_is_said_in_words(outcome, words):
    assert outcome.in_words() == words


SETTINGS = EverySource()
NEVER = SourceState("mdm")
MINUTE = timedelta(minutes=1)
GOOD = replace(
    NEVER, last_attempt=NOW, last_success=NOW, last_full=NOW, cursor=NOW - OVERLAP, devices=7, listed="v1"
)


@pytest.mark.parametrize(
    ("last", "later", "chance", "expected"),
    [
        (GOOD, 14 * MINUTE, 0.0, False),
        (GOOD, 15 * MINUTE, 0.0, True),
        (GOOD, 15 * MINUTE, 1.0, False),
        (GOOD, 16.5 * MINUTE, 1.0, True),
        (GOOD, -1 * MINUTE, 0.0, True),  # the clock was put back
        (NEVER, 0 * MINUTE, 1.0, True),
    ],
)
def test_a_run_is_due_at_once_and_then_a_while_after_the_last(last, later, chance, expected):
    assert is_due(last, SETTINGS, NOW + later, chance) is expected


@pytest.mark.parametrize(
    ("state", "later", "listed", "expected"),
    [
        (NEVER, MINUTE, "v1", None),
        (GOOD, MINUTE, "v1", NOW - OVERLAP),
        (GOOD, timedelta(hours=24), "v1", None),
        (GOOD, -MINUTE, "v1", None),
        (replace(GOOD, cursor=None), MINUTE, "v1", None),
        (GOOD, MINUTE, "v2", None),
    ],
    ids=[
        "nothing was read yet",
        "a minute ago",
        "a day ago",
        "the clock was put back",
        "no cursor",
        "other apps are listed",
    ],
)
def test_changes_are_asked_for_until_everything_is_read_again(state, later, listed, expected):
    assert changes_since(state, SETTINGS, NOW + later, listed) == expected


LATER = NOW + 20 * MINUTE


def test_after_a_full_run_the_state_is_good_again():
    outcome = SourceOutcome(full=True, taken=9, gone=1)
    assert state_after(
        replace(GOOD, held=3, trouble="x", failing_since=NOW), outcome, LATER, LATER + MINUTE, "v2"
    ) == replace(
        GOOD,
        last_attempt=LATER + MINUTE,
        last_success=LATER + MINUTE,
        last_full=LATER + MINUTE,
        cursor=LATER - OVERLAP,
        devices=9,
        taken=9,
        gone=1,
        listed="v2",
    )


def test_each_trouble_has_its_own_time():
    state = state_after(GOOD, SourceOutcome(Trouble.TIMEOUT), LATER, LATER, "v1")
    assert (state.trouble_since, state.failing_since) == (LATER, LATER)
    state = state_after(state, SourceOutcome(Trouble.TIMEOUT), LATER, LATER + MINUTE, "v1")
    assert (state.trouble_since, state.failing_since) == (LATER, LATER)
    state = state_after(state, SourceOutcome(Trouble.LOGIN, status=401), LATER, LATER + 2 * MINUTE, "v1")
    assert (state.trouble, state.status, state.trouble_since, state.failing_since) == (
        "login-refused",
        401,
        LATER + 2 * MINUTE,
        LATER,
    )
    state = state_after(state, SourceOutcome(taken=1), LATER, LATER + 3 * MINUTE, "v1")
    assert (state.trouble, state.status, state.trouble_since, state.failing_since) == ("", 0, None, None)


def test_after_a_run_none_goes_on():
    running = replace(GOOD, running_since=LATER, retrying="throttled", retry_at=LATER)
    state = state_after(running, SourceOutcome(Trouble.THROTTLED), LATER, LATER, "v1")
    assert (state.running_since, state.retrying, state.retry_at) == (None, "", None)


def test_after_a_run_for_changes_the_last_full_run_stays():
    state = state_after(GOOD, SourceOutcome(taken=2), LATER, LATER, "v2")
    assert (state.last_full, state.devices, state.cursor) == (NOW, 7, LATER - OVERLAP)
    assert (state.last_success, state.taken, state.trouble) == (LATER, 2, "")


@pytest.mark.parametrize(("told", "start"), [(NOW, NOW), (LATER + MINUTE, LATER)])
@pytest.mark.parametrize("full", [False, True])
def test_changes_are_asked_for_from_the_newest_date_that_the_source_told(told, start, full):
    """By its clock, which may lag: what it dates before this run would never be asked for. A date ahead puts nothing off."""
    state = state_after(GOOD, SourceOutcome(full=full, taken=2, told=told), LATER, LATER, "v1")
    assert state.cursor == start - OVERLAP


def test_held_devices_stay_in_sight_until_a_full_run_is_believed():
    state = state_after(GOOD, SourceOutcome(Trouble.GONE, full=True, taken=1, held=6), LATER, LATER, "v2")
    assert (state.held, state.trouble, state.failing_since) == (6, "too-many-gone", None)
    state = state_after(state, SourceOutcome(taken=2), LATER, LATER, "v2")
    assert (state.held, state.trouble) == (6, "too-many-gone")
    state = state_after(state, SourceOutcome(full=True, taken=7), LATER, LATER, "v2")
    assert (state.held, state.trouble) == (0, "")


def test_a_list_that_was_cut_short_is_read_again_but_no_failure():
    state = state_after(GOOD, SourceOutcome(Trouble.CUT, taken=2), LATER, LATER, "v2")
    assert (state.last_success, state.failing_since, state.trouble) == (LATER, None, "cut-short")
    assert (state.last_full, state.cursor) == (GOOD.last_full, GOOD.cursor)


def test_failures_count_from_the_first():
    first = state_after(GOOD, SourceOutcome(Trouble.LOGIN), LATER, LATER, "v2")
    second = state_after(first, SourceOutcome(Trouble.TIMEOUT), LATER + MINUTE, LATER + MINUTE, "v2")
    assert (second.failing_since, second.trouble, second.last_success) == (LATER, "timeout", NOW)
    assert second.cursor == GOOD.cursor


def test_a_cursor_that_was_refused_is_not_used_again():
    assert state_after(GOOD, SourceOutcome(Trouble.CURSOR), LATER, LATER, "v2").cursor is None


@pytest.mark.parametrize("times", [{"cursor": LATER + MINUTE}, {"last_full": LATER + MINUTE}])
def test_after_a_clock_that_was_ahead_everything_is_read(times):
    """Changes since a time to come would be none, for as long as the clock was ahead."""
    assert changes_since(replace(GOOD, **times), SETTINGS, LATER, GOOD.listed) is None
