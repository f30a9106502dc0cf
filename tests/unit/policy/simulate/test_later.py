"""What a candidate does later on is what deciding everybody then gives."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import combinations
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.policy.examples import CLEAN, LAPTOP, NOW, PHONE, WITH_TIKTOK, access, policy_of
from tests.unit.policy.simulate.examples import (
    CONDITIONS,
    GROUPS,
    OPEN,
    SHUT,
    STAGES,
    a_rule,
    accesses,
    crowds,
    once,
    policies,
    reliefs,
    subject,
)

from mailgate.model import (
    Absence,
    Access,
    AttestationResult,
    Compliance,
    Finding,
    Posture,
    PostureState,
    Reason,
    Threat,
)
from mailgate.policy import Policy
from mailgate.policy.decide import decide
from mailgate.policy.reliefs import NO_RELIEFS, Cause, Relief, Reliefs
from mailgate.policy.rules import OnUnavailable
from mailgate.policy.simulate.flip import KEPT_OUT
from mailgate.policy.simulate.impact import AT_ONCE, NOBODYS, OUT, UNDATED, Impact, Subject, later_cell
from mailgate.policy.simulate.judge import Comparison, Occasion
from mailgate.policy.simulate.later import WorstMoment, change_moments, in_full
from mailgate.policy.simulate.what_if import judged_again_at, with_expired_report

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
                cells = [later_cell(moment, new.value)] * (old is not new)
                out = new.value in KEPT_OUT and new.severity > old.severity
                cells += [later_cell(moment, OUT)] * out
                cells += [later_cell(moment, NOBODYS)] * (out and one.known and not each.person)
                for cell in cells:
                    devices.setdefault(cell, set()).add(one.id)
                    people.setdefault(cell, set()).update({each.person} - {""})
    found = {
        cell: count
        for cell, count in impact.tally.subjects.items()
        if cell[0] == "later"
        and cell[1] != AT_ONCE
        and len(cell) == len(later_cell(NOW, ""))  # and not by what
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
        later_cell(moments[1], OUT): 1,
        (OUT,): 1,
    }
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


HOUR, DAY = timedelta(hours=1), timedelta(days=1)
TIMES = (
    "2026-11-01T00:00:00Z",
    "2026-12-24T12:00:00+01:00",
    "2027-03-01T17:30:00.5Z",
    "2027-11-30T00:00:00Z",
)

comparisons = st.builds(
    lambda operator, text, mirrored: f"{text} {operator} now" if mirrored else f"now {operator} {text}",
    st.sampled_from(["<", "<=", ">", ">=", "==", "!="]),
    st.sampled_from(TIMES).map(lambda text: f'timestamp("{text}")'),
    st.booleans(),
)
parts = st.builds(
    lambda part, operator, number: f"now.{part} {operator} {number}",
    st.sampled_from(
        [
            "getMonth()",
            "getHours()",
            'getHours("Europe/Berlin")',
            "getDayOfWeek()",
            "getDate()",
            "getMinutes()",
        ]
    ),
    st.sampled_from(["==", "!=", "<", ">="]),
    st.integers(0, 30),
)
ages = st.builds(
    lambda operator, hours: f'device.age {operator} duration("{hours}h")',
    st.sampled_from(["<", ">", ">=", "=="]),
    st.sampled_from([0, 1, 24, 100, 9000]),
)
others = st.sampled_from(
    [
        "int(now) > 1798761600",
        "int(now) % 7 == 3",
        'string(now).contains("-12-")',
        'now - duration("100h") > timestamp("2026-12-24T00:00:00Z")',
        'now + duration("9000h") < timestamp("2027-12-24T00:00:00Z")',
        'now > timestamp("2026-12-01T00:00:00Z") + duration("720h")',
        "timestamp(1798761600) < now",
        'now in [timestamp("2026-12-24T12:00:00+01:00")]',
        '[now].exists(each, each > timestamp("2026-12-24T00:00:00Z"))',
        'now > timestamp(user.name == "ada" ? "2027-01-01T00:00:00Z" : "2027-02-01T00:00:00Z")',
        "[1, 2][now.getMinutes()] == 1",  # fails at nearly every time
        "now.getMinutes() == 17 ? 1 / 0 > 0 : true",
        'device.apps[0] == "tiktok" || now.getHours() > 20',
        "device.age.getHours() > 3",
        'now - device.age > timestamp("2026-12-24T00:00:00Z")',
        'string(device.age) == "3600s"',
    ]
)
clocks = st.one_of(comparisons, parts, ages, others)
joined = st.builds(
    lambda one, join, other: f"({one}) {join} ({other})",
    st.one_of(clocks, st.sampled_from(CONDITIONS)),
    st.sampled_from(["&&", "||", "&& !"]),
    clocks,
)
conditions = st.one_of(st.sampled_from(CONDITIONS), clocks, joined)
rules = st.lists(
    st.builds(
        a_rule,
        conditions,
        st.sampled_from(["allow", "warn", "challenge", "block"]),
        st.sampled_from(
            [{}, {}, *STAGES, {"stages": {"warn": "2026-12-24", "enforce": "2027-03-02T01:02:03Z"}}]
        ),
        st.sampled_from(["100%", "100%", "40%"]),
        st.sampled_from([each.value for each in OnUnavailable]),
        st.sampled_from([(), (), ("pilot",)]),
        st.sampled_from(["", "", "2d", "7d", "90d"]),
    ),
    min_size=1,
    max_size=3,
)


@st.composite
def changes(draw: st.DrawFn) -> tuple[Policy, Policy]:
    """Two policies of which one may have some of the other's rules."""
    old = draw(st.one_of(st.just([OPEN]), rules))
    new = draw(
        st.one_of(
            rules, st.lists(st.one_of(st.sampled_from(old), rules.map(lambda each: each[0])), min_size=1)
        )
    )
    relieved = draw(st.one_of(st.just(NO_RELIEFS), reliefs))
    effects = st.sampled_from(["allow", "allow", "warn", "block"])
    one, other = (replace(policy_of(*each, effect=draw(effects)), reliefs=relieved) for each in (old, new))
    return one, other


occasions = st.builds(
    lambda seen, listed, grouped, unrecorded, assumed: Occasion(
        seen,
        replace(
            seen,
            posture=seen.posture if listed else replace(seen.posture, lists=()),
            user=seen.user if grouped else GROUPS.user(seen.user.name),
        ),
        seen.user.name,
        frozenset({"request.remote"} if unrecorded else ()),
        frozenset({"attestation.valid", "client.contradicted"} if assumed else ()),
    ),
    accesses, st.booleans(), st.booleans(), st.booleans(), st.booleans(),
)  # fmt: skip


def moments(random: Random, policies: tuple[Policy, Policy], seen: Access) -> Iterator[datetime]:
    """Times within 13 months that know nothing of how the count is made, and those at which most hangs."""
    yield NOW
    for _ in range(12):
        yield NOW + timedelta(seconds=random.randrange(396 * 86400), microseconds=random.randrange(10**6))
        yield NOW + random.randrange(396 * 24) * HOUR
    told = [datetime.fromisoformat(text) for text in TIMES]
    told += [
        start for each in policies for rule in each.rules if rule.stages for _, start in rule.stages.starts()
    ]
    if seen.posture.first_seen:
        told += [
            seen.posture.first_seen + rule.grace for each in policies for rule in each.rules if rule.grace
        ]
    for moment in told:
        for step in (timedelta(0), timedelta(microseconds=1), timedelta(microseconds=-1), HOUR, DAY):
            if moment + step > NOW:
                yield moment + step


def then(seen: Access, moment: datetime, age: timedelta, remote: str, *, silent: bool) -> Access:
    """At some time, with a report of some age, which may have run out; without one it stays without one."""
    posture = with_expired_report(seen).posture if silent else seen.posture
    reported = moment - age if posture.reported_at else None
    facts = replace(seen.facts, remote=remote)
    return replace(seen, facts=facts, now=moment, posture=replace(posture, reported_at=reported))


def otherwise(occasion: Occasion, random: Random) -> Occasion:
    """The same device as it may ask in fact, if it is only assumed how."""
    if not occasion.assumed:
        return occasion
    proof = random.choice([None, AttestationResult("d"), AttestationResult(refused=Reason.TOKEN_EXPIRED)])
    found = random.choice([(), (Finding(Reason.KIND_CONTRADICTED, ""),)])
    named = random.random() < 0.5

    def asks(access: Access) -> Access:
        user = access.user if named else replace(access.user, name="")
        client = replace(access.client, findings=found)
        return replace(access, attestation=proof, client=client, user=user)

    return replace(occasion, before=asks(occasion.before), after=asks(occasion.after))


def newly_out(occasion: Occasion, policies: tuple[Policy, Policy], random: Random) -> datetime | None:
    """A moment at which the new rules keep out whom the old ones would not; None where none was found."""
    reliefs = policies[0].reliefs.every
    some_left = [left for size in range(len(reliefs) + 1) for left in combinations(reliefs, size)]
    by_reliefs = [[replace(each, reliefs=Reliefs(1, left)) for each in policies] for left in some_left]
    for moment in moments(random, policies, occasion.before):
        age = random.choice([timedelta(0), HOUR, 100 * HOUR, timedelta(seconds=random.randrange(10**8))])
        remote = (
            random.choice(["10.0.0.1", "10.0.0.2"]) if occasion.unrecorded else occasion.before.facts.remote
        )
        silent, real = random.random() < 0.3, otherwise(occasion, random)
        old, new = (
            decide(then(seen, moment, age, remote, silent=silent), policy).effect
            for seen, policy in zip((real.before, real.after), random.choice(by_reliefs), strict=True)
        )
        if new in KEPT_OUT and old not in KEPT_OUT:
            return moment
    return None


def counted(occasion: Occasion, policies: tuple[Policy, Policy]) -> bool:
    impact = Impact(*policies, moments=change_moments(policies, NOW))
    impact.add(subject(occasion))
    return impact.tally.subjects[OUT,] == 1


@given(occasions, changes(), st.integers(0, 2**32).map(Random))
def test_everybody_newly_refused_at_any_moment_is_counted(
    occasion: Occasion, policies: tuple[Policy, Policy], random: Random
) -> None:
    if not counted(occasion, policies):
        assert newly_out(occasion, policies, random) is None


@given(occasions, changes())
def test_unchanged_rules_count_nobody(occasion: Occasion, policies: tuple[Policy, Policy]) -> None:
    _, policy = policies
    same = replace(occasion, after=occasion.before)
    assert not counted(same, (policy, policy))


@pytest.mark.parametrize(
    ("when", "count"),
    [
        ('"prohibited" in device.lists', 1),
        ('"tiktok" in device.apps', 1),
        ('device.state == "listed"', 1),
        ('device.state == "stale"', 2),
    ],
)
def test_whom_an_app_keeps_out_once_its_denial_ends_is_counted(when: str, count: int) -> None:
    """It was seen and cannot run; of a phone without such an app nothing is foreseen but silence."""
    policies = policy_of(OPEN), policy_of({"when": when, "effect": "block"}, OPEN)
    impact = Impact(*policies, moments=change_moments(policies, NOW))
    held = replace(CLEAN, held=("tiktok",), held_lists=("prohibited",))
    for posture in (CLEAN, held):
        impact.add(subject(once(access(PHONE, posture)), name=str(posture.held)))
    assert impact.tally.subjects[OUT,] == count


@pytest.mark.parametrize(
    "when", ['device.state == "clean"', 'device.absence == "seen"', 'device.absence != ""']
)
def test_a_phone_that_falls_silent_is_counted_whichever_way_a_rule_asks_for_its_look(when: str) -> None:
    phone = once(access(PHONE, replace(CLEAN, absence=Absence.SEEN, expires_at=NEW_YEAR)))
    candidate = policy_of({"when": when, "effect": "allow"}, effect="block")
    assert counted(phone, (policy_of(OPEN), candidate))
    assert not counted(phone, (candidate, policy_of(OPEN)))


@pytest.mark.parametrize("same", [True, False])
def test_more_clocks_than_can_be_tried_keep_nobody_out_whom_nothing_changes_for(same: bool) -> None:
    """While the posture is unavailable every rule may be read, and each may hold, fail or not."""
    clocks = [{"when": f"now.getMinutes() == {minute}", "effect": "warn"} for minute in range(7)]
    active, candidate = (
        policy_of(*clocks, OPEN),
        policy_of(*clocks, {"when": "false", "effect": "block"}, OPEN),
    )
    away = replace(
        CLEAN,
        state=PostureState.UNAVAILABLE,
        last_state=PostureState.CLEAN,
        apps=("wechat",),
        expires_at=NEW_YEAR,
    )
    assert counted(once(access(PHONE, away)), (active, active if same else candidate)) is not same


CLOCKS = [
    "now.getMonth() == 11",
    "now.getHours() == 3",
    'now.getHours("Europe/Berlin") == 3',
    "now.getDayOfWeek() == 0",
    "now.getMinutes() == 17 && now.getSeconds() == 5",
    "now.getMilliseconds() == 7",
    "int(now) > 1798761600",
    'string(now).startsWith("2027-02-03T04:05")',
    'now > timestamp("2026-12-01T00:00:00Z") + duration("720h")',
    "now > timestamp(1798761600)",
    'now - duration("100h") > timestamp("2026-12-24T00:00:00Z")',
    'now - timestamp("2026-12-01T00:00:00Z") > duration("720h")',
    'now > timestamp("2026-12-24T00:00:00Z")',
    'timestamp("2026-12-24T00:00:00Z") < now',
    'now == timestamp("2026-12-24T00:00:00Z")',
    'now > timestamp("2026-12-24T00:00:00.0000001Z") && now < timestamp("2026-12-24T00:00:00.0000019Z")',
    'now in [timestamp("2026-12-24T00:00:00Z")]',
    '[now].exists(each, each > timestamp("2026-12-24T00:00:00Z"))',
    'device.age > duration("24h")',
    'device.age < duration("1h")',
    "device.age.getHours() == 90",
    'string(device.age) == "3600s"',
    'now - device.age > timestamp("2026-12-24T00:00:00Z")',
    'duration("24h") <= device.age',
]


@pytest.mark.parametrize("effect", ["block", "challenge"])
@pytest.mark.parametrize("when", CLOCKS)
def test_no_use_of_the_clock_hides_anybody(when: str, effect: str) -> None:
    phone = once(access(PHONE, replace(CLEAN, reported_at=NOW - 2 * HOUR), "ada"))
    open_to_all = policy_of(OPEN)
    candidate = policy_of({"when": f"client.handheld && ({when})", "effect": effect}, OPEN)
    assert counted(phone, (open_to_all, candidate))
    assert not counted(once(access(LAPTOP)), (open_to_all, candidate)), "whoever it is not about is not"
    assert not counted(phone, (candidate, candidate))
    assert not counted(phone, (candidate, open_to_all))


@pytest.mark.parametrize("when", CLOCKS)
def test_an_open_rule_that_closes_by_the_clock_counts_too(when: str) -> None:
    laptop = once(access(LAPTOP, replace(CLEAN, reported_at=NOW - 2 * HOUR)))
    candidate = policy_of({"when": when, "effect": "allow"}, SHUT)
    assert counted(laptop, (policy_of(OPEN), candidate))


@pytest.mark.parametrize(
    "when",
    ["now.getMinutes() == 17 ? 1 / 0 > 0 : true", "[1, 2][now.getMinutes()] == 1", '{"a": now}["b"] == now'],
)
def test_a_rule_that_allows_refuses_while_it_fails(when: str) -> None:
    candidate = policy_of({"when": when, "effect": "allow"}, OPEN)
    assert counted(once(access(LAPTOP)), (policy_of(OPEN), candidate))


@pytest.mark.parametrize(
    ("known_for", "before", "after", "out"),
    [(5 * DAY, "30d", "10d", True), (5 * DAY, "10d", "30d", False), (31 * DAY, "30d", "10d", False)],
    ids=["cut short", "made longer", "over before"],
)
def test_a_shortened_grace_counts_people_with_more_left(
    known_for: timedelta, before: str, after: str, out: bool
) -> None:
    phone = once(access(PHONE, replace(CLEAN, first_seen=NOW - known_for)))
    old, new = (policy_of({"when": "client.handheld", "grace": grace}, OPEN) for grace in (before, after))
    assert counted(phone, (old, new)) is out


@pytest.mark.parametrize("when", ['device.state == "stale"', 'device.state != "clean"'])
def test_the_end_of_a_report_is_a_moment_of_its_device(when: str) -> None:
    clean = once(access(PHONE, replace(CLEAN, reported_at=NOW - HOUR, expires_at=NOW + HOUR), "ada"))
    shut = policy_of({"when": f"client.handheld && {when}"}, OPEN)
    assert counted(clean, (policy_of(OPEN), shut))
    assert not counted(clean, (shut, shut))
    assert not counted(clean, (shut, policy_of(OPEN)))
    assert not counted(clean, (shut, policy_of({"when": when}, {"effect": "warn"})))
    assert not counted(once(access(LAPTOP)), (policy_of(OPEN), shut))


JUDGED = replace(
    CLEAN, compliance=Compliance.COMPLIANT, compliance_at=NOW - HOUR, compliance_until=NOW + HOUR, compliance_covers=True,
    threat=Threat.LOW,
)  # fmt: skip


@pytest.mark.parametrize(
    ("when", "out"),
    [
        ('device.compliance != "compliant"', True),
        ("!device.compliance_apps", True),
        ('device.threat == "unknown"', True),
        ('device.compliance == "noncompliant"', False),
        ('device.enrolment == "none"', False),
    ],
)
def test_a_verdict_that_runs_out_is_counted(when: str, out: bool) -> None:
    judged = once(access(PHONE, JUDGED, "ada"))
    shut = policy_of({"when": f"client.handheld && {when}"}, OPEN)
    assert counted(judged, (policy_of(OPEN), shut)) is out
    assert not counted(judged, (shut, shut))


def test_a_verdict_and_a_report_may_both_run_out() -> None:
    """Either alone lets the phone in."""
    judged = once(access(PHONE, replace(JUDGED, reported_at=NOW - HOUR, expires_at=NOW + HOUR), "ada"))
    either = {"when": 'device.state == "clean" || device.compliance == "compliant"', "effect": "allow"}
    assert counted(judged, (policy_of(OPEN), policy_of(either, {})))


def test_a_verdict_is_as_old_later_as_it_is_now() -> None:
    old = 'now - device.compliance_at > duration("24h")'
    policies = (policy_of(OPEN), policy_of({"when": old, "stages": {"enforce": "2027-01-01"}}, OPEN))
    moment, *_ = change_moments(policies, NOW)
    then = judged_again_at(access(PHONE, JUDGED), moment).posture
    assert (then.compliance_at, then.compliance_until) == (moment - HOUR, moment + HOUR)
    assert then.compliance is Compliance.COMPLIANT


@pytest.mark.parametrize(
    ("when", "out"),
    [("size(device.lists) == 0", False), ('device.state == "stale"', True)],
    ids=["the app is still there", "but nobody is known better for it"],
)
def test_a_listed_app_does_not_go_away_by_silence(when: str, out: bool) -> None:
    listed = once(access(PHONE, replace(WITH_TIKTOK, reported_at=NOW - HOUR), "ada"))
    assert counted(listed, (policy_of(OPEN), policy_of({"when": when}, OPEN))) is out


LISTED = {"when": '"prohibited" in device.lists'}


@pytest.mark.parametrize(
    ("old", "new", "out"),
    [
        ({}, {"when": 'device.state == "unavailable"'}, True),
        ({}, LISTED | {"on_unavailable": "block"}, True),
        ({}, LISTED | {"on_unavailable": "allow"}, False),
        ({}, LISTED, False),
        (LISTED | {"on_unavailable": "allow"}, LISTED | {"on_unavailable": "block"}, True),
        (LISTED | {"on_unavailable": "allow"}, LISTED, True),
        (LISTED | {"on_unavailable": "block"}, LISTED | {"on_unavailable": "block"}, False),
        (LISTED | {"on_unavailable": "block"}, LISTED | {"on_unavailable": "allow"}, False),
    ],
)
def test_refusals_during_an_outage_of_the_source_are_counted(
    old: dict[str, str], new: dict[str, str], out: bool
) -> None:
    clean = once(access(PHONE, replace(CLEAN, reported_at=NOW - HOUR), "ada"))
    policies = policy_of(*([old] if old else []), OPEN), policy_of(new, OPEN)
    assert counted(clean, policies) is out


BOTH_RULES = policy_of({"when": "client.handheld"}, {"when": "client.handheld"}, OPEN)
SECOND_ALONE = policy_of({"when": "false"}, {"when": "client.handheld"}, OPEN)


@pytest.mark.parametrize(
    ("old", "new", "out"),
    [(BOTH_RULES, SECOND_ALONE, False), (SECOND_ALONE, BOTH_RULES, True)],
    ids=["a rule less", "a rule more"],
)
def test_a_gap_between_two_ends_of_exemptions_is_counted(old: Policy, new: Policy, out: bool) -> None:
    """Only between the two ends does the new rule keep out whom the old one would not."""
    relieved = Reliefs(
        1,
        tuple(
            Relief(number, Cause.EXEMPTION, f"rule-{number}", "", "", NOW, NOW + days * DAY, "ada")
            for number, days in ((0, 20), (1, 10))
        ),
    )
    policies = replace(old, reliefs=relieved), replace(new, reliefs=relieved)
    assert counted(once(access(PHONE, user="ada")), policies) is out


def test_a_staged_change_is_told_by_its_dates_alone() -> None:
    staged = policy_of(
        {"when": "client.handheld", "stages": {"warn": "2026-12-12", "enforce": "2026-12-20"}}, OPEN
    )
    impact = Impact(policy_of(OPEN), staged, moments=change_moments((staged,), NOW))
    impact.add(subject(once(access(PHONE))))
    impact.add(subject(once(access(LAPTOP)), name="d2"))
    assert impact.tally.subjects[OUT,] == 1
    assert impact.tally.subjects[UNDATED,] == 0


@pytest.mark.parametrize("person", ["ada", "lin"])
def test_other_rules_beside_one_that_uses_the_clock_are_counted_as_ever(person: str) -> None:
    """Else whoever has such a rule could change nothing any more without being counted as shutting everybody out."""
    aged = {"when": 'client.handheld && device.age > duration("24h")'}
    active = policy_of(aged, {"when": 'client.os == "ios"', "effect": "warn"}, OPEN)
    looser = policy_of({"when": 'user.name == "ada"', "effect": "allow"}, aged, OPEN)
    assert not counted(once(access(PHONE, user=person)), (active, looser))


def test_people_who_look_alike_are_compared_once(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []
    monkeypatch.setattr("mailgate.policy.simulate.later.moves", lambda *sides: asked.append(sides) or set())
    candidate = policy_of({"when": 'client.handheld && device.age > duration("24h")', "grace": "9d"}, OPEN)
    impact = Impact(policy_of(OPEN), candidate)
    for number in range(50):
        seen = replace(CLEAN, reported_at=NOW - number * HOUR, first_seen=NOW - number * HOUR / 10)
        impact.add(subject(once(access(PHONE, seen, f"person {number}")), name=f"d{number}"))
    assert len(asked) == 2  # now, and once the grace is over


@pytest.mark.parametrize(
    "when", ["!attestation.valid", "client.contradicted", 'user.name == ""', 'client.kind == "mail_app"']
)
@pytest.mark.parametrize("seen", [True, False])
def test_a_device_that_never_asked_may_differ_from_the_assumption(when: str, seen: bool) -> None:
    asked = once(access(PHONE, CLEAN, "ada", attestation=AttestationResult("d")))
    assumed = frozenset({"attestation.valid", "client.contradicted"})
    occasion = asked if seen else replace(asked, assumed=assumed)
    policies = policy_of(OPEN), policy_of({"when": when, **SHUT}, OPEN)
    assert counted(occasion, policies) is not seen


def test_people_seen_to_ask_are_not_assumed_to_be_silent() -> None:
    policies = policy_of(OPEN), policy_of({"when": "!attestation.valid"}, OPEN)
    seen = once(access(LAPTOP, CLEAN, attestation=AttestationResult("d1")))
    comparison, worst = Comparison(*policies), WorstMoment(*policies)
    for occasion, out in ((seen, False), (replace(seen, assumed=frozenset({"attestation.valid"})), True)):
        assert worst.keeps_out(occasion, comparison.keys(occasion)) is out


def test_people_who_differ_are_compared_apart() -> None:
    policies = policy_of(OPEN), policy_of({"when": "client.handheld && now.getHours() > 20"}, OPEN)
    comparison, worst = Comparison(*policies), WorstMoment(*policies)
    for occasion, out in ((once(access(PHONE)), True), (once(access(LAPTOP)), False)):
        assert worst.keeps_out(occasion, comparison.keys(occasion)) is out


def test_a_computer_that_never_asked_is_assumed_to_be_one() -> None:
    occasion = replace(once(access(LAPTOP, CLEAN)), assumed=frozenset({"attestation.valid"}))
    assert not counted(occasion, (policy_of(OPEN), policy_of({"when": 'client.kind == "mail_app"'}, OPEN)))


AWAY = replace(CLEAN, state=PostureState.UNAVAILABLE, last_state=PostureState.CLEAN)
STAGE = NOW + 3 * DAY
PHONES = {"when": 'client.kind == "phone"'}
GRACE, STAGED = (
    policy_of(PHONES | {"grace": "10d"}, OPEN),
    policy_of(PHONES | {"stages": {"enforce": STAGE.isoformat()}}, OPEN),
)
UNKNOWN_OUT = policy_of({"when": 'device.state != "clean"'}, OPEN)


@pytest.mark.parametrize(
    ("policies", "seen"),
    [
        (
            (GRACE, STAGED),
            [(access(posture=replace(CLEAN, first_seen=STAGE - 10 * DAY + hours * HOUR)), hours > 0) for hours in (-1, 0, 1)],
        ),
        (
            (STAGED, GRACE),
            [(access(posture=replace(CLEAN, first_seen=STAGE - 10 * DAY + hours * HOUR)), hours < 0) for hours in (-1, 0, 1)],
        ),
        (
            (GRACE, UNKNOWN_OUT),
            [(access(posture=replace(AWAY, first_seen=NOW - DAY, expires_at=NOW + 9 * DAY + hours * HOUR)), hours < 0) for hours in (-1, 0, 1)],
        ),
        (
            (policy_of({"when": 'now >= timestamp("2027-01-01T00:00:00Z")'}, OPEN), UNKNOWN_OUT),
            [(access(posture=replace(AWAY, expires_at=NOW + days * DAY)), days < 22) for days in (21, 22, 23)],
        ),
        (
            (policy_of(OPEN), policy_of({"when": 'now < timestamp("2027-01-01T00:00:00Z")'}, OPEN)),
            [(access(now=NOW), True), (access(now=NOW + 400 * DAY), False)],
        ),
        (
            (policy_of(OPEN), policy_of({"when": 'device.age < duration("1h")'}, OPEN)),
            [(access(posture=replace(CLEAN, reported_at=None)), False), (access(posture=CLEAN), True)],
        ),
    ],
    ids=["a grace ends after a stage begins", "a grace ends before a stage begins", "what was last known ends before a grace", "what was last known ends", "asked at another time", "a report grows older"],
)  # fmt: skip
@pytest.mark.parametrize("turn", [1, -1], ids=["in order", "the other way round"])
def test_equal_accesses_are_refused_at_their_own_moments(
    policies: tuple[Policy, Policy], seen: list[tuple[Access, bool]], turn: int
) -> None:
    comparison, worst = Comparison(*policies), WorstMoment(*policies)
    for asks, out in seen[::turn]:
        occasion = once(asks)
        assert worst.keeps_out(occasion, comparison.keys(occasion)) is out
