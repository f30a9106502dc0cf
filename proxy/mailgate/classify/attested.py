"""What signed evidence makes of a client: the signed kind wins, unless what is seen is more restrictive."""

from dataclasses import replace

from mailgate.model import Assurance, AttestationResult, Client, Finding, Kind, Reason, Signal

_HANDHELD_KINDS = frozenset({Kind.PHONE, Kind.TABLET, Kind.MAIL_APP})
_FORM = {Kind.LAPTOP: "desktop", Kind.PHONE: "phone", Kind.TABLET: "tablet"}


def with_attestation(client: Client, proof: AttestationResult | None) -> Client:
    """The client after its attestation was verified (``None``: it offered none).

    A refused attestation is worth no more than none: it leaves a finding. A signed laptop whose headers name
    a handheld stays the handheld, with a finding and no higher assurance. A laptop that only reports itself as
    one is no better known for it.
    """
    if proof is None:
        return client
    if proof.refused is not None:
        detail = f"{proof.refused}: {proof.detail}" if proof.detail else str(proof.refused)
        return replace(client, findings=(*client.findings, Finding(Reason.ATTESTATION_INVALID, detail)))
    if proof.kind is None or proof.kind is Kind.UNKNOWN:
        return client
    signed = _signed(client, proof, proof.kind)
    if not _disagree(client, proof.kind):
        # a device that says so itself is worth no more than its headers, which say so too
        unproved = proof.self_reported and proof.kind is Kind.LAPTOP
        return replace(client, signals=signed.signals) if unproved else signed
    detail = f"the attestation says {proof.kind}, the request says {client.kind}"
    findings = (*client.findings, Finding(Reason.KIND_CONTRADICTED, detail))
    if proof.kind is Kind.LAPTOP:
        return replace(client, signals=signed.signals, findings=findings)
    return replace(signed, findings=findings)


def with_device(client: Client, reported: Kind | None) -> Client:
    """The client once it is known which device asks: a computer whose sources take it for a phone or tablet is one.

    The signed kind alone may be the device's own word; the other way round nothing is taken back.
    """
    if client.kind is not Kind.LAPTOP or reported not in _HANDHELD_KINDS:
        return client
    detail = f"the reports of this device say {reported}, the request says {client.kind}"
    return replace(
        client,
        kind=reported,
        handheld=True,
        assurance=Assurance.CLAIMED,
        form=_FORM.get(reported, ""),
        findings=(*client.findings, Finding(Reason.KIND_CONTRADICTED, detail)),
    )


def _signed(client: Client, proof: AttestationResult, kind: Kind) -> Client:
    same_kind = kind is client.kind
    return replace(
        client,
        kind=kind,
        handheld=client.handheld if same_kind else kind in _HANDHELD_KINDS,
        assurance=Assurance.ATTESTED,
        form=client.form if same_kind else _FORM.get(kind, ""),
        os=proof.os or client.os,
        os_version=proof.os_version if proof.os else client.os_version,
        signals=(*client.signals, Signal("attestation", "kind", kind, kind)),
    )


def _disagree(client: Client, signed: Kind) -> bool:
    """Whether one side names a computer and the other a device that is none."""
    is_device = client.handheld or client.kind is Kind.OTHER
    return is_device if signed is Kind.LAPTOP else client.kind is Kind.LAPTOP
