"""Whoever is kept out at any moment by the new rules, and would not be by the old ones at that moment, is counted."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from random import Random

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from tests.unit.policy.examples import CLEAN, LAPTOP, NOW, PHONE, access, policy_of
from tests.unit.simulate.examples import CONDITIONS, GROUPS, STAGES, accesses, reliefs

from mailgate.decide import decide
from mailgate.model import Access, Effect, User
from mailgate.policy import Policy
from mailgate.policy.reliefs import NO_RELIEFS, Cause, Relief, Reliefs
from mailgate.policy.rules import OnUnavailable
from mailgate.simulate import KEPT_OUT, OUT, Impact, Occasion, Subject, sampled, turns

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
TIMES = ("2026-11-01T00:00:00Z", "2026-12-24T12:00:00+01:00", "2027-03-01T17:30:00.5Z", "2027-11-30T00:00:00Z")
OPEN = {"effect": "allow"}

comparisons = st.builds(
    lambda operator, text, mirrored: f"{text} {operator} now" if mirrored else f"now {operator} {text}",
    st.sampled_from(["<", "<=", ">", ">=", "==", "!="]),
    st.sampled_from(TIMES).map(lambda text: f'timestamp("{text}")'),
    st.booleans(),
)
parts = st.builds(
    lambda part, operator, number: f"now.{part} {operator} {number}",
    st.sampled_from(
        ["getMonth()", "getHours()", 'getHours("Europe/Berlin")', "getDayOfWeek()", "getDate()", "getMinutes()"]
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
        lambda when, effect, stages, share, absent, groups, grace: (
            {"when": when, "effect": effect, "share": share, "on_unavailable": absent, "groups": groups}
            | stages
            | ({"grace": grace} if grace and effect in ("block", "challenge") else {})
        ),
        conditions,
        st.sampled_from(["allow", "warn", "challenge", "block"]),
        st.sampled_from([{}, {}, *STAGES, {"stages": {"warn": "2026-12-24", "enforce": "2027-03-02T01:02:03Z"}}]),
        st.sampled_from(["100%", "100%", "40%"]),
        st.sampled_from([each.value for each in OnUnavailable]),
        st.sampled_from([(), (), ("pilot",)]),
        st.sampled_from(["", "", "2d", "7d", "90d"]),
    ),
    min_size=1,
    max_size=4,
)


@st.composite
def changes(draw: st.DrawFn) -> tuple[Policy, Policy]:
    """Two policies of which one may have some of the other's rules."""
    old = draw(rules)
    new = draw(st.one_of(rules, st.lists(st.one_of(st.sampled_from(old), rules.map(lambda each: each[0])), min_size=1)))
    spared = draw(st.one_of(st.just(NO_RELIEFS), reliefs))
    effects = st.sampled_from(["allow", "warn", "block"])
    one, other = (replace(policy_of(*each, effect=draw(effects)), reliefs=spared) for each in (old, new))
    return one, other


occasions = st.builds(
    lambda seen, listed, grouped, untold: Occasion(
        seen,
        replace(
            seen,
            posture=seen.posture if listed else replace(seen.posture, lists=()),
            user=seen.user if grouped else GROUPS.user(seen.user.name),
        ),
        seen.user.name,
        frozenset({"request.remote"} if untold else ()),
    ),
    accesses, st.booleans(), st.booleans(), st.booleans(),
)  # fmt: skip


def moments(random: Random, policies: tuple[Policy, Policy], seen: Access) -> Iterator[datetime]:
    """Times within 13 months that know nothing of how the count is made, and those at which most hangs."""
    yield NOW
    for _ in range(12):
        yield NOW + timedelta(seconds=random.randrange(396 * 86400), microseconds=random.randrange(10**6))
        yield NOW + random.randrange(396 * 24) * HOUR
    told = [datetime.fromisoformat(text) for text in TIMES]
    told += [start for each in policies for rule in each.rules if rule.stages for _, start in rule.stages.starts()]
    if seen.posture.first_seen:
        told += [seen.posture.first_seen + rule.grace for each in policies for rule in each.rules if rule.grace]
    for moment in told:
        for step in (timedelta(0), timedelta(microseconds=1), timedelta(microseconds=-1), HOUR, DAY):
            if moment + step > NOW:
                yield moment + step


def then(seen: Access, moment: datetime, age: timedelta, remote: str) -> Access:
    """At some time, with a report of some age; without one it stays without one."""
    posture = seen.posture
    reported = moment - age if posture.reported_at else None
    facts = replace(seen.facts, remote=remote)
    return replace(seen, facts=facts, now=moment, posture=replace(posture, reported_at=reported))


def newly_out(occasion: Occasion, policies: tuple[Policy, Policy], random: Random) -> datetime | None:
    """A moment at which the new rules keep out whom the old ones would not; None where none was found."""
    for moment in moments(random, policies, occasion.before):
        age = random.choice([timedelta(0), HOUR, 100 * HOUR, timedelta(seconds=random.randrange(10**8))])
        remote = random.choice(["10.0.0.1", "10.0.0.2"]) if occasion.untold else occasion.before.facts.remote
        left = tuple(each for each in policies[0].reliefs.every if random.random() < 0.7)
        old, new = (
            decide(then(seen, moment, age, remote), replace(policy, reliefs=Reliefs(1, left))).effect
            for seen, policy in zip((occasion.before, occasion.after), policies, strict=True)
        )
        if new in KEPT_OUT and old not in KEPT_OUT:
            return moment
    return None


def counted(occasion: Occasion, policies: tuple[Policy, Policy]) -> bool:
    impact = Impact(*policies, moments=turns(policies, NOW), sampled=sampled(policies, NOW))
    impact.add(Subject("d1", True, (occasion,)))
    return impact.tally.subjects[OUT,] == 1


@given(occasions, changes(), st.randoms(use_true_random=False))
def test_whoever_is_newly_kept_out_at_any_moment_is_counted(
    occasion: Occasion, policies: tuple[Policy, Policy], random: Random
) -> None:
    moment = newly_out(occasion, policies, random)
    assert moment is None or counted(occasion, policies), f"kept out at {moment}"


@given(occasions, changes())
def test_what_changes_nothing_counts_nobody(occasion: Occasion, policies: tuple[Policy, Policy]) -> None:
    _, policy = policies
    same = replace(occasion, after=occasion.before)
    assert not counted(same, (policy, policy))
