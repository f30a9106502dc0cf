from dataclasses import replace
from datetime import timedelta

import pytest
from tests.unit.connectors.around import NOW

from mailgate.config.sources.every_source import EverySource
from mailgate.connectors import Trouble
from mailgate.connectors.run import RunOutcome
from mailgate.connectors.schedule import OVERLAP, changes_since, is_due, state_after
from mailgate.model import SourceState

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
    outcome = RunOutcome(full=True, taken=9, gone=1)
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
    state = state_after(GOOD, RunOutcome(Trouble.TIMEOUT), LATER, LATER, "v1")
    assert (state.trouble_since, state.failing_since) == (LATER, LATER)
    state = state_after(state, RunOutcome(Trouble.TIMEOUT), LATER, LATER + MINUTE, "v1")
    assert (state.trouble_since, state.failing_since) == (LATER, LATER)
    state = state_after(state, RunOutcome(Trouble.LOGIN), LATER, LATER + 2 * MINUTE, "v1")
    assert (state.trouble, state.trouble_since, state.failing_since) == (
        "login-refused",
        LATER + 2 * MINUTE,
        LATER,
    )
    state = state_after(state, RunOutcome(taken=1), LATER, LATER + 3 * MINUTE, "v1")
    assert (state.trouble, state.trouble_since, state.failing_since) == ("", None, None)


def test_after_a_run_none_goes_on():
    running = replace(GOOD, running_since=LATER, retrying="throttled", retry_at=LATER)
    state = state_after(running, RunOutcome(Trouble.THROTTLED), LATER, LATER, "v1")
    assert (state.running_since, state.retrying, state.retry_at) == (None, "", None)


def test_after_a_run_for_changes_the_last_full_run_stays():
    state = state_after(GOOD, RunOutcome(taken=2), LATER, LATER, "v2")
    assert (state.last_full, state.devices, state.cursor) == (NOW, 7, LATER - OVERLAP)
    assert (state.last_success, state.taken, state.trouble) == (LATER, 2, "")


def test_held_devices_stay_in_sight_until_a_full_run_is_believed():
    state = state_after(GOOD, RunOutcome(Trouble.GONE, full=True, taken=1, held=6), LATER, LATER, "v2")
    assert (state.held, state.trouble, state.failing_since) == (6, "too-many-gone", None)
    state = state_after(state, RunOutcome(taken=2), LATER, LATER, "v2")
    assert (state.held, state.trouble) == (6, "too-many-gone")
    state = state_after(state, RunOutcome(full=True, taken=7), LATER, LATER, "v2")
    assert (state.held, state.trouble) == (0, "")


def test_a_list_that_was_cut_short_is_read_again_but_no_failure():
    state = state_after(GOOD, RunOutcome(Trouble.CUT, taken=2), LATER, LATER, "v2")
    assert (state.last_success, state.failing_since, state.trouble) == (LATER, None, "cut-short")
    assert (state.last_full, state.cursor) == (GOOD.last_full, GOOD.cursor)


def test_failures_count_from_the_first():
    first = state_after(GOOD, RunOutcome(Trouble.LOGIN), LATER, LATER, "v2")
    second = state_after(first, RunOutcome(Trouble.TIMEOUT), LATER + MINUTE, LATER + MINUTE, "v2")
    assert (second.failing_since, second.trouble, second.last_success) == (LATER, "timeout", NOW)
    assert second.cursor == GOOD.cursor


def test_a_cursor_that_was_refused_is_not_used_again():
    assert state_after(GOOD, RunOutcome(Trouble.CURSOR), LATER, LATER, "v2").cursor is None


@pytest.mark.parametrize("times", [{"cursor": LATER + MINUTE}, {"last_full": LATER + MINUTE}])
def test_after_a_clock_that_was_ahead_everything_is_read(times):
    """Changes since a time to come would be none, for as long as the clock was ahead."""
    assert changes_since(replace(GOOD, **times), SETTINGS, LATER, GOOD.listed) is None
