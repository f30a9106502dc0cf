"""What was just done: how often it is shown, to whom, and how long it can be taken back."""

from datetime import timedelta

from tests.unit.console.browsing import NOW

from mailgate.console.toasts import LASTS, Toast, Toasts

DONE = Toast("The device is lost.", NOW)
TAKEN_BACK = Toast("The request is done.", NOW, "/console/help/done", {"done": "no"})
TICK = timedelta(seconds=1)


def test_what_cannot_be_taken_back_is_shown_once() -> None:
    toasts = Toasts()
    toasts.say("ada", DONE)
    assert [toasts.shown("ada", NOW) for _ in range(2)] == [DONE, None]


def test_what_can_be_taken_back_is_shown_on_every_page_for_a_minute() -> None:
    toasts = Toasts()
    toasts.say("ada", TAKEN_BACK)
    moments = (NOW, NOW + LASTS - TICK, NOW + LASTS, NOW)
    assert [toasts.shown("ada", at) for at in moments] == [TAKEN_BACK, TAKEN_BACK, None, None]


def test_who_comes_back_late_is_not_told_of_it() -> None:
    toasts = Toasts()
    toasts.say("ada", DONE)
    assert toasts.shown("ada", NOW + LASTS) is None


def test_only_the_last_is_shown_and_to_its_own_session_alone() -> None:
    toasts = Toasts()
    toasts.say("ada", TAKEN_BACK)
    toasts.say("ada", DONE)
    assert toasts.shown("lin", NOW) is None
    assert toasts.shown("ada", NOW) == DONE


def test_how_long_it_lasts_is_never_less_than_nothing() -> None:
    left = [TAKEN_BACK.lasts(NOW + ago) for ago in (timedelta(), LASTS - TICK, 2 * LASTS)]
    assert left == [LASTS, TICK, timedelta()]
