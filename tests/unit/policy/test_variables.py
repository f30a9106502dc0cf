from dataclasses import replace
from datetime import timedelta
from typing import Any, cast

import pytest
from tests.unit.policy.examples import CLEAN, LAPTOP, NOW, PHONE, WITH_TIKTOK, access

from mailgate.classify import agent_traits, classify
from mailgate.model import (
    Access,
    AttestationResult,
    CertificateResult,
    Kind,
    Posture,
    PostureState,
    Reason,
    RequestFacts,
    User,
)
from mailgate.policy.condition import EvaluationError, compile_condition
from mailgate.policy.variables import VARIABLES, DependsOn, cel_activation, dependencies_of

PROVEN = AttestationResult("d1", "https://mdm.example.com", status="affirming")
REFUSED = AttestationResult(
    refused=Reason.TOKEN_EXPIRED, issuer="https://mdm.example.com", status="affirming"
)


@pytest.mark.parametrize(
    "request_", [access(), access(LAPTOP, Posture()), access(PHONE, WITH_TIKTOK, attestation=REFUSED)]
)
@pytest.mark.parametrize("name", VARIABLES)
def test_every_variable_has_a_value_of_its_type_for_every_request(name: str, request_: Access) -> None:
    assert compile_condition(f"{name} == {name}", {}).holds(cel_activation(request_, [name]))


_AGENT = "Mozilla/5.0 ({}) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/{}.0.0.0 Safari/537.36{}"
_MAC = "Macintosh; Intel Mac OS X {}"


def asked(agent: str = _AGENT.format(_MAC.format("10_15_7"), 143, ""), **changed: Any) -> Access:
    facts = RequestFacts("GET", "/mail", "https", "a.example", "192.0.2.1", {"user-agent": agent})
    return Access(replace(facts, **changed), classify(facts), CLEAN, NOW)


@pytest.mark.parametrize(
    ("part", "other"),
    [
        (DependsOn.AGENT, asked(_AGENT.format(_MAC.format("12_4"), 143, ""))),
        (DependsOn.AGENT, asked(_AGENT.format(_MAC.format("10_15_7"), 144, " Edg/144.0.0.0"))),
        (DependsOn.REMOTE, asked(remote="192.0.2.2")),
        (DependsOn.HOST, asked(host="b.example")),
        (DependsOn.SCHEME, asked(scheme="http")),
        (DependsOn.PATH, asked(target="/mail/2")),
        (DependsOn.CLOCK, replace(asked(), now=NOW + timedelta(hours=1))),
        (None, asked(target="/mail?message=2")),
    ],
)
def test_a_variable_says_what_its_value_rests_on(part: DependsOn | None, other: Access) -> None:
    """A variable that says too little would be answered from a verdict on another request."""
    one = asked()
    assert agent_traits(one.facts.user_agent) == agent_traits(other.facts.user_agent)
    changed = [name for name, each in VARIABLES.items() if each.read(one) != each.read(other)]
    assert {VARIABLES[name].depends_on for name in changed} == ({part} if part else set())


@pytest.mark.parametrize("odd", ["a\0b", "a\ud800"])
@pytest.mark.parametrize("name", [each.name for each in VARIABLES.values() if each.is_open_text])
def test_a_text_that_the_runtime_reads_otherwise_fails_every_condition_that_looks_at_it(
    name: str, odd: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It would end at the NUL, so that a rule on `a` held for somebody else, or one on the whole text for nobody."""
    variable, listed = VARIABLES[name], VARIABLES[name].type != "string"
    value: Any = ["a", odd] if listed else odd
    monkeypatch.setitem(cast(dict[str, Any], VARIABLES), name, replace(variable, read=lambda _: value))
    for condition in (
        ('"a" in {}', '!("b" in {})', '{}.exists(each, each.startsWith("a"))', "{}.all(each, each == 'a')")
        if listed
        else ('{} == "a"', '{} != "a"', '{}.startsWith("a")', '!{}.endsWith("b")', "{} in ['a']")
    ):
        compiled = compile_condition(condition.format(name), {})
        with pytest.raises(EvaluationError):
            compiled.holds(cel_activation(access(), [name]))
        beside = compile_condition(f"client.kind == 'laptop' && {condition.format(name)}", {})
        assert not beside.holds(cel_activation(access(), beside.reads))


@pytest.mark.parametrize("name", [name for name, variable in VARIABLES.items() if variable.closed])
def test_closed_sets_hold_what_is_read(name: str) -> None:
    value = VARIABLES[name].read(access(PHONE, WITH_TIKTOK, attestation=REFUSED))
    assert {value} <= set(VARIABLES[name].closed or ()) if isinstance(value, str) else value == []


@pytest.mark.parametrize(
    ("condition", "request_"),
    [
        ("device.age == duration('2h')", access(posture=replace(CLEAN, reported_at=NOW - timedelta(hours=2)))),
        ("device.age == duration('170h')", access(posture=replace(CLEAN, reported_at=NOW - timedelta(hours=2), lag=timedelta(days=7)))),
        ("device.age > duration('800000h') && !device.known", access(posture=Posture())),
        ("!device.known", access(posture=Posture(PostureState.UNAVAILABLE))),
        ("device.known", access(posture=Posture(PostureState.STALE))),
        ("!device.managed && device.kind == 'unknown'", access()),
        ("device.managed && device.kind == 'tablet'", access(posture=replace(CLEAN, managed=True, kind=Kind.TABLET))),
        ("certificate.valid && certificate.refused == ''", access(certificate=CertificateResult("x5t"))),
        (
            "!certificate.valid && certificate.refused == 'certificate-revoked'",
            access(certificate=CertificateResult(refused=Reason.CERTIFICATE_REVOKED)),
        ),
        ("!certificate.valid && certificate.refused == ''", access()),
        ("attestation.valid && attestation.status == 'affirming'", access(attestation=PROVEN)),
        ("!attestation.valid && attestation.status == 'none' && attestation.issuer == ''", access(attestation=REFUSED)),
        ("attestation.refused == 'token-expired'", access(attestation=REFUSED)),
        ("attestation.refused == '' && attestation.issuer == ''", access()),
        ("'staff' in user.groups", replace(access(), user=User("alice", ("staff",)))),
    ],
)  # fmt: skip
def test_what_variables_mean(condition: str, request_: Access) -> None:
    compiled = compile_condition(condition, {})
    assert compiled.holds(cel_activation(request_, compiled.reads))


def test_what_a_variable_depends_on_is_told_for_all_that_are_read() -> None:
    assert dependencies_of(["now", "client.kind"]) == {DependsOn.CLOCK}
    assert dependencies_of(["now", "request.remote"]) == {DependsOn.CLOCK, DependsOn.REMOTE}
    assert dependencies_of(["client.kind"]) == set()
