from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from pydantic import ValidationError
from tests.unit.policy.examples import CATALOG, LAPTOP, NOW, access, policy_of, refusal

from mailgate.model import (
    Absence,
    Assurance,
    AttestationResult,
    CertificateResult,
    Compliance,
    Effect,
    Enrolment,
    ExtensionWord,
    Finding,
    Kind,
    Posture,
    PostureState,
    Reason,
    RequestFacts,
    Threat,
    User,
)
from mailgate.policy.cases import (
    CaseDevice,
    CaseExtension,
    CasesFile,
    Expectation,
    RecordedRequest,
    Request,
    Situation,
    decide_situation,
    differences,
    run_cases,
)
from mailgate.policy.decide import decide

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


def test_a_request_that_says_nothing_is_a_page_load_by_nobody() -> None:
    assert Request().facts() == RequestFacts("GET", "/", "http", "", "", {}, None)


def test_a_request_says_where_it_came_to_and_from() -> None:
    written = {
        "host": "a.example",
        "scheme": "https",
        "remote": "::ffff:192.0.2.1",
        "headers": {"Host": "b.example"},
    }
    facts = Request.model_validate(written).facts()
    assert (facts.host, facts.scheme, facts.remote) == ("a.example", "https", "192.0.2.1")
    assert Request.model_validate({"user": {"groups": ("it",)}}).facts().user is None


@pytest.mark.parametrize("header", [("1", 2), 1, ["1"], None])
def test_a_header_is_a_text_or_some(header: object) -> None:
    with pytest.raises(ValidationError):
        Request.model_validate({"headers": {"x": header}})


def test_editors_know_what_a_header_and_a_person_look_like() -> None:
    fields = Request.model_json_schema()["properties"]
    header = {"anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}}]}
    assert fields["headers"]["additionalProperties"] == header
    assert fields["user"]["anyOf"] == [{"type": "string"}, {"$ref": "#/$defs/CasePerson"}]


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
    posture = CaseDevice.model_validate(device, context=CONTEXT).posture(CATALOG, NOW)
    assert (posture.state, posture.lists) == (state, lists)
    assert posture.reported_at == (None if state is PostureState.MISSING else NOW)


def test_a_device_that_says_nothing_is_clean_for_a_day() -> None:
    assert CaseDevice().posture(CATALOG, NOW) == Posture(
        PostureState.CLEAN, reported_at=NOW, expires_at=NOW + timedelta(hours=24), absence=Absence.SEEN
    )
    assert CaseDevice(state=PostureState.MISSING).posture(CATALOG, NOW) == Posture()


def test_a_verdict_is_of_now_and_absence_is_enforced_if_that_is_said() -> None:
    assert CaseDevice(compliance=Compliance.COMPLIANT).posture(CATALOG, NOW).compliance_at == NOW
    assert CaseDevice(absence=Absence.ENFORCED).posture(CATALOG, NOW).absence is Absence.ENFORCED
    away = CaseDevice(state=PostureState.UNAVAILABLE, last_state=PostureState.CLEAN, absence=Absence.ENFORCED)
    assert away.posture(CATALOG, NOW).absence is Absence.ENFORCED


def test_a_posture_has_all_that_a_device_says() -> None:
    written = {
        "state": "unavailable", "last_state": "listed", "id": "d1", "kind": "phone", "os": "ios", "os_version": "18",
        "managed": True, "owner": "ada", "source": "intune", "sources": ("intune", "jamf"),
        "findings": ("device-os-contradicted",), "lost": True, "apps": ("wechat", "tiktok"),
        "reported_at": "2026-12-01", "expires_at": "2026-12-02", "first_seen": "2026-11-01",
        "enrolment": "user-enrolment", "compliance": "grace", "compliance_at": "2026-11-30", "compliance_apps": True, "threat": "low",
    }  # fmt: skip
    assert CaseDevice.model_validate(written, context=CONTEXT).posture(CATALOG, NOW) == Posture(
        PostureState.UNAVAILABLE, "d1", Kind.PHONE, "ios", "18", True, "ada", ("tiktok", "wechat"),
        ("prohibited", "tencent"), "intune", ("intune", "jamf"),
        reported_at=datetime(2026, 12, 1, tzinfo=UTC), expires_at=datetime(2026, 12, 2, tzinfo=UTC),
        findings=(Finding(Reason.DEVICE_OS_CONTRADICTED, ""),), lost=True,
        first_seen=datetime(2026, 11, 1, tzinfo=UTC), last_state=PostureState.LISTED,
        enrolment=Enrolment.USER_ENROLMENT, compliance=Compliance.GRACE, compliance_at=datetime(2026, 11, 30, tzinfo=UTC),
        compliance_covers=True, threat=Threat.LOW,
    )  # fmt: skip
    assert CaseDevice(source="intune").posture(CATALOG, NOW).sources == ("intune",)


@pytest.mark.parametrize(
    ("device", "kind", "said"),
    [
        ({"apps": ("tiktok", "tok")}, "word", {"word": "tok", "known": ["tiktok", "wechat"], "key": ("apps", 1)}),
        ({"state": "clean", "apps": ("tiktok",)}, "device", {"words": "`clean` with an app on a list; use `listed`", "key": "state"}),
        ({"state": "partial", "absence": "enforced"}, "device", {"words": "only a `clean` device has an `absence`", "key": "absence"}),
        ({"absence": "seen", "apps": ("tiktok",)}, "device", {"words": "only a `clean` device has an `absence`", "key": "absence"}),
        ({"state": "listed"}, "device", {"words": "`listed` without an app on a list; name one in `apps`", "key": "state"}),
    ],
)  # fmt: skip
def test_a_device_that_cannot_be_is_refused(device: dict[str, Any], kind: str, said: object) -> None:
    assert refusal(CaseDevice, device, CONTEXT) == (kind, said)
    assert CaseDevice.model_validate(device), "without a catalogue nothing is known of apps"


def test_states_that_fit_their_apps_are_taken() -> None:
    for device in ({"state": "listed", "apps": ("tiktok",)}, {"state": "clean"}, {"state": "missing"}):
        assert CaseDevice.model_validate(device, context=CONTEXT).state == device["state"]
    with pytest.raises(ValidationError):
        CaseDevice.model_validate({"state": "odd"})


def test_without_a_device_nothing_is_known_and_time_comes_from_outside() -> None:
    seen = Situation().access(CATALOG, NOW)
    assert (seen.posture.state, seen.now, seen.attestation) == (PostureState.MISSING, NOW, None)
    assert (seen.certificate, seen.user) == (None, User())
    named = Situation.model_validate({"now": "2026-12-11", "device": {}})
    later = named.access(CATALOG, NOW)
    assert later.now == later.posture.reported_at == NOW + timedelta(days=1)


@pytest.mark.parametrize(
    ("person", "user"),
    [
        ("ada", User("ada", (), groups_known=True)),
        ({"name": "ada", "groups": ("it",)}, User("ada", ("it",), groups_known=True)),
        ({"groups": ("it",)}, User("", ("it",), groups_known=True)),
        ("", User()),
    ],
)
def test_the_groups_of_a_named_person_are_known(person: object, user: User) -> None:
    situation = Situation.model_validate({"request": {"user": person}})
    assert situation.access(CATALOG, NOW).user == user


@pytest.mark.parametrize(
    ("written", "result"),
    [
        ({}, AttestationResult("device", status="affirming")),
        (
            {"device": "d1", "issuer": "https://mdm.example.com", "kind": "tablet", "status": "warning"},
            AttestationResult("d1", "https://mdm.example.com", kind=Kind.TABLET, status="warning"),
        ),
        ({"refused": "token-expired"}, AttestationResult(refused=Reason.TOKEN_EXPIRED)),
    ],
)
def test_evidence_is_handed_to_classification(written: object, result: AttestationResult) -> None:
    seen = Situation.model_validate({"attestation": written}).access(CATALOG, NOW)
    assert (seen.client.kind, seen.attestation) == (result.kind or Kind.UNKNOWN, result)


@pytest.mark.parametrize(
    ("written", "result"),
    [
        ({}, CertificateResult("certificate")),
        ({"refused": "certificate-revoked"}, CertificateResult(refused=Reason.CERTIFICATE_REVOKED)),
    ],
)
def test_a_certificate_is_accepted_unless_it_is_said_to_be_refused(written: object, result: object) -> None:
    situation = Situation.model_validate({"certificate": written})
    assert situation.access(CATALOG, NOW).certificate == result


def test_an_extension_in_a_case_speaks_for_a_computer() -> None:
    written = {"version": "0.1.0", "browser": "Firefox", "browser_version": "153.0", "disk_encrypted": True}
    computer = {
        "request": {"user_agent": "Mozilla/5.0 (X11; Linux x86_64; rv:153.0) Gecko/20100101 Firefox/153.0"}
    }
    seen = Situation.model_validate(computer | {"extension": written}).access(CATALOG, NOW)
    word = ExtensionWord("0.1.0", browser="Firefox", browser_version="153.0", disk_encrypted=True)
    assert seen.attestation == AttestationResult(
        "extension", kind=Kind.LAPTOP, self_reported=True, extension=word
    )
    assert (seen.client.kind, seen.client.assurance) == (Kind.LAPTOP, "attested")
    with pytest.raises(ValidationError, match="one request has one token"):
        Situation.model_validate({"extension": {}, "attestation": {}})


def test_one_level_and_two_levels_are_the_same() -> None:
    request = {"method": "POST", "user": "alice", "headers": {"x": ("1", "2")}, "user_agent": "y"}
    beside = {"device": {"os": "ios"}, "attestation": {"device": "d"}, "certificate": {}, "now": "2026-12-11"}
    assert RecordedRequest.model_validate(
        {"extension": {"version": "1"}}
    ).situation().extension == CaseExtension(version="1")
    flat, nested = request | beside, {"request": request} | beside
    read = RecordedRequest.model_validate(flat, context=CONTEXT).situation()
    assert read == Situation.model_validate(nested, context=CONTEXT)


@pytest.mark.parametrize(
    ("expect", "wrong"),
    [
        ({"effect": "block"}, {}),
        ({"effect": "warn", "reason": "kind-refused", "kind": "phone"}, {"effect": ("warn", "block"), "reason": ("kind-refused", "rule-matched"), "kind": ("phone", "laptop")}),
        ({"effect": "block", "reason": "rule-matched", "rule": "rule-1", "would": ("rule-0",), "kind": "laptop"}, {}),
        ({"effect": "allow"}, {"effect": ("allow", "block")}),
        ({"effect": "block", "rule": "default", "would": ()}, {"rule": ("default", "rule-1"), "would": ((), ("rule-0",))}),
    ],
)  # fmt: skip
def test_unmet_expectations_are_told(expect: dict[str, Any], wrong: dict[str, Any]) -> None:
    decision = decide(access(LAPTOP), policy_of({"stages": {"report_only": "2026-12-01"}}, {}))
    assert differences(Expectation.model_validate(expect), LAPTOP, decision) == wrong


IPHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_6 like Mac OS X) AppleWebKit/605.1.15 Mobile/15E148"
POLICY = policy_of({"when": "client.handheld", "stages": {"enforce": "2026-12-05"}}, effect="allow")


def cases(*tests: dict[str, Any], **more: Any) -> CasesFile:
    return CasesFile.model_validate({"tests": tests, **more}, context={"catalog": CATALOG})


def case(**more: Any) -> dict[str, Any]:
    return {"name": "x", "request": {"user_agent": IPHONE}, "expect": {"effect": "block"}, **more}


def test_a_case_has_its_own_time_or_the_files_or_the_checks() -> None:
    own = case(now="2026-12-01")
    assert [bool(each.wrong) for each in run_cases(cases(case(), own), POLICY, NOW)] == [False, True]
    assert [bool(each.wrong) for each in run_cases(cases(case(), now="2026-12-01"), POLICY, NOW)] == [True]


def test_the_real_functions_answer() -> None:
    situation = Situation.model_validate(
        {"request": {"user_agent": IPHONE}, "attestation": {"kind": "phone"}}
    )
    access, decision = decide_situation(situation, POLICY, NOW)
    assert (access.client.kind, access.client.assurance) == (Kind.PHONE, Assurance.ATTESTED)
    assert decision.effect is Effect.BLOCK


def test_a_certificate_counts_as_it_does_at_the_gate() -> None:
    device = {"id": "d1", "kind": "phone", "state": "clean"}
    told = {"request": {"user_agent": IPHONE}, "device": device, "certificate": {}}
    accepted, _ = decide_situation(Situation.model_validate(told), POLICY, NOW)
    assert (accepted.client.assurance, accepted.certificate.refused) == (Assurance.ATTESTED, None)
    told["certificate"] = {"refused": "certificate-revoked"}
    refused, _ = decide_situation(Situation.model_validate(told), POLICY, NOW)
    assert refused.client.assurance is Assurance.CLAIMED
    assert [finding.reason for finding in refused.client.findings] == [Reason.CERTIFICATE_INVALID]
