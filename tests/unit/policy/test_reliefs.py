"""Which rules are out for whom, and until when."""

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from tests.unit.policy.examples import CLEAN, NOW, PHONE, WITH_TIKTOK, access, policy_of
from tests.unit.policy.simulate.examples import accesses, policies, reliefs

from mailgate.model import (
    Access,
    AttestationResult,
    Claim,
    Effect,
    Finding,
    Posture,
    PostureState,
    Reason,
    Stage,
    User,
)
from mailgate.policy import Policy
from mailgate.policy.decide import decide
from mailgate.policy.reliefs import NO_RELIEFS, Cause, Relief, Reliefs, relief_from
from mailgate.policy.stages import Stages

DAY = timedelta(days=1)


def relief(cause: Cause = Cause.EXEMPTION, rule: str = "shut", **more: object) -> Relief:
    return Relief(1, cause, rule, "a new phone is on its way", "ada", NOW, NOW + DAY, **more)  # type: ignore[arg-type]


ADA = relief(person="ada")
D1 = relief(person="", device="d1")


@pytest.mark.parametrize(
    ("given", "user", "posture", "about"),
    [
        (ADA, "ADA", CLEAN, True),
        (ADA, "lin", CLEAN, False),
        (ADA, "", CLEAN, False),
        (ADA, "", replace(CLEAN, owner="Ada"), True),
        (ADA, "lin", replace(CLEAN, owner="ada"), False),
        (D1, "lin", WITH_TIKTOK, True),
        (D1, "ada", CLEAN, False),
        (relief(Cause.HALT), "", Posture(), True),
    ],
)
def test_a_relief_is_about_its_person_or_its_device(
    given: Relief, user: str, posture: Posture, about: bool
) -> None:
    assert bool(Reliefs(1, (given,)).about(access(PHONE, posture, user))) is about


def test_a_relief_ends_at_its_very_moment() -> None:
    halt = replace(relief(Cause.HALT), until=None, rule="other")
    every = Reliefs(1, (ADA, relief(Cause.BREAK_GLASS), replace(D1, until=NOW + 2 * DAY), halt))
    assert every.next_end(NOW) == NOW + DAY
    assert every.next_end(NOW + DAY) == NOW + 2 * DAY
    assert every.next_end(NOW + 2 * DAY) is None
    assert every.exemptions(NOW) == (every.every[0], every.every[2])
    assert every.exemptions(NOW + DAY) == (every.every[2],)
    assert every.for_everybody(NOW) == (every.every[1], halt)
    assert every.for_everybody(NOW + DAY) == (halt,)
    just_before = access(user="ada", now=NOW + DAY - timedelta(microseconds=1))
    assert every.about(just_before) == (every.every[1], halt, ADA)
    assert every.about(access(user="ada", now=NOW + DAY)) == (halt,)
    assert Reliefs(0, ()) == NO_RELIEFS


def test_a_rule_that_was_turned_off_twice_is_off_until_the_last_end() -> None:
    longer = replace(relief(Cause.BREAK_GLASS), number=2, until=NOW + 2 * DAY)
    halt = replace(relief(Cause.HALT, rule="other"), until=None)
    shorter_halt = replace(halt, cause=Cause.BREAK_GLASS, until=NOW + DAY)
    every = Reliefs(1, (longer, relief(Cause.BREAK_GLASS), halt, shorter_halt, ADA))
    assert every.off(NOW) == {"shut": longer, "other": halt}
    assert every.off(NOW + 2 * DAY) == {"other": halt}


def test_reliefs_for_everybody_come_before_those_of_person_and_device() -> None:
    ours = (D1, relief(Cause.HALT), ADA, relief(Cause.BREAK_GLASS), replace(ADA, rule=""))
    both = access(PHONE, replace(WITH_TIKTOK, owner="lin"), "ada")
    assert Reliefs(1, ours).about(both) == (ours[1], ours[3], ours[2], ours[4], ours[0])


def test_the_exemptions_alone_are_those_of_some_whenever_they_end() -> None:
    every = Reliefs(7, (ADA, relief(Cause.HALT), replace(D1, until=NOW), relief(Cause.BREAK_GLASS)))
    assert every.of_some() == Reliefs(7, (every.every[0], every.every[2]))


@pytest.mark.parametrize(
    ("cause", "out"), [(Cause.HALT, "off by itself"), (Cause.BREAK_GLASS, "off"), (Cause.EXEMPTION, "let in")]
)
def test_a_relief_is_told_with_its_times_and_why(cause: Cause, out: str) -> None:
    since, why = "since 2026-12-10 00:00 UTC", "a new phone is on its way"
    assert relief(cause).words == f"{out} until 2026-12-11 00:00 UTC, {since}: {why}"
    assert replace(relief(cause), until=None).words == f"{out}, {since}: {why}"


FROM_EVERY_RULE = relief(rule="", person="ada")


@pytest.mark.parametrize(
    ("given", "rule", "effect", "takes_out"),
    [
        (FROM_EVERY_RULE, "any", Effect.BLOCK, True),
        (FROM_EVERY_RULE, "any", Effect.WARN, True),
        (FROM_EVERY_RULE, "any", Effect.ALLOW, False),
        (ADA, "shut", Effect.BLOCK, True),
        (ADA, "other", Effect.BLOCK, False),
    ],
    ids=["one that blocks", "one that warns", "never one that allows", "the one that it names", "no other"],
)
def test_a_relief_takes_out_the_rule_it_names(
    given: Relief, rule: str, effect: Effect, takes_out: bool
) -> None:
    assert relief_from([given], rule, effect) is (given if takes_out else None)


SHUT, LOCKED, REST = ({"id": "shut"}, {"id": "locked"}, {"id": "rest", "effect": "allow"})


def with_reliefs(policy: Policy, *every: Relief) -> Policy:
    return replace(policy, reliefs=Reliefs(9, every))


WARNS = {"id": "shut", "effect": "warn"}
WARNS_BY_STAGE = {"id": "shut", "stages": {"warn": "2026-12-01", "enforce": "2027-01-01"}}
WARNS_THE_NEW = {"id": "shut", "grace": "7d"}
ASKS = {"id": "shut", "effect": "challenge"}


@pytest.mark.parametrize(
    ("rules", "effect", "rule"),
    [
        ([WARNS], "warn", "shut"),
        ([WARNS, LOCKED], "warn", "shut"),
        ([WARNS, REST], "allow", "rest"),
        ([WARNS_BY_STAGE], "warn", "shut"),
        ([WARNS_BY_STAGE, {"id": "asks", "effect": "challenge"}], "warn", "shut"),
        ([WARNS_THE_NEW], "warn", "shut"),
        ([ASKS], "challenge", "shut"),
        ([ASKS, WARNS | {"id": "softer"}], "warn", "softer"),
        ([SHUT, LOCKED], "block", "locked"),
    ],
)
@pytest.mark.parametrize("given", [ADA, relief(Cause.BREAK_GLASS), relief(Cause.HALT)])
def test_a_relief_refuses_nobody_whom_the_rule_allows(
    given: Relief, rules: list[dict[str, object]], effect: str, rule: str
) -> None:
    new = replace(CLEAN, first_seen=NOW - DAY)
    decision = decide(access(PHONE, new, "ada"), with_reliefs(policy_of(*rules), given))
    assert (decision.effect.value, decision.rule) == (effect, rule)
    assert (rule == "shut") is ("shut" not in [trial.rule for trial in decision.would])


def test_a_lost_device_is_never_exempt() -> None:
    lost = replace(WITH_TIKTOK, lost=True)
    policy = with_reliefs(policy_of(SHUT, REST), replace(D1, rule=""), replace(ADA, rule=""))
    assert decide(access(PHONE, lost, "ada"), policy).rule == "device-lost"


@given(policies, accesses, reliefs)
def test_a_relief_works_like_report_only_and_never_hardens(
    policy: Policy, seen: Access, every: Reliefs
) -> None:
    plain = replace(policy, reliefs=NO_RELIEFS)
    out = [rule.id for rule in plain.rules if relief_from(every.about(seen), rule.id, rule.effect)]
    rehearsed = Stages.model_validate({"report_only": "2026-12-01"})
    rules = [
        rule.model_copy(update={"stages": rehearsed})
        if rule.id in out and (rule.stages is None or rule.stages.at(NOW) is not Stage.PENDING)
        else rule
        for rule in plain.rules
    ]
    one, other = (
        decide(seen, replace(plain, reliefs=every)),
        decide(seen, replace(plain, rules=tuple(rules))),
    )
    assert one.effect.severity <= decide(seen, plain).effect.severity
    if one.effect is other.effect:
        assert (one.rule, one.reason) == (other.rule, other.reason)
        assert [trial.rule for trial in one.would] == [trial.rule for trial in other.would]
    else:
        assert one.effect.severity < other.effect.severity
        assert one.rule in out
        assert one.rule in [trial.rule for trial in other.would]
        assert one.rule not in [trial.rule for trial in one.would]
    if not out:
        assert replace(one, reliefs=0) == decide(seen, plain)


def test_an_exemption_is_never_about_a_nameless_person() -> None:
    """Neither an empty name nor an empty id matches the empty field of somebody else's exemption."""
    nobody = replace(access(), user=User(""), posture=Posture())
    assert Reliefs(1, (ADA, D1)).about(nobody) == ()


OFFERED = {"id": "shut", "when": "'tiktok' in device.apps", "effect": "block", "self_service": {}}
OPEN = {"id": "open", "when": "true", "effect": "allow"}
LET_IN = replace(relief(Cause.SELF_SERVICE, person="ada"), device="d1")
LISTED = replace(WITH_TIKTOK, device_id="d1")
DOUBT = replace(PHONE, findings=(Finding(Reason.DEVICE_OF_ANOTHER, "x"),))
REFUSED = AttestationResult(refused=Reason.ATTESTATION_INVALID)


@pytest.mark.parametrize(
    ("first", "others", "asks", "may"),
    [
        (OFFERED, [OPEN], access(PHONE, LISTED, "ada"), True),
        (OFFERED, [OPEN], access(PHONE, replace(LISTED, owner="Ada")), True),
        (OFFERED, [{**OPEN, "effect": "warn"}], access(PHONE, LISTED, "ada"), True),
        ({**OFFERED, "self_service": None}, [OPEN], access(PHONE, LISTED, "ada"), False),
        (OFFERED, [], access(PHONE, LISTED, "ada"), False),
        (OFFERED, [{**OFFERED, "id": "too"}, OPEN], access(PHONE, LISTED, "ada"), False),
        (OFFERED, [OPEN], access(PHONE, LISTED), False),
        (OFFERED, [OPEN], access(PHONE, replace(LISTED, lost=True), "ada"), False),
        (OFFERED, [OPEN], access(DOUBT, LISTED, "ada"), False),
        (OFFERED, [OPEN], access(PHONE, LISTED, "ada", attestation=REFUSED), False),
        (OFFERED, [OPEN], access(PHONE, Posture(PostureState.UNAVAILABLE), "ada"), False),
        ({**OFFERED, "when": "1 / 0 == 1"}, [OPEN], access(PHONE, LISTED, "ada"), False),
        (OFFERED, [OPEN], replace(access(PHONE, LISTED), claims=(Claim(User("ada"), PHONE, LISTED),)), False),
    ],
)
def test_only_a_person_whom_the_rule_alone_refuses_may_let_themselves_in(
    first: dict[str, object], others: list[dict[str, object]], asks: Access, may: bool
) -> None:
    """What is offered is what helps: who may not is not let in by a let-in that is in force either."""
    policy = policy_of(first, *others)
    decision = decide(asks, policy)
    assert decision.effect is Effect.BLOCK
    assert (decision.let_in is not None) is may
    then = decide(asks, replace(policy, reliefs=Reliefs(1, (LET_IN,))))
    assert (then.effect in (Effect.ALLOW, Effect.WARN)) is may


def test_a_let_in_is_for_every_device_of_its_person_and_for_nobody_else() -> None:
    policy = replace(policy_of(OFFERED, OPEN), reliefs=Reliefs(1, (LET_IN,)))
    effects = [
        decide(access(PHONE, replace(LISTED, device_id=device), user), policy).effect
        for device, user in (("d1", "ada"), ("d2", "ADA"), ("d1", "lin"), ("d1", ""))
    ]
    assert effects == [Effect.ALLOW, Effect.ALLOW, Effect.BLOCK, Effect.BLOCK]


def test_a_let_in_ends_with_the_offer_and_an_exemption_does_not() -> None:
    without = policy_of({**OFFERED, "self_service": None}, OPEN)
    for each, effect in ((LET_IN, Effect.BLOCK), (ADA, Effect.ALLOW)):
        asks = access(PHONE, LISTED, "ada")
        assert decide(asks, replace(without, reliefs=Reliefs(1, (each,)))).effect is effect
