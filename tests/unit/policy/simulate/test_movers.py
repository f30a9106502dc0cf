"""Everybody who moves is listed once, with the moments between which it is so."""

from collections.abc import Hashable, Mapping
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.policy.examples import LAPTOP, NOW, PHONE, WITH_TIKTOK, access, policy_of
from tests.unit.policy.simulate.examples import OPEN, SHUT, once, subject

from mailgate.model import Reason
from mailgate.policy.simulate.impact import Impact, Mover, PeopleCount, movers
from mailgate.policy.simulate.judge import ComparisonResult, Occasion, OccasionOutcome
from mailgate.policy.simulate.later import change_moments

PHONES = {"id": "phones", "when": 'client.kind == "phone"', "effect": "block"}
DAY = timedelta(days=1)


def moved(candidate: Mapping[str, object], *occasions: Occasion) -> list[Mover]:
    """Who moves if everybody was let in before."""
    policies = policy_of(OPEN), policy_of(candidate, OPEN)
    impact = Impact(*policies, moments=change_moments(policies, NOW), by_name=True)
    impact.add(subject(*occasions))
    return impact.tally.movers


def test_a_mover_is_listed_with_both_decisions() -> None:
    seen = access(posture=replace(WITH_TIKTOK, os="ios"))
    seen = replace(seen, user=replace(seen.user, groups=("staff",)))
    assert moved(PHONES, once(seen)) == [
        Mover(
            person="ada",
            device="d1",
            kind="phone",
            system="ios",
            groups=("staff",),
            state="listed",
            apps=("tiktok",),
            label="block",
            before="allow",
            before_rule="rule-0",
            effect="block",
            rule="phones",
            reason="kind-refused",
            since=0,
            until=0,
        )
    ]
    (android,) = moved(PHONES, once(replace(seen, client=replace(PHONE, os="android"))))
    assert android.system == "android"


def test_nobody_is_listed_who_stays_where_they_are() -> None:
    assert moved(PHONES, once(access(LAPTOP))) == []


def test_each_stage_has_its_own_row_with_its_end() -> None:
    stages = {"warn": (NOW + DAY).isoformat(), "enforce": (NOW + 3 * DAY).isoformat()}
    found = moved(PHONES | {"stages": stages}, once(access()))
    assert [(each.label, each.since, each.until) for each in found] == [("warn", 1, 1), ("block", 2, 2)]


@pytest.mark.parametrize(
    ("labels", "rows"),
    [
        ({0: "block", 1: "block", 2: "block"}, [("block", 0, 2)]),
        ({0: "block", 2: "block"}, [("block", 0, 0), ("block", 2, 2)]),
        ({1: "warn", 2: "block", 3: "block", 5: "warn"}, [("warn", 1, 1), ("block", 2, 3), ("warn", 5, 5)]),
        ({}, []),
    ],
    ids=["all along", "with a pause", "another move between", "never"],
)
def test_equal_moves_at_moments_in_a_row_are_one(
    labels: dict[int, str], rows: list[tuple[str, int, int]]
) -> None:
    sides = [OccasionOutcome(effect, "rule-0", Reason.RULE_MATCHED) for effect in ("allow", "block")]
    at = [(moment, label, ComparisonResult(*sides, None)) for moment, label in labels.items()]
    assert [(each.label, each.since, each.until) for each in movers("d1", once(access()), at)] == rows


def test_several_clients_of_one_device_that_move_alike_are_listed_once() -> None:
    found = moved(SHUT, once(access()), once(access()), once(access(), "bob"))
    assert [each.person for each in found] == ["ada", "bob"]


def test_nobody_is_listed_unless_somebody_asks_for_names() -> None:
    impact = Impact(policy_of(OPEN), policy_of(SHUT))
    impact.add(subject(once(access())))
    assert impact.tally.movers == []


entries = st.lists(st.tuples(st.text(max_size=2), st.sets(st.integers(0, 3), min_size=1)), max_size=40)


def crowd(rows: list[tuple[str, set[int]]]) -> PeopleCount:
    made = PeopleCount()
    for name, cells in rows:
        made.add(name, cells)
    return made


@given(entries, entries)
def test_each_name_counts_once_in_each_cell_also_after_a_merge(
    rows: list[tuple[str, set[int]]], others: list[tuple[str, set[int]]]
) -> None:
    both = crowd(rows)
    both.merge(crowd(others))
    sets: dict[Hashable, set[str]] = {}
    for name, cells in [*rows, *others]:
        for cell in cells:
            sets.setdefault(cell, set()).add(name)
    assert len(both) == len({name for name, _ in [*rows, *others]})
    assert {cell: both.count(cell) for cell in range(5)} == {
        cell: len(sets.get(cell, ())) for cell in range(5)
    }


def test_many_names_take_little_room() -> None:
    made = PeopleCount()
    for number in range(20_000):
        made.add(str(number), ["all"])
    made.merge(made)
    assert made.count("all") == 20_000
    assert len(made._cells["all"]) < 4_000


def test_names_of_one_person_count_once() -> None:
    count = PeopleCount()
    for name in ("ada", "ADA", "Lin", "LIN", "grace"):
        count.add(name, [("known",)] if name != "grace" else [])
    count.add("GRACE", [("known",)])
    assert count.count_once(("known",), str.lower) == 3
    assert count.count_once(("none",), str.lower) == 0
