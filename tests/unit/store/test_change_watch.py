"""Whether changes in the store are heard of."""

from datetime import timedelta

import pytest
from tests.unit.store.examples import NOW

from mailgate.store.change_watch import DISTRUSTED_FOR, VALID_FOR, ChangeWatch

MOMENT = timedelta(milliseconds=1)


def watching() -> ChangeWatch:
    """Everything is known up to change 5."""
    made = ChangeWatch(change=5)
    made.caught_up(NOW)
    return made


@pytest.mark.parametrize("made", [ChangeWatch(), ChangeWatch(change=5)], ids=["new", "that knows a change"])
def test_nothing_is_followed_before_the_first_look(made: ChangeWatch) -> None:
    assert made.since(made.mark()) is None
    assert not made.follows(None, NOW)


def test_what_was_asked_between_two_looks_is_followed_until_a_look_is_late() -> None:
    made = watching()
    beginning = made.since(made.mark())
    assert beginning is not None
    assert made.follows(beginning, NOW + VALID_FOR - MOMENT)
    assert not made.follows(beginning, NOW + VALID_FOR)
    assert not made.follows(beginning, NOW - VALID_FOR)
    made.caught_up(NOW + 2 * VALID_FOR)
    assert made.follows(beginning, NOW + 2 * VALID_FOR)


def test_what_a_look_may_have_missed_is_not_followed() -> None:
    made = watching()
    mark = made.mark()
    made.change = 6
    assert made.since(mark) is None
    assert made.since(made.mark()) is not None


def test_after_a_failed_look_all_is_asked_anew() -> None:
    made = watching()
    mark, beginning = made.mark(), made.since(made.mark())
    made.lost_track()
    assert made.mark() is None
    assert not made.follows(beginning, NOW)
    made.caught_up(NOW)
    assert not made.follows(beginning, NOW)
    assert made.since(mark) is None


def test_after_a_long_time_without_a_look_all_is_asked_anew() -> None:
    made = watching()
    beginning = made.since(made.mark())
    made.caught_up(NOW + DISTRUSTED_FOR)
    assert not made.follows(beginning, NOW + DISTRUSTED_FOR)
