"""What a decision rests on, and until when it can stand."""

from dataclasses import fields, replace
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.unit.policy.examples import CATALOG, CLEAN, NOW, PHONE, access, policy_of
from tests.unit.policy.made_up import ALL, accesses, policies

from mailgate.model import (
    Access,
    AttestationResult,
    CertificateResult,
    Claim,
    Decision,
    Finding,
    Kind,
    Posture,
    PostureState,
    Reason,
    RequestFacts,
    User,
)
from mailgate.policy.condition import compile_condition
from mailgate.policy.decide import decide
from mailgate.policy.decision_key import DecisionKey
from mailgate.policy.reliefs import Cause, Relief, Reliefs
from mailgate.policy.rules import Policy, Rule

NEVER = datetime.max.replace(tzinfo=UTC)
STAGED = {"when": "client.handheld", "stages": {"warn": "2026-12-09", "enforce": "2026-12-12"}}
AGED = {"when": "device.age > duration('1h')"}


@pytest.mark.parametrize(
    ("rules", "days", "posture_ends", "token_ends", "until"),
    [
        ([{}], 0, None, None, NEVER),
        ([STAGED], 0, None, None, NOW + timedelta(days=2)),
        ([STAGED], 2, None, None, NEVER),
        ([STAGED], 0, 1, None, NOW + timedelta(days=1)),
        ([STAGED], 0, 1, 0.5, NOW + timedelta(days=0.5)),
        ([STAGED], 0, -1, 3, NOW + timedelta(days=2)),
        ([AGED], 0, 1, None, NOW),
        ([{}, AGED], 0, 1, None, NOW + timedelta(days=1)),
        ([AGED, {}], 0, 1, None, NOW),
        ([{"when": "false"}, {}, AGED], 0, 1, None, NOW + timedelta(days=1)),
        (
            [{"when": "client.kind == 'laptop' && device.age > duration('1h')"}, {}],
            0,
            1,
            None,
            NOW + timedelta(days=1),
        ),
    ],
)
def test_a_decision_stands_until_a_stage_a_report_or_a_token_ends(
    rules: list[dict[str, object]],
    days: int,
    posture_ends: float | None,
    token_ends: float | None,
    until: datetime,
) -> None:
    policy, now = policy_of(*rules), NOW + timedelta(days=days)
    ends = NOW + timedelta(days=posture_ends) if posture_ends else None
    proof = AttestationResult(expires=NOW + timedelta(days=token_ends)) if token_ends else None
    asks = access(PHONE, replace(CLEAN, expires_at=ends), now=now, attestation=proof)
    assert DecisionKey(policy).until(asks, decide(asks, policy)) == until


def test_everything_that_a_rule_has_was_thought_of() -> None:
    """A new field of a rule, a policy or an access can be something that a decision rests on: then the key must hold it.

    The made-up rules and accesses below should have it as well.
    """
    of_the_rule = {"when", "effect", "reason", "stages", "share", "on_unavailable", "groups", "grace"}
    of_the_rule |= {"self_service"}
    told = {"id", "title", "notice", "halt_when"}
    assert set(Rule.model_fields) == of_the_rule | told
    assert {each.name for each in fields(Policy)} == {"rules", "default", "catalog", "reliefs"}
    asked = {"facts", "client", "posture", "now", "user", "attestation", "certificate", "login", "claims"}
    assert {each.name for each in fields(Access)} == asked


def test_a_key_holds_nobodys_name() -> None:
    policy = policy_of({"when": "client.handheld", "share": "10%"})
    asks = replace(access(user="ann"), posture=replace(CLEAN, owner="ann", device_id="d1"))
    assert "ann" not in repr(DecisionKey(policy).of(asks))
    assert "d1" not in repr(DecisionKey(policy).of(asks))


def test_values_that_run_with_the_clock_are_kept_apart() -> None:
    decision_key = DecisionKey(policy_of(AGED, {"when": "user.name == 'ann'"}))
    one, later = access(user="ann"), access(user="ann", now=NOW + timedelta(seconds=1))
    assert decision_key.of(one) == decision_key.of(later) != decision_key.of(replace(one, user=User("bob")))
    assert decision_key.times(one) != decision_key.times(later)
    assert DecisionKey(policy_of({"when": "user.name == 'ann'"})).times(one) == ()


def test_a_key_can_be_kept_whatever_the_rules_read() -> None:
    decision_key = DecisionKey(policy_of(*({"when": text} for text in ALL)))
    one, same = (access(attestation=AttestationResult(issuer="mdm")) for _ in range(2))
    assert {decision_key.of(one): "kept"}[decision_key.of(same)] == "kept"


def test_the_first_end_among_the_claims_counts() -> None:
    posture = replace(CLEAN, expires_at=NOW + timedelta(hours=2))
    asks = replace(
        access(posture=posture),
        claims=(Claim(User(), PHONE, replace(posture, expires_at=NOW + timedelta(hours=1))),),
    )
    for rules, hours in (([{}], 1), ([{}, AGED], 0)):
        policy = policy_of(*rules)
        until = DecisionKey(policy).until(asks, decide(asks, policy))
        assert until == NOW + timedelta(hours=hours), "a rule behind may be read for what is claimed"


HELD = AttestationResult(issuer="mdm")
LATER = access(now=NOW + timedelta(days=2))
AWAY = Posture(PostureState.UNAVAILABLE, last_state=PostureState.CLEAN, expires_at=NOW + timedelta(hours=1))
FOUND = (Finding(Reason.DEVICE_OS_CONTRADICTED, "x"),)
CONTRADICTED, DOUBTED = (Finding(Reason.KIND_CONTRADICTED, "x"),), (Finding(Reason.TWO_DEVICES, "x"),)
NEW = replace(CLEAN, first_seen=NOW)
WAYS = RequestFacts("OPTIONS", "/Microsoft-Server-ActiveSync")


@pytest.mark.parametrize(
    ("rule", "one", "other"),
    [
        ({}, access(), access(posture=replace(CLEAN, state=PostureState.STALE))),
        ({}, access(), access(posture=replace(CLEAN, apps=("tiktok",)))),
        ({}, access(), access(posture=replace(CLEAN, lost=True))),
        ({}, access(), access(posture=replace(CLEAN, findings=FOUND))),
        ({}, access(), access(attestation=HELD)),
        ({}, access(attestation=HELD), access(attestation=replace(HELD, refused=Reason.TOKEN_EXPIRED))),
        ({}, access(attestation=replace(HELD, refused=Reason.KEY_REVOKED)), access(attestation=replace(HELD, refused=Reason.TOKEN_EXPIRED))),
        ({}, access(), access(certificate=CertificateResult())),
        ({}, access(certificate=CertificateResult()), access(certificate=CertificateResult(refused=Reason.KEY_REVOKED))),
        ({}, access(), access(replace(PHONE, kind=Kind.TABLET))),
        ({}, access(replace(PHONE, findings=CONTRADICTED)), access(replace(PHONE, findings=DOUBTED))),
        ({}, access(), access(replace(PHONE, findings=DOUBTED))),
        ({}, access(), replace(access(), facts=WAYS)),
        ({"stages": {"warn": "2026-12-11"}}, access(), LATER),
        ({"share": "50%"}, access(user="person-0"), access(user="person-1")),
        ({"groups": ("sales",)}, replace(access(), user=User("ann", ("sales",), groups_known=True)), replace(access(), user=User("ann", (), groups_known=True))),
        ({"grace": "7d"}, access(posture=NEW), access(posture=replace(NEW, first_seen=NOW - timedelta(days=7)))),
        ({"grace": "7d"}, access(posture=NEW), access(posture=replace(NEW, first_seen=NOW - timedelta(days=1)))),
        ({}, access(posture=AWAY), access(posture=replace(AWAY, last_state=PostureState.LISTED))),
        ({}, access(posture=AWAY), access(posture=replace(AWAY, expires_at=NOW))),
        ({}, access(posture=AWAY), access(posture=replace(AWAY, expires_at=None))),
        ({"when": "user.name == 'ann'"}, access(user="ann"), access(user="bob")),
        ({"when": "'sales' in user.groups"}, replace(access(), user=User("ann", (), groups_known=True)), replace(access(), user=User("ann"))),
        ({"when": "'mdm' in device.sources"}, access(), access(posture=replace(CLEAN, sources=("mdm",)))),
        ({"self_service": {}}, access(user="ann"), access(user="")),
        ({"self_service": {}}, access(user="ann"), access(replace(PHONE, findings=CONTRADICTED), user="ann")),
    ],
)  # fmt: skip
def test_accesses_that_decide_tells_apart_have_different_keys(
    rule: dict[str, Any], one: Access, other: Access
) -> None:
    decision_key = DecisionKey(policy_of(rule))
    assert decision_key.of(one) == decision_key.of(replace(one))
    assert decision_key.of(one) != decision_key.of(other)


@pytest.mark.parametrize(
    ("rule", "one", "other"),
    [
        ({}, access(user="ann"), access(user="bob")),
        ({}, access(), LATER),
        ({}, access(), access(posture=replace(CLEAN, owner="ann", device_id="d1", sources=("mdm",), lists=("prohibited",)))),
        ({}, access(), access(posture=replace(CLEAN, last_state=PostureState.LISTED, expires_at=NOW))),
        ({}, access(), replace(access(), facts=RequestFacts("POST", "/mail", remote="192.0.2.9", headers={"cookie": "x"}))),
        ({}, access(attestation=HELD), access(attestation=replace(HELD, issuer="other", status="affirming"))),
        ({}, access(posture=NEW), access()),
        ({}, access(posture=replace(CLEAN, findings=FOUND)), access(posture=replace(CLEAN, findings=(*FOUND, *FOUND)))),
        ({}, access(posture=AWAY), access(posture=replace(AWAY, expires_at=NOW + timedelta(days=9)))),
        ({"stages": {"warn": "2026-12-09"}}, access(), LATER),
        ({"grace": "7d"}, access(), access(posture=replace(CLEAN, first_seen=NOW - timedelta(days=7)))),
        ({"share": "100%"}, access(user="person-0"), access(user="person-1")),
        ({}, access(), access(replace(PHONE, findings=CONTRADICTED))),
        ({"self_service": {}}, access(user="ann"), access(user="bob")),
        ({}, access(replace(PHONE, findings=DOUBTED)), access(replace(PHONE, findings=(Finding(Reason.KEY_IN_TWO_PLACES, "y"),)))),
    ],
)  # fmt: skip
def test_a_difference_that_no_rule_reads_leaves_the_key_alone(
    rule: dict[str, Any], one: Access, other: Access
) -> None:
    """Else hardly any decision would be found again."""
    decision_key = DecisionKey(policy_of(rule))
    assert decision_key.of(one) == decision_key.of(other)


def test_without_dates_two_devices_that_are_new_until_different_days_are_alike() -> None:
    decision_key = DecisionKey(policy_of({"grace": "7d"}))
    one, other = access(posture=NEW), access(posture=replace(NEW, first_seen=NOW - timedelta(days=1)))
    assert decision_key.of(one, dates=False) == decision_key.of(other, dates=False)
    assert decision_key.of(one, dates=False) != decision_key.of(access(), dates=False)


def test_a_person_with_a_relief_has_another_key() -> None:
    relief = Relief(1, Cause.EXEMPTION, "", "why", "grace", NOW, NOW + timedelta(hours=5), person="ann")
    decision_key = DecisionKey(replace(policy_of({}), reliefs=Reliefs(1, (relief,))))
    assert decision_key.of(access(user="ann")) != decision_key.of(access(user="bob"))
    assert decision_key.of(access(user="ann", now=relief.until)) == decision_key.of(access(user="bob"))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("rule", "asks", "hours"),
    [
        ({"grace": "7d"}, access(posture=replace(CLEAN, first_seen=NOW - timedelta(days=6))), 24),
        ({"grace": "7d"}, access(posture=replace(CLEAN, first_seen=NOW - timedelta(days=9))), None),
        ({}, access(certificate=CertificateResult(expires=NOW + timedelta(hours=3))), 3),
        ({}, access(attestation=AttestationResult(expires=NOW + timedelta(hours=2))), 2),
        ({}, access(posture=replace(CLEAN, expires_at=NOW)), None),
        ({}, access(posture=replace(CLEAN, compliance_until=NOW + timedelta(hours=1))), 1),
        ({"when": "false"}, access(user="ann"), 5),
    ],
)  # fmt: skip
def test_a_decision_stands_until_its_first_end(rule: dict[str, Any], asks: Access, hours: int | None) -> None:
    relief = Relief(1, Cause.EXEMPTION, "", "why", "grace", NOW, NOW + timedelta(hours=5), person="ann")
    policy = replace(policy_of(rule), reliefs=Reliefs(1, (relief,) if asks.user.name else ()))
    ends = NEVER if hours is None else NOW + timedelta(hours=hours)
    assert DecisionKey(policy).until(asks, decide(asks, policy)) == ends


@lru_cache
def compiled(text: str) -> None:
    compile_condition(text, {"device.apps": tuple(CATALOG.apps), "device.lists": tuple(CATALOG.lists)})


@pytest.mark.parametrize("text", ALL)
def test_every_condition_here_can_be_read(text: str) -> None:
    compiled(text)


@settings(max_examples=150)
@given(st.lists(policies, min_size=1, max_size=2), st.lists(accesses, min_size=1, max_size=8), st.data())
def test_the_same_key_has_the_same_answer(
    written: list[Policy], people: list[Access], data: st.DataObject
) -> None:
    """Through changes of one thing about somebody, and of the time in both directions."""
    times = [each.now for each in people]
    for policy in written:
        decision_key, kept = DecisionKey(policy), dict[object, Decision]()
        for _ in range(8):
            asks = replace(data.draw(st.sampled_from(people)), now=data.draw(st.sampled_from(times)))
            other = data.draw(st.sampled_from(people))
            if name := data.draw(
                st.sampled_from(
                    [
                        "",
                        "client",
                        "posture",
                        "user",
                        "facts",
                        "attestation",
                        "certificate",
                        "login",
                        "claims",
                    ]
                )
            ):
                asks = replace(asks, **{name: getattr(other, name)})
            decision = decide(asks, policy)
            timeless = all(decision_key.is_timeless(each, decide(each, policy)) for each in asks.readings())
            if timeless and decision.reason not in (Reason.INTERNAL_ERROR, Reason.RULE_ERROR):
                assert kept.setdefault(decision_key.of(asks), decision) == decision


def test_people_in_the_same_shares_are_alike() -> None:
    decision_key = DecisionKey(policy_of({"when": "client.kind == 'phone'", "share": "50%"}))
    assert len({decision_key.of(access(PHONE, CLEAN, user=f"person-{number}")) for number in range(40)}) == 2


def test_claims_of_a_request_are_part_of_the_key() -> None:
    decision_key = DecisionKey(policy_of({"when": "client.kind == 'phone'"}))
    asks = access(replace(PHONE, kind=Kind.LAPTOP))
    one, other = (
        replace(asks, claims=(Claim(User(), each, CLEAN),))
        for each in (PHONE, replace(PHONE, kind=Kind.TABLET))
    )
    assert len({decision_key.of(each) for each in (asks, one, other)}) == 3
    assert decision_key.of(one) == decision_key.of(replace(one))


people = st.builds(
    User,
    st.sampled_from(["", "ann", "bob", "cid", "dan", "Ann@example.com", "a,b"]),
    st.sampled_from([(), ("sales",), ("staff",)]),
    groups_known=st.booleans(),
)


@settings(max_examples=400)
@given(policies, accesses, people, people)
def test_people_whom_rules_cannot_tell_apart_get_the_same_decision_where_no_device_is_known(
    policy: Policy, seen: Access, one: User, other: User
) -> None:
    decision_key = DecisionKey(policy)
    if decision_key.of_person(one) != decision_key.of_person(other):
        return
    named = [replace(seen, user=user, posture=Posture(), claims=()) for user in (one, other)]
    claimed = [
        replace(seen, user=User(), posture=Posture(), claims=(Claim(user, seen.client, Posture()),))
        for user in (one, other)
    ]
    for first, second in (named, claimed):
        decided = decide(first, policy)
        assert decided == decide(second, policy)
        assert decision_key.until(first, decided) == decision_key.until(second, decided)


@pytest.mark.parametrize(
    ("rule", "apart"),
    [
        ({}, []),
        ({"when": "user.name == 'ann'"}, ["ann", "Ann", "ann@example.com", "x,y"]),
        ({"when": "user.name != 'ann@example.com'"}, ["ann", "ann@example.com", "ann@other.example"]),
        ({"when": "user.name.startsWith('a')"}, ["ann", "bob", "cid"]),
        ({"when": "client.handheld ? user.name == 'ann' : user.name == request.path"}, ["ann", "bob"]),
    ],
)
def test_people_are_told_apart_by_names_that_a_rule_may_mean(rule: dict[str, Any], apart: list[str]) -> None:
    decision_key = DecisionKey(policy_of(rule))
    keys = [decision_key.of_person(User(name)) for name in ("", "mallory", *apart)]
    assert len(set(keys)) == len(keys)
    may_mean_anybody = "bob" in apart
    assert (decision_key.of_person(User("eve")) == keys[1]) is not may_mean_anybody


def test_an_exemption_counts_for_its_person_also_after_its_end() -> None:
    """The key has no time: what ends is left to the moment until which a decision stands."""
    relief = Relief(1, Cause.EXEMPTION, "", "why", "grace", NOW, NOW - timedelta(hours=5), person="ann")
    decision_key = DecisionKey(replace(policy_of({}), reliefs=Reliefs(1, (relief,))))
    assert decision_key.of_person(User("Ann")) != decision_key.of_person(User("bob"))
