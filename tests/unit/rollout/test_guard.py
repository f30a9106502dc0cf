"""How much one change may do by itself."""

from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Any

import pytest
from tests.unit.config.test_guard import at
from tests.unit.rollout.plans import NEWLY, NOBODY, hit, moved, plan_of
from tests.unit.rollout.test_person import known
from tests.unit.store.examples import NOW, set_shared_clock

from mailgate.config.guard import GuardSettings, Once
from mailgate.config.mail import NoticeSettings
from mailgate.config.settings import Settings
from mailgate.rollout.guard import (
    Guard,
    Limit,
    beyond_limit,
    beyond_window,
    failing_cases,
    freeze_reason,
    guard_of,
    most_kept_out,
    newly_kept_out,
    read_window,
)
from mailgate.rollout.plan import LABELS, Plan
from mailgate.store import Act, Store, gates
from mailgate.store.kept_out import EMPTY_WINDOW, KeptOut, WindowTotals


def plan(blocked: int = 0, unknown: int = 0, *, devices: int = 0, failed: int = 0, **said: Any) -> Plan:
    known = {
        "cases": {"run": 5, "failed": [{"name": "a", "wrong": {}}] * failed},
        "totals": {"people": 1000, "devices": 1900, "clients": 100, "occasions": 3000},
        "known": {"people": 1000, "devices": 2000},
        "newly": dict.fromkeys(LABELS, NEWLY)
        | {"block": hit(blocked, devices or blocked), "unknown": hit(unknown, unknown)},
        "kept_out": {"people": blocked + unknown, "devices": (devices or blocked) + unknown},
    }
    return plan_of(**known | said)


@pytest.mark.parametrize(
    ("most", "everybody", "count"), [(10, 1000, 10), (0.01, 1000, 10), (0.01, 99, 0), (1.0, 7, 7), (0, 5, 0)]
)
def test_a_limit_is_a_number_or_a_part(most: int | float, everybody: int, count: int) -> None:
    assert Limit(most).of(everybody) == count


NOBODY_KNOWN = {"people": 0, "devices": 0}


@pytest.mark.parametrize(
    ("made", "limit", "count"),
    [
        (plan(10), Limit(10), 0),
        (plan(11), Limit(0.01), 1),  # 11 of 1000 people, while 20 of 2000 devices may
        (plan(11), Limit(0.011), 0),
        (plan(0, devices=21), Limit(0.01), 1),
        (plan(6, 5), Limit(10), 2),  # who may be kept out counts as kept out
        (plan(1000), None, 0),
        (plan(11, known=NOBODY_KNOWN), Limit(11), 0),
        (plan(11, known=NOBODY_KNOWN), Limit(0.99), 2),  # a part is one of those who are known
        (plan(11, known=NOBODY_KNOWN), Limit(1.0), 0),  # which limits nobody
        (plan(1000, failed=1), Limit(0), 3),  # and the cases beside the limit
    ],
    ids=[
        "as many as may",
        "more people than may",
        "a part, rounded down",
        "more devices than may",
        "who may be kept out counts",
        "no limit",
        "a number, and nobody is known",
        "a part, and nobody is known",
        "everybody may, and nobody is known",
        "cases beside the limit",
    ],
)
def test_more_than_the_limit_is_objected_to(made: Plan, limit: Limit | None, count: int) -> None:
    assert len(failing_cases(made) + beyond_limit(made, limit)) == count


@pytest.mark.parametrize(
    ("made", "limit", "words"),
    [
        (plan(1000), Limit(0.01), [
            "1,000 of 1,000 people would or might lose mail; more than 10 needs approval",
            "1,000 of 2,000 devices would or might lose mail; more than 20 needs approval",
        ]),
        (plan(11, known={"people": 900, "devices": 1900}), Limit(0.011), [
            "11 of 1,000 people would or might lose mail; more than 9 needs approval",
        ]),
    ],
)  # fmt: skip
def test_an_objection_says_how_many_and_how_many_may(made: Plan, limit: Limit, words: list[str]) -> None:
    assert beyond_limit(made, limit) == words


@pytest.mark.parametrize(
    ("failed", "words"),
    [
        (1, "1 of 5 test cases does not hold: “a”"),
        (2, "2 of 5 test cases do not hold: “a”; “a”"),
        (5, "5 of 5 test cases do not hold: “a”; “a”; “a” and 2 more"),
    ],
)
def test_cases_that_do_not_hold_are_named(failed: int, words: str) -> None:
    assert failing_cases(plan(failed=failed)) == [words]


SHORT = Once("short", at("2026-12-01T10:00"), at("2026-12-01T12:00"))
LONG = Once("long", at("2026-12-01T11:00"), at("2026-12-03T12:00"))


@pytest.mark.parametrize(
    ("now", "words"),
    [
        ("2026-12-01T09:59", ""),
        ("2026-12-01T10:00", "changes are frozen until 2026-12-01 12:00 UTC (short)"),
        ("2026-12-01T11:30", "changes are frozen until 2026-12-03 12:00 UTC (long)"),
        ("2026-12-03T12:00", ""),
    ],
)
def test_the_freeze_that_ends_last_is_named(now: str, words: str) -> None:
    assert freeze_reason(Guard(Limit(0), freezes=(SHORT, LONG)), at(now)) == words
    assert freeze_reason(None, at(now)) == ""


def test_the_guard_of_settings_knows_who_may_approve() -> None:
    guard = GuardSettings(max_newly_blocked=3, approvals=2)
    admins = known(ada="operator", lin="viewer approver")
    made = guard_of(Settings.model_construct(guard=guard, admins=admins))
    assert made == Guard(Limit(3), 2, (), frozenset({"ada", "lin"}), frozenset({"lin"}))
    without = guard_of(Settings.model_construct(guard=None, admins=admins))
    assert without == Guard(None, admins=frozenset({"ada", "lin"}), approvers=frozenset({"lin"}))
    assert guard_of(Settings.model_construct(guard=None, admins=known(ada="operator"))) is None


def test_an_override_needs_as_many_others_as_an_approval() -> None:
    three = frozenset({"ada", "lin", "kim"})
    guard = Guard(Limit(0), 2, approvers=three)
    assert guard.missing_to_override([], "file", "joe") == 2
    assert guard.missing_to_override(["lin", "joe"], "file", "joe") == 1
    assert guard.missing_to_override(["ada", "lin"], "ada", "joe") == 1, "its author does not count"
    assert guard.missing_to_override([], "ada", "kim") == 1, "only lin is left, and has to"
    assert guard.missing_to_override(["lin"], "ada", "kim") == 0
    assert Guard(None, 1, approvers=frozenset({"ada"})).missing_to_override([], "ada", "ada") == 0


def test_only_an_approver_with_an_address_in_the_domain_can_be_written_to() -> None:
    admins = {
        name: each.model_copy(update={"mail": mail})
        for (name, each), mail in zip(
            known(ada="operator", lin="approver", kim="approver", max="approver").items(),
            ("ada@example.com", "lin@example.com", "kim@elsewhere.example", None),
            strict=True,
        )
    }
    notices = NoticeSettings.model_construct(domain="example.com")
    made = guard_of(Settings.model_construct(guard=None, admins=admins, notices=notices))
    assert made
    assert made.addresses == {"lin": "lin@example.com"}
    silent = guard_of(Settings.model_construct(guard=None, admins=admins))
    assert silent
    assert silent.addresses == {}


def test_an_approver_with_another_part_does_not_count() -> None:
    guard = Guard(Limit(0), approvers=frozenset({"ada", "lin", "kim"}))
    assert guard.counting(["lin", "joe", "ada", "kim"], "ada", "kim") == ["lin"]


def test_people_refused_only_later_count_now() -> None:
    kept_out = {"people": 8, "devices": 9}
    nobody = dict.fromkeys(LABELS, NOBODY)
    out = nobody | {"block": {"people": 7, "devices": 9}, "unknown": {"people": 1, "devices": 0}}
    counted = {"newly": out, "moved": moved(8)}
    later = [
        {"at": "2026-12-15T09:00:00+01:00", **counted},
        {"at": "2027-01-01T00:00:00+00:00", "newly": nobody},
    ]
    made = plan(3, later=later, kept_out=kept_out)
    assert beyond_limit(made, Limit(7)) == [
        "8 of 1,000 people would or might lose mail from 2026-12-15 08:00 UTC on; more than 7 needs approval",
        "9 of 2,000 devices would or might lose mail from 2026-12-15 08:00 UTC on; more than 7 needs approval",
    ]
    assert beyond_limit(made, Limit(9)) == []
    now = plan(3, later=[{"at": made.made_at, **counted}], kept_out=kept_out)
    assert "lose mail once every grace is over and no rule is out;" in beyond_limit(now, Limit(7))[0]


def test_who_moves_in_two_ways_at_once_does_not_stand_for_who_is_refused_later() -> None:
    """Three people each have a phone that is blocked and one of which nothing is known; from a stage on three others are refused too."""
    of_six = {"people": 6, "devices": 7}
    later = {"at": "2026-12-15T08:00:00+00:00", "newly": dict.fromkeys(LABELS, NEWLY) | {"block": hit(6, 7)}}
    made = plan(3, 3, moved=moved(3), later=[later], kept_out=of_six)
    assert [str(when) for _, when in (most_kept_out(made, "people"), most_kept_out(made, "devices"))] == [
        " from 2026-12-15 08:00 UTC on",
        " from 2026-12-15 08:00 UTC on",
    ]


def test_different_people_at_different_moments_are_as_many_as_all_of_them() -> None:
    made = plan(3, kept_out={"people": 20, "devices": 20})
    assert most_kept_out(made, "people") == (20, " at one moment or another")
    assert beyond_limit(made, Limit(19)) == [
        f"20 of {count} would or might lose mail at one moment or another; more than 19 needs approval"
        for count in ("1,000 people", "2,000 devices")
    ]


DAY = timedelta(days=1)
GUARD = Guard(Limit(10), window=timedelta(days=3))


@pytest.mark.parametrize(
    ("made", "before", "words"),
    [
        (plan(10), EMPTY_WINDOW, []),
        (plan(6), WindowTotals(KeptOut(4, 4)), []),
        (plan(6), WindowTotals(KeptOut(5, 4)), ["6 people would or might lose mail, after 5 within 3 days: 11 together; more than 10 needs approval"]),
        (plan(0, devices=1), WindowTotals(KeptOut(99, 10)), ["1 device would or might lose mail, after 10 within 3 days: 11 together; more than 10 needs approval"]),
        (plan(0), WindowTotals(KeptOut(99, 99)), []),  # what keeps out nobody may always pass
        (plan(1, 1), WindowTotals(KeptOut(9, 0)), ["2 people would or might lose mail, after 9 within 3 days: 11 together; more than 10 needs approval"]),
        (plan(0), WindowTotals(forgotten=KeptOut(10, 10)), []),
        (plan(0), WindowTotals(KeptOut(2, 0), KeptOut(9, 1)), ["0 people would or might lose mail, and 9 were forgotten, so that it cannot be known for them, after 2 within 3 days: 11 together; more than 10 needs approval"]),
        (plan(10), WindowTotals(forgotten=KeptOut(0, 1)), ["10 devices would or might lose mail, and 1 were forgotten, so that it cannot be known for them, after 0 within 3 days: 11 together; more than 10 needs approval"]),
        # whoever was kept out twice counts twice, so it may be more than there are
        (plan(1), WindowTotals(KeptOut(1500, 0)), ["1 person would or might lose mail, after 1,500 within 3 days: 1,501 together; more than 10 needs approval"]),
    ],
)  # fmt: skip
def test_earlier_changes_in_the_window_count_too(made: Plan, before: WindowTotals, words: list[str]) -> None:
    assert beyond_window(made, GUARD, before) == words


def test_a_change_beyond_the_limit_by_itself_is_said_plainly() -> None:
    (people, devices) = beyond_window(plan(11), GUARD, WindowTotals(KeptOut(5, 5)))
    assert people == "11 of 1,000 people would or might lose mail; more than 10 needs approval"
    assert newly_kept_out(plan(11, 2)) == KeptOut(13, 13)
    assert devices.startswith("11 of 2,000 devices")


def test_an_app_that_no_report_tells_of_may_be_anybodys() -> None:
    (words,) = beyond_window(plan(unreported=["Go"]), GUARD, EMPTY_WINDOW)
    assert words.startswith("no report tells yet who has Go, so any of 1,000 people and 1,900 devices might")
    assert beyond_window(plan(unreported=["Go"]), Guard(Limit(1.0)), EMPTY_WINDOW) == []


async def test_an_act_by_a_clock_that_lags_counts(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    set_shared_clock(monkeypatch, NOW)
    newly = {"kept_out": asdict(KeptOut(3, 4))}
    await store.audit.append(Act(NOW - 30 * DAY, "ada", "exemption-ended", details=newly))
    assert (await read_window(store, GUARD, NOW)).kept_out == KeptOut(3, 4)


async def test_a_clock_that_is_ahead_forgets_nothing_that_counts(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def right(_connection: object, _now: datetime) -> datetime:
        return NOW

    newly = {"kept_out": asdict(KeptOut(3, 4))}
    await store.audit.append(Act(NOW - DAY, "ada", "exemption-ended", details=newly))
    assert await read_window(store, GUARD, NOW + 9 * DAY) == WindowTotals(since=NOW + 6 * DAY)
    monkeypatch.setattr(gates, "shared_now", right)
    assert await read_window(store, GUARD, NOW + 9 * DAY) == WindowTotals(KeptOut(3, 4), since=NOW - 3 * DAY)
