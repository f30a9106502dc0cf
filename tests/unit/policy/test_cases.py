from datetime import timedelta
from typing import Any

import pytest
from pydantic import ValidationError
from tests.unit.policy.examples import CATALOG, LAPTOP, NOW, PHONE, access, policy_of

from mailgate.engine.decide import decide
from mailgate.model import Client, Kind, PostureState
from mailgate.policy.cases import Device, Expectation, RecordedRequest, Request, Situation, differences

CONTEXT = {"catalog": CATALOG}


def test_a_request_is_read_as_the_gate_reads_it() -> None:
    facts = Request.model_validate(
        {
            "method": "POST",
            "target": "/a%2Fb?c",
            "headers": {"Host": "mail.example.com", "X-A": ("1", "2"), "x-a": "3", "USER-AGENT": "x"},
            "user": "alice@example.com",
        }
    ).facts()
    assert (facts.method, facts.path, facts.query, facts.host) == ("POST", "/a%2Fb", "c", "mail.example.com")
    assert facts.headers == {"host": "mail.example.com", "x-a": "1, 2, 3", "user-agent": "x"}
    assert (facts.user, Request(user_agent="y").facts().user_agent) == ("alice@example.com", "y")


@pytest.mark.parametrize(
    ("device", "state", "lists"),
    [
        ({}, PostureState.CLEAN, ()),
        ({"apps": ("tiktok",)}, PostureState.LISTED, ("prohibited",)),
        ({"apps": ("tiktok",), "state": "stale"}, PostureState.STALE, ("prohibited",)),
        ({"state": "missing"}, PostureState.MISSING, ()),
    ],
)
def test_the_state_follows_from_the_apps(
    device: dict[str, Any], state: PostureState, lists: tuple[str, ...]
) -> None:
    posture = Device.model_validate(device, context=CONTEXT).posture(CATALOG, NOW)
    assert (posture.state, posture.lists) == (state, lists)
    assert posture.reported_at == (None if state is PostureState.MISSING else NOW)


@pytest.mark.parametrize(
    "device",
    [
        {"apps": ("unheard-of",)},
        {"state": "clean", "apps": ("tiktok",)},
        {"state": "listed"},
        {"state": "odd"},
    ],
)
def test_devices_that_cannot_be(device: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        Device.model_validate(device, context=CONTEXT)


def test_without_a_device_nothing_is_known_and_time_comes_from_outside() -> None:
    seen = Situation().access(CATALOG, lambda facts, proof: PHONE, NOW)
    assert (seen.posture.state, seen.now, seen.attestation) == (PostureState.MISSING, NOW, None)
    named = Situation.model_validate({"now": "2026-12-11"}).access(CATALOG, lambda facts, proof: PHONE, NOW)
    assert named.now == NOW + timedelta(days=1)


def test_evidence_is_handed_to_classification() -> None:
    situation = Situation.model_validate(
        {"attestation": {"kind": "tablet", "issuer": "https://mdm.example.com"}}
    )
    seen = situation.access(CATALOG, lambda facts, proof: Client(proof.kind, True), NOW)  # type: ignore[union-attr, arg-type]
    assert (seen.client.kind, seen.attestation.issuer) == (Kind.TABLET, "https://mdm.example.com")  # type: ignore[union-attr]
    refused = Situation.model_validate({"attestation": {"refused": "token-expired"}}).attestation
    assert refused is not None
    assert refused.result().device_id == ""


def test_one_level_and_two_levels_are_the_same() -> None:
    flat = {"method": "POST", "user": "alice", "device": {"apps": ()}, "now": "2026-12-11"}
    nested = {"request": {"method": "POST", "user": "alice"}, "device": {"apps": ()}, "now": "2026-12-11"}
    read = RecordedRequest.model_validate(flat, context=CONTEXT).situation()
    assert read == Situation.model_validate(nested, context=CONTEXT)


@pytest.mark.parametrize(
    ("expect", "wrong"),
    [
        ({"effect": "block"}, {}),
        ({"effect": "block", "reason": "rule-matched", "rule": "rule-1", "would": ("rule-0",), "kind": "laptop"}, {}),
        ({"effect": "allow"}, {"effect": ("allow", "block")}),
        ({"effect": "block", "rule": "default", "would": ()}, {"rule": ("default", "rule-1"), "would": ((), ("rule-0",))}),
    ],
)  # fmt: skip
def test_what_came_out_otherwise(expect: dict[str, Any], wrong: dict[str, Any]) -> None:
    decision = decide(access(LAPTOP), policy_of({"stages": {"report_only": "2026-12-01"}}, {}))
    assert differences(Expectation.model_validate(expect), LAPTOP, decision) == wrong
