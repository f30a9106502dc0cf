from typing import Any

from tests.unit.policy.examples import CATALOG, NOW, policy_of

from mailgate.model import Assurance, Effect, Kind, Reason
from mailgate.policy.case_runner import decide_situation, run_cases
from mailgate.policy.cases import CasesFile, Situation

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
