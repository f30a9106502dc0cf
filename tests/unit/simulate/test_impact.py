"""The blast radius is what deciding everybody one by one gives."""

from collections import Counter, defaultdict
from collections.abc import Hashable
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.policy.examples import LAPTOP, NOW, PHONE, access, policy_of
from tests.unit.simulate.examples import UNTOLD, accesses, crowds, once, policies, subject

from mailgate.engine.decide import decide
from mailgate.model import Access
from mailgate.policy import Policy
from mailgate.policy.rules import DISCOVERY_RULE
from mailgate.simulate import OUT, UNDATED, UNKNOWN, WHOLE, Impact, ImpactTally, Subject, sampled

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
            for cell in cells:
                subjects[cell].add(one.id)
                if occasion.person:
                    people[cell].add(occasion.person)
    return subjects, people, matched


@given(crowds, policies, policies, st.integers(0, 5))
def test_the_counts_are_those_of_deciding_everybody_also_where_two_halves_are_added_up(
    crowd: Crowd, active: Policy, candidate: Policy, at: int
) -> None:
    tally, other = (counted(half, active, candidate) for half in (crowd[:at], crowd[at:]))
    tally.merge(other)
    subjects, people, matched = by_brute_force(crowd, active, candidate)
    found = {cell: count for cell, count in tally.subjects.items() if cell not in ((OUT,), (UNDATED,))}
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


def counted(crowd: Crowd, active: Policy, candidate: Policy) -> ImpactTally:
    impact = Impact(active, candidate)
    for one in crowd:
        impact.add(one)
    return impact.tally


@given(crowds, policies)
def test_the_same_policy_moves_nobody(crowd: Crowd, policy: Policy) -> None:
    same = [replace(one, occasions=tuple(replace(o, after=o.before) for o in one.occasions)) for one in crowd]
    tally = counted(same, policy, policy)
    moves = [cell for cell in tally.subjects if cell[0] != WHOLE]
    assert all(len(cell) == 2 and cell[0] == cell[1] for cell in moves)  # type: ignore[arg-type, index]
    assert tally.samples == {}


def test_a_device_that_comes_in_two_ways_counts_under_both() -> None:
    impact = Impact(OPEN, policy_of({"when": "client.handheld"}, {"effect": "allow"}))
    impact.add(subject(once(access(PHONE)), once(access(LAPTOP))))
    assert (
        impact.tally.subjects["allow", "block"]
        == impact.tally.subjects["allow", "allow"]
        == impact.tally.subjects["block",]
        == 1
    )


def test_what_cannot_be_told_is_counted_apart() -> None:
    impact = Impact(OPEN, policy_of({"when": 'request.remote == "10.0.0.1"'}, {"effect": "allow"}))
    impact.add(subject(once(access(PHONE), unrecorded=UNTOLD)))
    assert impact.tally.subjects[UNKNOWN,] == impact.tally.people.count((UNKNOWN,)) == 1
    assert impact.tally.subjects["allow", UNKNOWN] == 1
    assert impact.tally.subjects["block",] == 0
    assert impact.tally.unrecorded == {"request.remote": 1}


REMOTE = {"when": 'request.remote == "10.0.0.1"'}


def test_what_was_not_recorded_does_not_matter_where_nothing_else_changes() -> None:
    impact = Impact(
        policy_of(REMOTE, {"effect": "allow"}), policy_of(REMOTE, {"effect": "allow", "title": "All"})
    )
    impact.add(subject(once(access(PHONE), unrecorded=UNTOLD)))
    assert impact.tally.subjects == {(UNKNOWN, UNKNOWN): 1, (WHOLE, "kind", "phone"): 1}
    assert impact.tally.unrecorded == {}


def test_a_move_that_is_the_same_whatever_was_not_recorded_is_told() -> None:
    impact = Impact(policy_of(REMOTE), policy_of(REMOTE | {"effect": "warn"}, {"effect": "warn"}))
    impact.add(subject(once(access(PHONE), unrecorded=UNTOLD)))
    assert impact.tally.subjects["block", "warn"] == impact.tally.subjects["warn",] == 1


@given(policies, policies, accesses, st.sampled_from(["10.0.0.1", "10.0.0.2"]))
def test_what_is_told_holds_whatever_was_not_recorded(
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


def test_samples_are_of_different_people_and_few() -> None:
    impact = Impact(OPEN, SHUT)
    for number in range(14):
        came = [once(access(client), f"person-{number // 2}") for client in (PHONE, LAPTOP)]
        impact.add(subject(*came, name=f"d{number}"))
    (kept,) = impact.tally.samples.values()
    assert [sample.occasion.person for sample in kept] == [f"person-{number}" for number in range(5)]
    assert impact.tally.samples.keys() == {("block", "rule-0")}


def test_rules_that_match_are_counted_those_that_only_report_too() -> None:
    report = {"when": "client.handheld", "stages": {"report_only": "2026-12-01"}}
    impact = Impact(OPEN, policy_of(report, {"when": "client.probed"}, {"effect": "allow"}))
    impact.add(subject(once(access(PHONE))))
    assert impact.tally.matched == {"rule-0": 1, "rule-2": 1}


PROOF, WARNED = policy_of({"effect": "challenge"}), policy_of({"effect": "warn"})


@pytest.mark.parametrize(
    ("active", "candidate", "out"),
    [
        (OPEN, PROOF, 1),
        (WARNED, PROOF, 1),
        (PROOF, SHUT, 1),
        (SHUT, PROOF, 0),
        (OPEN, WARNED, 0),
        (SHUT, OPEN, 0),
    ],
    ids=[
        "let in, asked for proof now",
        "warned, asked for proof now",
        "asked for proof, kept out now",
        "kept out, may prove themselves now",
        "let in, warned now",
        "kept out, let in now",
    ],
)
def test_who_is_asked_for_proof_is_out_and_who_may_prove_themselves_from_now_on_is_not(
    active: Policy, candidate: Policy, out: int
) -> None:
    impact = Impact(active, candidate)
    impact.add(subject(once(access())))
    assert (impact.tally.subjects[OUT,], impact.tally.people.count((OUT,))) == (out, out)


def test_where_the_moment_cannot_be_told_the_first_of_the_sampled_ones_is_named() -> None:
    december = policy_of({"when": "now.getMonth() == 0"}, {"effect": "allow"})
    moments = sampled((OPEN, december), NOW)
    impact = Impact(OPEN, december, sampled=moments)
    impact.add(subject(once(access())))
    tally = impact.tally
    assert tally.first == datetime(2027, 1, 1, tzinfo=UTC)
    assert [tally.subjects[each] for each in (("later", "sampled", "block"), (UNDATED,), (OUT,))] == [1, 1, 1]
    assert len(tally.samples["later sampled block", "rule-0"]) == 1
    halves = Impact(OPEN, december, sampled=moments).tally
    halves.merge(tally)
    assert halves.first == tally.first
