"""One decision in the numbers and in the log."""

import logging

import structlog

from mailgate.gateway.metrics import Metrics
from mailgate.model import Access, AttestationResult, CertificateResult, Decision, Effect, Reason

log = structlog.get_logger()


def note(metrics: Metrics, access: Access, decision: Decision, reference: str) -> None:
    """Count and log one decision."""
    client = access.client
    attestation, certificate = _came_of(access.attestation), _came_of(access.certificate)
    metrics.count(decision.effect, decision.reason, client.kind)
    for trial in decision.would:
        metrics.would.labels(trial.rule, trial.effect or "").inc()
    if access.attestation is not None:
        metrics.attestations.labels(attestation).inc()
    if access.certificate is not None:
        metrics.certificates.labels(certificate).inc()
    if client.contradicted:
        metrics.contradictions.inc()
    if any(finding.reason is Reason.TWO_DEVICES for finding in client.findings):
        metrics.two_devices.inc()
    allowed = decision.effect is Effect.ALLOW
    if allowed and not log.is_enabled_for(logging.DEBUG):  # spares most requests what nobody reads
        return
    write = log.debug if allowed else log.info
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
        attestation=attestation,
        certificate=certificate,
        findings=[finding.reason for finding in client.findings],
        policy=decision.policy_version,
    )


def _came_of(result: AttestationResult | CertificateResult | None) -> str:
    return "none" if result is None else result.refused or "accepted"
