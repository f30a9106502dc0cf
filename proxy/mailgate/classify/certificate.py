"""Applies a TLS client certificate to a client. It proves the device, and the device's record has its kind."""

from dataclasses import replace

from mailgate.classify.attestation import with_known_kind
from mailgate.model import CertificateResult, Client, Finding, Posture, Reason, Signal

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
