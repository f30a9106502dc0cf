"""Applies signed evidence to a client. The signed kind counts unless the observed kind is more restrictive. A TLS client
certificate proves the device alone, and the device's record has its kind."""

from dataclasses import replace

from mailgate.model import (
    Assurance,
    AttestationResult,
    CertificateResult,
    Client,
    Finding,
    Kind,
    Posture,
    Reason,
    Signal,
)
from mailgate.model.phrase import phrase

HANDHELD_KINDS = frozenset({Kind.PHONE, Kind.TABLET, Kind.MAIL_APP})
_FORM = {Kind.LAPTOP: "desktop", Kind.PHONE: "phone", Kind.TABLET: "tablet"}


def with_attestation(client: Client, proof: AttestationResult | None) -> Client:
    """The client after its attestation was verified. ``proof`` is None if it offered none.

    A refused attestation counts as none and leaves a finding. A signed laptop whose headers name a handheld stays the
    handheld, with a finding and no higher assurance. A device that only
    reports itself as a laptop counts as one if its headers say so too.
    """
    if proof is None:
        return client
    if proof.refused is not None:
        detail = f"{proof.refused}: {proof.detail}" if proof.detail else str(proof.refused)
        return replace(client, findings=(*client.findings, Finding(Reason.ATTESTATION_INVALID, detail)))
    if proof.kind is None:
        return client
    return with_known_kind(
        client,
        proof.kind,
        os=proof.os,
        os_version=proof.os_version,
        source="attestation",
        self_reported=proof.self_reported,
    )


def with_known_kind(
    client: Client, kind: Kind, *, os: str, os_version: str, source: str, self_reported: bool = False
) -> Client:
    """The client after a proof has shown its kind. ``source`` names the proof in signals and findings."""
    if kind is Kind.UNKNOWN:
        return client
    signed = _signed(client, kind, os, os_version, source)
    if not _disagree(client, kind):
        unproved = self_reported and kind is Kind.LAPTOP is not client.kind  # unknown is never a laptop
        return replace(client, signals=signed.signals) if unproved else signed
    detail = phrase(
        "the %(source)s says %(kind)s, the request says %(other)s",
        source=source,
        kind=kind,
        other=client.kind,
    )
    findings = (*client.findings, Finding(Reason.KIND_CONTRADICTED, detail))
    if kind is Kind.LAPTOP:
        return replace(client, signals=signed.signals, findings=findings)
    return replace(signed, findings=findings)


def with_device(client: Client, reported: Kind | None) -> Client:
    """The client after its device was found. A computer becomes a phone or tablet if the device's sources report it as one. A signed kind may
    be only the device's own word, so it does not prevent that. The reverse is never done."""
    if client.kind is not Kind.LAPTOP or reported not in HANDHELD_KINDS:
        return client
    detail = phrase(
        "the reports of this device say %(reported)s, the request says %(kind)s",
        reported=reported,
        kind=client.kind,
    )
    return replace(
        client,
        kind=reported,
        handheld=True,
        assurance=Assurance.CLAIMED,
        form=_FORM.get(reported, ""),
        findings=(*client.findings, Finding(Reason.KIND_CONTRADICTED, detail)),
    )


def _signed(client: Client, kind: Kind, os: str, os_version: str, source: str) -> Client:
    same_kind = kind is client.kind
    return replace(
        client,
        kind=kind,
        handheld=client.handheld if same_kind else kind in HANDHELD_KINDS,
        assurance=Assurance.ATTESTED,
        form=client.form if same_kind else _FORM.get(kind, ""),
        os=os or client.os,
        os_version=os_version if os else client.os_version,
        signals=(*client.signals, Signal(source, "kind", kind, kind)),
    )


def _disagree(client: Client, signed: Kind) -> bool:
    """Whether one side names a computer and the other side another device."""
    is_device = client.handheld or client.kind is Kind.OTHER
    return is_device if signed is Kind.LAPTOP else client.kind is Kind.LAPTOP


SOURCE = "certificate"


def with_certificate(client: Client, certificate: CertificateResult, device: Posture) -> Client:
    """The client after its certificate was checked. ``device`` is the posture stored under the names in it.

    A certificate says which device it is but not of what kind. If the device's record has a kind, that is ``attested``;
    otherwise the observed kind stays. A refused certificate counts as none and leaves a finding.
    """
    if certificate.refused is not None:
        detail = f"{certificate.refused}: {certificate.detail}"
        return replace(client, findings=(*client.findings, Finding(Reason.CERTIFICATE_INVALID, detail)))
    signals = [Signal(SOURCE, "x5t#S256", certificate.thumbprint)]
    signals += [Signal(SOURCE, kind, name) for kind, name in certificate.names]
    client = replace(client, signals=(*client.signals, *signals))
    if not device.device_id or device.kind is None:
        return client
    return with_known_kind(client, device.kind, os=device.os, os_version=device.os_version, source=SOURCE)
