"""What was just done: where it is shown, how often, and how long it can be taken back."""

from dataclasses import replace
from datetime import timedelta

from tests.unit.console.browsing import NOW

from mailgate.console.toasts import UNDO_TIME, Toast, Toasts

ADA, BOB = "/console/people?login=ada", "/console/people?login=bob"
DONE = Toast("ada is exempt.", NOW, "/console/exemptions/end", {"number": "1"}, page=ADA)
TICK = timedelta(seconds=1)


def said(*some: Toast) -> Toasts:
    toasts = Toasts()
    for each in some:
        toasts.say("grace", each)
    return toasts


def test_a_toast_is_shown_once_and_on_its_page_alone() -> None:
    toasts = said(DONE)
    assert [toasts.shown("grace", ADA, NOW) for _ in range(2)] == [DONE, None]
    toasts = said(DONE)  # which is gone with any other page
    assert [toasts.shown("grace", page, NOW) for page in (BOB, ADA)] == [None, None]


def test_a_new_toast_replaces_the_last_one() -> None:
    found = Toast("The device d1 is found.", NOW, page=BOB)
    assert [said(DONE, found).shown("grace", page, NOW) for page in (ADA, BOB)] == [None, found]


def test_a_toast_is_not_shown_late_or_to_another_session() -> None:
    assert said(DONE).shown("grace", ADA, NOW + UNDO_TIME) is None
    assert said(DONE).shown("vic", ADA, NOW) is None


def test_the_time_left_of_a_toast_is_never_negative() -> None:
    left = [replace(DONE).lasts(NOW + ago) for ago in (timedelta(), UNDO_TIME - TICK, 2 * UNDO_TIME)]
    assert left == [UNDO_TIME, TICK, timedelta()]
