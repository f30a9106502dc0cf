"""What a candidate does later on is what deciding everybody then gives."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from tests.unit.policy.examples import CLEAN, NOW, PHONE, access, policy_of
from tests.unit.policy.simulate.examples import OPEN, crowds, once, policies, subject

from mailgate.model import Access, Posture, PostureState
from mailgate.policy import Policy
from mailgate.policy.decide import decide
from mailgate.policy.reliefs import Cause, Relief, Reliefs
from mailgate.policy.simulate import OUT, UNDATED, Impact, Subject, change_moments, in_full, later_cell

WEEK = timedelta(days=7)
NEW_YEAR = datetime(2027, 1, 1, tzinfo=UTC)
MOMENTS = (NOW, NOW + WEEK, NOW + 52 * WEEK)
"""Now without any grace, and behind every stage of the examples and every exemption."""


def at(occasion: Access, moment: datetime) -> Access:
    """With no grace left, and a report as old as now."""
    posture = occasion.posture
    reported = posture.reported_at and posture.reported_at + (moment - occasion.now)
    return replace(
        occasion, now=moment, posture=replace(occasion.posture, first_seen=None, reported_at=reported)
    )


def back(policy: Policy) -> Policy:
    """With no rule out for everybody."""
    return replace(policy, reliefs=policy.reliefs.of_some())


@given(crowds, policies, policies)
def test_the_counts_of_each_moment_are_those_of_deciding_everybody_then(
    crowd: list[Subject], active: Policy, candidate: Policy
) -> None:
    impact = Impact(active, candidate, moments=MOMENTS)
    devices: dict[tuple[str, ...], set[str]] = {}
    people: dict[tuple[str, ...], set[str]] = {}
    old_rules, new_rules = back(active), back(candidate)
    for one in crowd:
        impact.add(one)
        for moment in MOMENTS:
            for each in one.occasions:
                old = decide(at(each.before, moment), old_rules).effect
                new = decide(at(each.after, moment), new_rules).effect
                if old is not new:
                    cell = later_cell(moment, new.value)
                    devices.setdefault(cell, set()).add(one.id)
                    people.setdefault(cell, set()).update({each.person} - {""})
    found = {
        cell: count
        for cell, count in impact.tally.subjects.items()
        if cell[0] == "later" and len(cell) == len(later_cell(NOW, ""))  # and not by what
    }
    assert found == {cell: len(names) for cell, names in devices.items()}
    assert {cell: impact.tally.people.count(cell) for cell in people} == {
        cell: len(names) for cell, names in people.items()
    }


def test_a_phone_allowed_until_a_stage_moves_at_its_start() -> None:
    stages = {"when": "client.handheld", "stages": {"warn": "2027-01-01", "enforce": "2027-02-01"}}
    staged, candidate = policy_of(stages), policy_of(stages, OPEN)
    moments = change_moments((policy_of(OPEN), candidate), NOW)
    assert [f"{each:%Y-%m-%d}" for each in moments] == ["2027-01-01", "2027-02-01"]
    phone = access(PHONE, CLEAN)
    impact = Impact(policy_of(OPEN), candidate, moments=moments)
    impact.add(subject(once(phone)))
    subjects = impact.tally.subjects
    by_what = {cell for cell in subjects if cell[0] == "whole" or len(cell) > len(later_cell(NOW, ""))}
    assert by_what == {
        ("whole", "kind", "phone"),
        *(
            (*later_cell(moment, label), *each)
            for moment, label in zip(moments, ("warn", "block"), strict=True)
            for each in (("kind", "phone"), ("rule", candidate.rules[0].id), ("system", "unknown"))
        ),
    }
    assert {cell: count for cell, count in subjects.items() if cell not in by_what} == {
        ("allow", "allow"): 1,
        later_cell(moments[0], "warn"): 1,
        later_cell(moments[1], "block"): 1,
        (OUT,): 1,
    }
    (sample,) = impact.tally.samples[" ".join(later_cell(moments[1], "block")), candidate.rules[0].id]
    assert (sample.before.effect, sample.after.effect) == ("allow", "block")
    same = Impact(staged, staged, moments=moments)
    same.add(subject(once(phone)))
    assert not any(cell[0] == "later" for cell in same.tally.subjects), (
        "both say so: the change is not what moves it"
    )


HALT = Relief(1, Cause.HALT, "rule-0", "x", "", NOW)
EXEMPT = Relief(2, Cause.EXEMPTION, "", "x", "ada", NOW, NOW + WEEK, "lin")


@pytest.mark.parametrize(
    ("rule", "reliefs", "moments"),
    [
        ({"stages": {"enforce": "2020-01-01"}}, (), ()),
        ({"stages": {"enforce": "2027-01-01"}}, (), (NEW_YEAR,)),
        ({"when": 'now >= timestamp("2027-01-01T00:00:00Z")'}, (), (NEW_YEAR,)),
        ({"grace": "30d"}, (), (NOW,)),
        ({"grace": "30d", "stages": {"enforce": "2027-01-01"}}, (), (NOW, NEW_YEAR)),
        ({}, (HALT,), (NOW,)),
        ({}, (replace(HALT, until=NOW),), ()),
        ({}, (EXEMPT,), (NOW + WEEK,)),
        ({}, (EXEMPT, replace(EXEMPT, until=NOW + 2 * WEEK), replace(EXEMPT, until=NOW + timedelta(1))), (NOW + 2 * WEEK,)),
        ({}, (replace(EXEMPT, until=None),), ()),
        ({}, (replace(EXEMPT, until=NOW),), ()),
    ],
    ids=["a stage that has begun", "a stage to come", "a date in a condition", "a grace that ends", "a grace and a stage", "a halt", "a halt that is over", "an exemption", "the last of several exemptions", "an exemption without an end", "an exemption that is over"],
)  # fmt: skip
def test_the_moments_are_stages_dates_and_ends_of_grace_and_relief(
    rule: dict[str, object], reliefs: tuple[Relief, ...], moments: tuple[datetime, ...]
) -> None:
    policy = replace(policy_of(rule), reliefs=Reliefs(1, reliefs))
    assert change_moments((policy_of(OPEN), policy), NOW) == moments


def test_a_time_that_has_to_be_passed_turns_just_behind_it() -> None:
    dated = policy_of({"when": 'now > timestamp("2027-01-01T00:00:00Z")'}, OPEN)
    (moment,) = change_moments((dated,), NOW)
    impact = Impact(policy_of(OPEN), dated, moments=(moment,))
    impact.add(subject(once(access(PHONE))))
    assert impact.tally.subjects[later_cell(moment, "block")] == 1


def test_a_report_is_as_old_later_as_it_is_now() -> None:
    """Else everybody would be too old at every stage: that somebody may stop to report is counted apart."""
    aged = policy_of({"when": 'device.age > duration("24h")', "stages": {"enforce": "2027-01-01"}}, OPEN)
    policies = (policy_of(OPEN), aged)
    (moment,) = change_moments(policies, NOW)
    impact = Impact(*policies, moments=(moment,))
    phone = access(PHONE, replace(CLEAN, reported_at=NOW))
    impact.add(subject(once(phone)))
    assert [impact.tally.subjects[cell] for cell in (later_cell(moment, "block"), (UNDATED,))] == [0, 1]


def test_a_rule_that_is_out_and_an_exemption_that_ends_are_looked_past() -> None:
    """Else whoever turns a rule off could widen it unseen, and turn it on again."""
    off = Relief(1, Cause.BREAK_GLASS, "rule-0", "x", "eve", NOW, NOW + 9 * WEEK)
    exempt = Relief(2, Cause.EXEMPTION, "", "x", "ada", NOW, NOW + 2 * WEEK, "ada")
    narrow = {"when": 'client.handheld && "prohibited" in device.lists'}
    reliefs = Reliefs(1, (off, exempt))
    active = replace(policy_of(narrow, OPEN), reliefs=reliefs)
    wide = replace(policy_of({"when": "client.handheld"}, OPEN), reliefs=reliefs)
    moments = change_moments((active, wide), NOW)
    assert moments == (NOW, NOW + 2 * WEEK)
    impact = Impact(active, wide, moments=moments)
    for name in ("ada", "lin"):
        phone = access(PHONE, CLEAN, user=name)
        impact.add(subject(once(phone, name), name=name))
    tally = impact.tally
    assert tally.subjects["allow", "allow"] == 2
    assert [tally.subjects[later_cell(moment, "block")] for moment in moments] == [1, 2]


@given(crowds, policies, policies)
def test_people_held_back_are_exactly_those_moved_in_full(
    crowd: list[Subject], active: Policy, candidate: Policy
) -> None:
    whole = in_full(active, candidate, NOW)
    impact = Impact(active, candidate, whole=whole, by_name=True)
    wanted = set[tuple[str, str]]()
    for one in crowd:
        impact.add(one)
        for each in one.occasions if whole else ():
            now = [decide(each.before, active).effect, decide(each.after, candidate).effect]
            full = [decide(each.before, whole.active).effect, decide(each.after, whole.candidate).effect]
            moves_now = now[1] if now[0] != now[1] else None
            if full[0] != full[1] and full[1] != moves_now:
                wanted.add((one.id, full[1].value))
    found = {(each.device, each.label) for each in impact.tally.movers if each.since == 2}
    assert found == wanted


SOON = {"stages": {"enforce": "2031-01-01"}}


@pytest.mark.parametrize(
    ("rule", "held"),
    [
        ({}, False),
        ({"share": "99%"}, True),
        ({"stages": {"report_only": "2020-01-01"}}, True),
        ({"stages": {"warn": "2020-01-01"}}, True),
        ({"stages": {"enforce": "2020-01-01"}}, False),
        (SOON, True),
    ],
)
def test_a_share_or_a_stage_holds_a_rule_back(rule: dict[str, object], held: bool) -> None:
    candidate = policy_of(OPEN, {"effect": "block", **rule})
    found = in_full(policy_of(OPEN), candidate, NOW)
    assert (found is not None) is held
    if found:
        assert found.rules == ("rule-1",)
        assert [(each.share, each.stages) for each in found.candidate.rules] == [(1, None)] * 2
        assert replace(found.candidate, rules=candidate.rules) == candidate


@pytest.mark.parametrize(
    ("before", "now", "widened"),
    [
        (SOON, SOON, True),
        ({"share": "40%"}, {"share": "40%"}, True),
        ({"share": "40%"}, {"share": "50%"}, False),
        ({"share": "40%"}, {"share": "40%"} | SOON, False),
        (SOON, {"share": "40%"} | SOON, False),
        (SOON, {}, False),
    ],
    ids=["the same stages", "the same share", "another share", "new stages", "a new share", "held back no more"],
)  # fmt: skip
def test_a_running_rule_is_widened_too_if_equally_held_back(
    before: dict[str, object], now: dict[str, object], widened: bool
) -> None:
    held = {"id": "held", "share": "1%"}
    active, candidate = policy_of(before, held, {"id": "gone", "share": "1%"}), policy_of(now, held)
    found = in_full(active, candidate, NOW)
    assert found is not None
    rule, other, gone = found.active.rules
    assert rule == (
        active.rules[0].model_copy(update={"share": 1.0, "stages": None}) if widened else active.rules[0]
    )
    assert (other.share, gone.share) == (1, 0.01)


@pytest.mark.parametrize(
    ("posture", "alike"),
    [
        (replace(CLEAN, state=PostureState.UNAVAILABLE, last_state=PostureState.CLEAN, expires_at=NEW_YEAR), False),
        (replace(CLEAN, expires_at=NEW_YEAR), True),
    ],
    ids=["what was last known ends", "a report is renewed"],
)  # fmt: skip
def test_equal_accesses_part_when_the_last_known_state_ends(posture: Posture, alike: bool) -> None:
    """The end of it is not what they have in common now."""
    stages = {"stages": {"enforce": "2027-02-01"}}
    active, candidate = policy_of(OPEN), policy_of({"when": 'device.state != "clean"', **stages}, OPEN)
    impact = Impact(active, candidate, moments=change_moments((candidate,), NOW))
    for name, end in (("early", NEW_YEAR), ("late", NEW_YEAR + 52 * WEEK)):
        impact.add(subject(once(access(PHONE, replace(posture, expires_at=end))), name=name))
    (moment,) = change_moments((candidate,), NOW)
    assert impact.tally.subjects[later_cell(moment, "block")] == (0 if alike else 1)
