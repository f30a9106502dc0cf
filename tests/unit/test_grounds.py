"""What a decision rests on, and until when it can stand."""

from dataclasses import fields, replace
from datetime import UTC, datetime, timedelta

import pytest
from tests.unit.policy.examples import CLEAN, NOW, PHONE, access, policy_of

from mailgate.decide import decide
from mailgate.grounds import Grounds
from mailgate.model import Access, AttestationResult, User
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
    assert Grounds(policy).until(asks, decide(asks, policy)) == until


def test_everything_that_a_rule_has_was_thought_of() -> None:
    """A new field of a rule, a policy or an access can be something that a decision rests on: then grounds must hold it.

    The made-up rules and accesses of ``test_decided.py`` should have it as well.
    """
    of_the_rule = {"when", "effect", "reason", "stages", "share", "on_unavailable", "groups", "grace"}
    told = {"id", "title", "notice", "halt_when"}
    assert set(Rule.model_fields) == of_the_rule | told
    assert {each.name for each in fields(Policy)} == {"rules", "default", "catalog", "reliefs"}
    asked = {"facts", "client", "posture", "now", "user", "attestation", "certificate"}
    assert {each.name for each in fields(Access)} == asked


def test_grounds_hold_nobodys_name() -> None:
    policy = policy_of({"when": "client.handheld", "share": "10%"})
    asks = replace(access(user="ann"), posture=replace(CLEAN, owner="ann", device_id="d1"))
    assert "ann" not in repr(Grounds(policy).of(asks))
    assert "d1" not in repr(Grounds(policy).of(asks))


def test_what_runs_with_the_clock_is_told_apart() -> None:
    grounds = Grounds(policy_of(AGED, {"when": "user.name == 'ann'"}))
    one, later = access(user="ann"), access(user="ann", now=NOW + timedelta(seconds=1))
    assert grounds.of(one) == grounds.of(later) != grounds.of(replace(one, user=User("bob")))
    assert grounds.times(one) != grounds.times(later)
