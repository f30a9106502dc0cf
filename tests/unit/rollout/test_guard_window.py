"""The limit of the guard is one of a time."""

from dataclasses import asdict
from datetime import datetime, timedelta

import pytest
from tests.unit.rollout.test_guard import plan
from tests.unit.store.examples import NOW

from mailgate.rollout.guard import Guard, Limit
from mailgate.rollout.guard_window import (
    EMPTY_WINDOW,
    WindowTotals,
    beyond_window,
    newly_kept_out,
    read_window,
)
from mailgate.rollout.plan import Plan
from mailgate.store import Act, Store, clock
from mailgate.store.kept_out import KeptOut

DAY = timedelta(days=1)
GUARD = Guard(Limit(10), window=timedelta(days=3))


@pytest.mark.parametrize(
    ("made", "before", "words"),
    [
        (plan(10), EMPTY_WINDOW, []),
        (plan(6), WindowTotals(KeptOut(4, 4)), []),
        (plan(6), WindowTotals(KeptOut(5, 4)), ["6 people would or might newly be kept out, after 5 within 3 days: 11 of 1,000; the guard lets 10 pass"]),
        (plan(0, devices=1), WindowTotals(KeptOut(99, 10)), ["1 devices would or might newly be kept out, after 10 within 3 days: 11 of 2,000; the guard lets 10 pass"]),
        (plan(0), WindowTotals(KeptOut(99, 99)), []),  # what keeps out nobody may always pass
        (plan(1, 1), WindowTotals(KeptOut(9, 0)), ["2 people would or might newly be kept out, after 9 within 3 days: 11 of 1,000; the guard lets 10 pass"]),
        (plan(0), WindowTotals(forgotten=KeptOut(10, 10)), []),
        (plan(0), WindowTotals(KeptOut(2, 0), KeptOut(9, 1)), ["0 people would or might newly be kept out, and 9 were forgotten, so that it cannot be known for them, after 2 within 3 days: 11 of 1,009; the guard lets 10 pass"]),
        (plan(10), WindowTotals(forgotten=KeptOut(0, 1)), ["10 devices would or might newly be kept out, and 1 were forgotten, so that it cannot be known for them, after 0 within 3 days: 11 of 2,001; the guard lets 10 pass"]),
    ],
)  # fmt: skip
def test_what_came_before_counts_with_what_comes(made: Plan, before: WindowTotals, words: list[str]) -> None:
    assert beyond_window(made, GUARD, before) == words


def test_what_goes_beyond_the_limit_alone_is_said_as_ever() -> None:
    (people, devices) = beyond_window(plan(11), GUARD, WindowTotals(KeptOut(5, 5)))
    assert people == "11 of 1,000 people would or might newly be kept out; the guard lets 10 pass"
    assert newly_kept_out(plan(11, 2)) == KeptOut(13, 13)
    assert devices.startswith("11 of 2,000 devices")


def test_an_app_that_no_report_tells_of_may_be_anybodys() -> None:
    (words,) = beyond_window(plan(unreported=["Go"]), GUARD, EMPTY_WINDOW)
    assert words.startswith("no report tells yet who has Go, so any of 1,000 people and 1,900 devices might")
    assert beyond_window(plan(unreported=["Go"]), Guard(Limit(1.0)), EMPTY_WINDOW) == []


async def test_a_clock_that_is_ahead_forgets_nothing_that_counts(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def right(_connection: object, now: datetime) -> datetime:
        return min(now, NOW)

    newly = {"kept_out": asdict(KeptOut(3, 4))}
    await store.audit.append(Act(NOW - DAY, "ada", "exemption-ended", details=newly))
    assert await read_window(store, GUARD, NOW + 9 * DAY) == WindowTotals(since=NOW + 6 * DAY)
    monkeypatch.setattr(clock, "earliest_now", right)
    assert await read_window(store, GUARD, NOW + 9 * DAY) == WindowTotals(KeptOut(3, 4), since=NOW - 3 * DAY)
