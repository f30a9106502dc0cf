"""Puts a decision into the records, the metrics and the log."""

from dataclasses import dataclass
from typing import Protocol

import structlog

from mailgate.gateway.http1.exchange import Exchange
from mailgate.gateway.logs import is_debugging
from mailgate.gateway.metrics import Metrics
from mailgate.gateway.reference import References
from mailgate.model import (
    Access,
    AttestationResult,
    CertificateResult,
    Client,
    Decision,
    DecisionSummary,
    Effect,
    Reason,
)
from mailgate.store.ledger import RepeatCounter

log = structlog.get_logger()


class Ledger(Protocol):
    """The record of decisions (``store/ledger.py``)."""

    def record(self, access: Access, decision: Decision, reference: str = "") -> None: ...

    def recurring(self, access: Access, decision: Decision) -> RepeatCounter | None: ...


@dataclass(frozen=True, slots=True)
class Recorder:
    """Writes every record of a decision."""

    ledger: Ledger
    metrics: Metrics
    references: References

    def record(self, exchange: Exchange, access: Access, decision: Decision) -> None:
        """Record a decision that is about to be carried out."""
        exchange.judged = DecisionSummary.of(access, decision)
        refused = decision.effect is not Effect.ALLOW
        reference = self.references.of(exchange) if refused or is_debugging() else ""
        self.ledger.record(access, decision, reference if refused else "")
        note(self.metrics, access, decision, reference)


def note(metrics: Metrics, access: Access, decision: Decision, reference: str) -> None:
    """Count and log one decision."""
    client = access.client
    metrics.count(decision.effect, decision.reason, client.kind)
    if decision.effect is not Effect.ALLOW:
        metrics.refusals.add((decision.rule, decision.effect, decision.reason))
    for trial in decision.would:
        metrics.would.labels(trial.rule, trial.effect or "").inc()
    if access.attestation is not None:
        metrics.attestations.labels(_attestation_outcome(access.attestation)).inc()
    if access.certificate is not None:
        metrics.certificates.labels(_attestation_outcome(access.certificate)).inc()
    if client.findings:
        _count_findings(metrics, client)
    if decision.effect is Effect.ALLOW and not is_debugging():
        return
    write = log.debug if decision.effect is Effect.ALLOW else log.info
    write(
        "decided",
        reference=reference,
        effect=decision.effect,
        reason=decision.reason,
        rule=decision.rule,
        would=[trial.rule for trial in decision.would],
        kind=client.kind,
        assurance=client.assurance,
        protocol=client.protocol,
        posture=access.posture.state,
        attestation=_attestation_outcome(access.attestation),
        certificate=_attestation_outcome(access.certificate),
        findings=[finding.reason for finding in client.findings],
        policy=decision.policy_version,
    )


def _count_findings(metrics: Metrics, client: Client) -> None:
    if client.contradicted:
        metrics.contradictions.inc()
    if any(finding.reason is Reason.TWO_DEVICES for finding in client.findings):
        metrics.two_devices.inc()


def _attestation_outcome(result: AttestationResult | CertificateResult | None) -> str:
    return "none" if result is None else result.refused or "accepted"
