"""Runs the cases of ``policy.tests.yaml`` through the functions that decide real requests."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from mailgate.classify import classify, with_attestation, with_device
from mailgate.classify.attestation import with_certificate
from mailgate.model import Access, AttestationResult, Client, Decision, RequestFacts
from mailgate.policy.cases import Case, CasesFile, Situation, differences
from mailgate.policy.decide import decide
from mailgate.policy.rules import Policy


@dataclass(frozen=True, slots=True)
class CaseResult:
    """The result of one case."""

    case: Case
    access: Access
    decision: Decision
    wrong: dict[str, tuple[Any, Any]]
    """The expected and the actual value, for each field that differs; empty if the case holds."""


def decide_situation(situation: Situation, policy: Policy, now: datetime) -> tuple[Access, Decision]:
    """The access that a situation describes, and the decision on it. ``now`` is used if the situation has no time."""
    access = situation.access(policy.catalog, _client, now)
    if access.certificate is not None:
        access = replace(access, client=with_certificate(access.client, access.certificate, access.posture))
    access = replace(access, client=with_device(access.client, access.posture.kind))
    return access, decide(access, policy)


def _client(facts: RequestFacts, proof: AttestationResult | None) -> Client:
    return with_attestation(classify(facts), proof)


def run_cases(cases: CasesFile, policy: Policy, now: datetime) -> Iterator[CaseResult]:
    """The results of all cases in order, including those that hold."""
    for case in cases.tests:
        access, decision = decide_situation(case, policy, cases.now or now)
        yield CaseResult(case, access, decision, differences(case.expect, access.client, decision))
