"""What a device gets that is not the one asking."""

from dataclasses import replace
from datetime import timedelta

import pytest
from tests.unit.gateway.gates import NOW, policy
from tests.unit.gateway.own import ALICE, CLEAN, HANDHELD, LISTED, PROOF, asking

from mailgate.gateway.selfservice.device_verdict import exempted_by, verdict_on
from mailgate.model import (
    Access,
    Assurance,
    Client,
    Effect,
    Kind,
    Posture,
    PostureState,
    Protocol,
    Reason,
    RequestFacts,
    User,
)
from mailgate.policy.decide import decide
from mailgate.policy.reliefs import Cause, Relief, Reliefs

LAPTOP = Access(
    RequestFacts(host="mail.example.com", scheme="https"), Client(Kind.LAPTOP, handheld=False), Posture(), NOW
)
RULES = policy(
    (
        {"id": "laptop", "when": 'client.kind == "laptop"', "effect": "allow"},
        {"id": "bob", "when": 'user.name == "bob"', "effect": "warn", "reason": "rule-matched"},
        {"id": "unproven", "when": 'client.handheld && device.state != "clean"', "effect": "block"},
        {"id": "clean", "when": "client.handheld", "effect": "allow"},
    )
)


def of(posture, *, person="alice", attests=True, eas_id=""):
    return verdict_on(LAPTOP, posture, RULES, user=User(person), attests=attests, eas_id=eas_id)


@pytest.mark.parametrize(
    ("posture", "effect", "reason"),
    [
        (Posture(PostureState.CLEAN, "1", Kind.PHONE), Effect.ALLOW, Reason.RULE_MATCHED),
        (Posture(PostureState.STALE, "1", Kind.PHONE), Effect.BLOCK, Reason.POSTURE_STALE),
        (Posture(PostureState.MISSING, "1"), Effect.BLOCK, Reason.POSTURE_MISSING),
        (Posture(PostureState.LISTED, "1", Kind.LAPTOP), Effect.ALLOW, Reason.RULE_MATCHED),
    ],
)
def test_a_device_is_judged_by_what_it_is_and_not_by_who_asks(posture, effect, reason):
    decision = of(posture)[1]
    assert (decision.effect, decision.reason) == (effect, reason)


def test_a_rule_about_a_person_counts():
    assert of(Posture(PostureState.CLEAN, "1", Kind.PHONE), person="bob")[1].rule == "bob"


@pytest.mark.parametrize(
    ("attests", "eas_id", "protocol", "assurance"),
    [
        (True, "appl1", Protocol.WEB, Assurance.ATTESTED),
        (True, "", Protocol.WEB, Assurance.ATTESTED),
        (False, "appl1", Protocol.ACTIVESYNC, Assurance.CLAIMED),
        (False, "", Protocol.WEB, Assurance.CLAIMED),
    ],
)
def test_a_device_is_judged_by_its_best_protocol(attests, eas_id, protocol, assurance):
    access, _ = of(Posture(PostureState.CLEAN, "1", Kind.PHONE), attests=attests, eas_id=eas_id)
    assert (access.client.protocol, access.client.assurance) == (protocol, assurance)
    assert access.client.eas_id == (eas_id if protocol is Protocol.ACTIVESYNC else "")
    assert access.facts.path == ("/Microsoft-Server-ActiveSync" if protocol is Protocol.ACTIVESYNC else "/")
    assert access.facts.host == "mail.example.com"


@pytest.mark.parametrize("kind", [None, Kind.UNKNOWN, Kind.MAIL_APP, Kind.OTHER])
def test_a_device_of_unknown_kind_counts_as_handheld(kind):
    assert of(Posture(PostureState.CLEAN, "1", kind))[0].client.handheld


DAY = timedelta(days=1)
GIVEN = Relief(1, Cause.EXEMPTION, "", "On a journey", "ada", NOW, NOW + DAY, person="alice")


def exempted(*reliefs: Relief, posture: Posture = LISTED):
    asked = asking(ALICE, client=HANDHELD, posture=posture, proof=PROOF)
    policy = replace(asked.policy, reliefs=Reliefs(1, reliefs))
    access = replace(asked.access, user=replace(asked.access.user, name="alice"))
    return exempted_by(access, decide(access, policy), policy)


def test_an_exemption_counts_where_there_would_be_no_mail_without_it():
    assert exempted(GIVEN) == GIVEN
    assert exempted(replace(GIVEN, until=None)) == replace(GIVEN, until=None)


def test_the_longest_of_several_exemptions_is_told():
    longer = replace(GIVEN, number=2, until=NOW + 2 * DAY)
    assert exempted(longer, GIVEN) == longer
    assert exempted(GIVEN, longer) == longer


@pytest.mark.parametrize(
    "reliefs",
    [
        (),
        (replace(GIVEN, person="bob"),),
        (replace(GIVEN, until=NOW),),
        (Relief(3, Cause.BREAK_GLASS, "listed", "Sent in error", "ada", NOW, NOW + DAY),),
    ],
    ids=["none", "of another person", "over", "the rule is off for everybody"],
)
def test_an_exemption_that_changes_nothing_is_not_told(reliefs):
    assert exempted(*reliefs) is None


def test_a_rule_that_is_off_for_everybody_is_no_exemption_of_anybody():
    off = Relief(3, Cause.BREAK_GLASS, "unproven", "Sent in error", "ada", NOW, NOW + DAY)
    unknown = Posture(PostureState.MISSING, "1", Kind.PHONE)
    assert exempted(off, posture=unknown) is None
    assert exempted(GIVEN, posture=unknown) == GIVEN


def test_a_clean_device_needs_no_exemption():
    assert exempted(GIVEN, posture=CLEAN) is None
