"""The blast radius is what deciding everybody one by one gives."""

from collections import Counter, defaultdict
from collections.abc import Hashable, Sequence
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.unit.policy.examples import CLEAN, NOW, PHONE, access, policy_of
from tests.unit.policy.simulate.examples import UNTOLD, accesses, crowds, once, policies, subject

from mailgate.model import Access
from mailgate.policy import Policy
from mailgate.policy.decide import decide
from mailgate.policy.rules import DISCOVERY_RULE
from mailgate.policy.simulate.impact import (
    AT_ONCE,
    DIMENSIONS,
    HELD_BACK,
    KNOWN,
    NOBODYS,
    OUT,
    UNDATED,
    WHOLE,
    Impact,
    ImpactTally,
    Subject,
    later_cell,
)
from mailgate.policy.simulate.judge import UNKNOWN
from mailgate.policy.simulate.later import change_moments, in_full

OPEN, SHUT = policy_of({"effect": "allow"}), policy_of({"effect": "block"})


Crowd = list[Subject]


def by_brute_force(crowd: Crowd, active: Policy, candidate: Policy) -> tuple[dict[Hashable, set[str]], ...]:
    """Devices and people in each cell, by two calls of ``decide`` for every occasion, and the occasions on which each rule matches."""
    subjects, people, matched = defaultdict(set), defaultdict(set), Counter[str]()
    for one in crowd:
        for occasion in one.occasions:
            before, after = decide(occasion.before, active), decide(occasion.after, candidate)
            matched.update(each.rule for each in after.trials if each.matched and each.rule != DISCOVERY_RULE)
            cells: list[Hashable] = [(before.effect.value, after.effect.value)]
            cells += [("whole", "kind", occasion.after.client.kind.value)]
            cells += [("whole", "group", group) for group in occasion.after.user.groups]
            if before.effect is not after.effect:
                new, client = after.effect.value, occasion.after.client
                cells += [("touched",), (new,), (new, "rule", after.rule), (new, "kind", client.kind.value)]
                cells += [(new, "system", client.os or "unknown")]
                cells += [(new, "group", group) for group in occasion.after.user.groups]
                harder = after.effect.severity > before.effect.severity
                out = harder and new in ("block", "challenge")
                cells += [("later", "at once", "out")] * out
                cells += [("later", "at once", "out, of nobody")] * (
                    out and one.known and not occasion.person
                )
            for cell in cells:
                subjects[cell].add(one.id)
                if occasion.person:
                    people[cell].add(occasion.person)
    return subjects, people, matched


@given(crowds, policies, policies, st.integers(0, 5))
def test_the_counts_are_those_of_deciding_everybody_one_by_one(
    crowd: Crowd, active: Policy, candidate: Policy, at: int
) -> None:
    impact = Impact(active, candidate, by_name=True)
    tally, other = (counted(half, impact) for half in (crowd[:at], crowd[at:]))
    tally.merge(other)
    subjects, people, matched = by_brute_force(crowd, active, candidate)
    at_any_time = ((OUT,), (NOBODYS,), (UNDATED,))
    found = {cell: count for cell, count in tally.subjects.items() if cell not in at_any_time}
    assert found == {cell: len(names) for cell, names in subjects.items()}
    assert {cell: tally.people.count(cell) for cell in subjects} == {
        cell: len(people[cell]) for cell in subjects
    }
    assert tally.matched == matched
    assert (tally.devices, tally.clients, tally.occasions) == (
        sum(s.known for s in crowd),
        sum(not s.known for s in crowd),
        sum(len(s.occasions) for s in crowd),
    )


def counted(crowd: Crowd, impact: Impact) -> ImpactTally:
    for one in crowd:
        impact.add(one)
    return impact.taken()


@settings(max_examples=30)
@given(crowds, policies)
def test_the_same_policy_moves_nobody(crowd: Crowd, policy: Policy) -> None:
    same = [replace(one, occasions=tuple(replace(o, after=o.before) for o in one.occasions)) for one in crowd]
    tally = counted(same, Impact(policy, policy, by_name=True))
    moves = [cell for cell in tally.subjects if cell[0] != WHOLE]
    assert all(len(cell) == 2 and cell[0] == cell[1] for cell in moves)  # type: ignore[arg-type, index]
    assert tally.movers == []


def test_outcomes_that_cannot_be_told_are_counted_apart() -> None:
    impact = Impact(OPEN, policy_of({"when": 'request.remote == "10.0.0.1"'}, {"effect": "allow"}))
    impact.add(subject(once(access(PHONE), unrecorded=UNTOLD)))
    assert impact.tally.subjects[UNKNOWN,] == impact.tally.people.count((UNKNOWN,)) == 1
    assert impact.tally.subjects["allow", UNKNOWN] == 1
    assert impact.tally.subjects["block",] == 0
    assert impact.tally.unrecorded == {"request.remote": 1}


@given(policies, policies, accesses, st.sampled_from(["10.0.0.1", "10.0.0.2"]))
def test_a_told_move_holds_whatever_was_not_recorded(
    active: Policy, candidate: Policy, seen: Access, remote: str
) -> None:
    impact = Impact(active, candidate)
    impact.add(subject(once(seen, "", UNTOLD)))
    truly = replace(seen, facts=replace(seen.facts, remote=remote))
    before, after = decide(truly, active).effect, decide(truly, candidate).effect
    (move,) = (cell for cell in impact.tally.subjects if len(cell) == 2)
    if (UNKNOWN,) in impact.tally.subjects:
        assert UNKNOWN in move
    elif move == (UNKNOWN, UNKNOWN):
        assert before == after
    else:
        assert move == (before, after)


WINTER = datetime(2027, 1, 1, tzinfo=UTC)
STAFF = {"when": '"staff" in user.groups || client.kind == "phone"', "id": "staff"}
ADA = access(replace(PHONE, os="ios"), CLEAN, "ada")
ADA = replace(ADA, user=replace(ADA.user, groups=("all", "staff")))
WHOLE_OF_ADA = {(WHOLE, "kind", "phone"), (WHOLE, "group", "all"), (WHOLE, "group", "staff")}
ITSELF = {("kind", "phone"), ("system", "ios"), ("group", "all"), ("group", "staff"), ("rule", "staff")}


def with_all_it_is_by(*cell: str) -> set[tuple[str, ...]]:
    return {cell, *((*cell, *each) for each in ITSELF)}


def impact_on_ada(candidate: Policy, moments: Sequence[datetime] = ()) -> ImpactTally:
    """Everybody is let in before; of two accesses of one device one is known."""
    impact = Impact(OPEN, candidate, moments, in_full(OPEN, candidate, NOW), by_name=True)
    seen = once(ADA)
    impact.add(replace(subject(seen, replace(seen, known=True)), vouched=True))
    return impact.tally


@pytest.mark.parametrize(
    ("rule", "cells", "moment"),
    [
        ({}, {("allow", "block"), ("touched",), (OUT,), later_cell(AT_ONCE, OUT)} | with_all_it_is_by("block"), 0),
        (
            {"stages": {"warn": WINTER.isoformat()}},
            {("allow", "allow"), later_cell(HELD_BACK, OUT)} | with_all_it_is_by("later", WINTER.isoformat(), "warn") | with_all_it_is_by("later", "held back", "block"),
            1,
        ),
        (
            {"stages": {"enforce": WINTER.isoformat()}},
            {("allow", "allow"), (OUT,), later_cell(WINTER, OUT)} | with_all_it_is_by("later", WINTER.isoformat(), "block"),
            1,
        ),
        ({"share": "0%"}, {("allow", "allow"), later_cell(HELD_BACK, OUT)} | with_all_it_is_by("later", "held back", "block"), 2),
        (
            {"when": "client.handheld && now.getMonth() == 0"},
            {("allow", "allow"), (OUT,), (UNDATED,)},
            1,
        ),
    ],
    ids=["now", "at a stage that warns", "at a stage", "held back by a share", "at a moment that cannot be told"],
)  # fmt: skip
def test_a_mover_is_counted_in_each_of_its_cells(
    rule: dict[str, str], cells: set[tuple[str, ...]], moment: int
) -> None:
    candidate = policy_of(STAFF | rule, {"effect": "allow"})
    tally = impact_on_ada(candidate, change_moments((candidate,), NOW))
    assert tally.subjects == dict.fromkeys({(KNOWN,)} | WHOLE_OF_ADA | cells, 1)
    assert {cell for cell in tally.subjects if tally.people.count(cell) == 1} == tally.subjects.keys()
    assert len(tally.people) == 1
    assert moment in [each.since for each in tally.movers]


def test_without_a_person_only_the_device_is_counted() -> None:
    impact = Impact(OPEN, SHUT)
    impact.add(subject(once(access(), "")))
    assert impact.tally.subjects["block",] == 1
    assert (KNOWN,) not in impact.tally.subjects
    assert len(impact.tally.people) == impact.tally.people.count(("block",)) == 0


def test_only_the_word_of_others_makes_a_person_known() -> None:
    impact = Impact(OPEN, SHUT)
    impact.add(subject(once(access(), "ada")))
    for name in ("lin", "eve"):
        impact.add(replace(subject(replace(once(access(), name), known=True), name=name), vouched=True))
    assert (impact.tally.subjects[KNOWN,], impact.tally.people.count((KNOWN,))) == (2, 2)


def test_moves_are_told_apart_by_rule_kind_system_and_group() -> None:
    assert DIMENSIONS == ("rule", "kind", "system", "group")


@pytest.mark.parametrize(
    ("client", "device", "system"),
    [("ios", "android", "ios"), ("", "android", "android"), ("", "", "unknown")],
)
def test_the_client_or_else_the_device_tells_the_system(client: str, device: str, system: str) -> None:
    impact = Impact(OPEN, SHUT)
    impact.add(subject(once(access(replace(PHONE, os=client), replace(CLEAN, os=device)))))
    assert impact.tally.subjects["block", "system", system] == 1


def test_a_rule_that_matches_once_nothing_holds_it_back_is_counted() -> None:
    tally = impact_on_ada(policy_of(STAFF | {"share": "0%"}, {"id": "open", "effect": "allow"}))
    assert tally.matched == {"staff": 2, "open": 2}


def test_unrecorded_variables_of_two_parts_are_added() -> None:
    tally, part = ImpactTally(), ImpactTally()
    part.unrecorded["request.remote"] += 2
    tally.unrecorded["request.remote"] += 1
    tally.merge(part)
    assert tally.unrecorded == {"request.remote": 3}


def test_whoever_moves_at_an_unknown_moment_is_counted_once() -> None:
    quarters = policy_of(
        {"when": 'now.getMonth() == 3 && user.name == "ada"'},
        {"when": 'now.getMonth() == 0 && user.name == "lin"'},
        {"when": "now.getMonth() == 11 && now.getDate() > 20", "effect": "warn"},
        {"effect": "allow"},
    )
    impact = Impact(OPEN, quarters)
    for device, name in enumerate(("ada", "lin", "ada", "eve")):
        impact.add(subject(once(access(user=name), name), name=f"d{device}"))
    tally = impact.tally
    assert [tally.subjects[each] for each in ((UNDATED,), (OUT,))] == [3, 3]
    assert [tally.people.count(each) for each in ((UNDATED,), (OUT,))] == [2, 2]


def test_only_known_devices_that_nobody_known_has_used_are_of_nobody() -> None:
    """A group may be called as a cell is."""
    grouped = replace(access(), user=replace(access().user, groups=("out",)))
    impact = Impact(OPEN, SHUT, (WINTER,))
    for name, person, known in (("d1", "ada", True), ("d2", "", True), ("client 1", "", False)):
        impact.add(Subject(name, known, (once(grouped, person),)))
    tally = impact.tally
    at = [(NOBODYS,), later_cell(AT_ONCE, NOBODYS), later_cell(WINTER, NOBODYS), ("block", "group", NOBODYS)]
    assert [tally.subjects[each] for each in at] == [1, 1, 1, 0]
    assert (tally.subjects[OUT,], tally.people.count((OUT,)), tally.people.count((NOBODYS,))) == (3, 1, 0)


def test_a_person_refused_at_a_date_is_not_undated() -> None:
    december = policy_of(
        {"when": "client.handheld", "stages": {"enforce": WINTER.isoformat()}},
        {"when": "now.getMonth() == 3", "effect": "challenge"},
        {"effect": "allow"},
    )
    impact = Impact(OPEN, december, (WINTER,), by_name=True)
    impact.add(subject(once(access())))
    tally = impact.tally
    assert (tally.subjects[OUT,], tally.subjects[UNDATED,]) == (1, 0)
    assert [(each.label, each.since, each.until) for each in tally.movers] == [("block", 1, 1)]
