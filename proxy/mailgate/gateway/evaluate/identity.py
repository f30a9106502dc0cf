"""Finds out the device of a request, by its attestation or ActiveSync id and by its TLS client certificate."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from datetime import datetime

from mailgate.attest.client_certs import CertificateVerifier
from mailgate.classify.attestation import with_certificate
from mailgate.devices.names import user_text
from mailgate.devices.posture import against, strictest
from mailgate.model import (
    FOUND_BESIDE,
    AttestationResult,
    CertificateResult,
    Client,
    Posture,
    PostureState,
    Reason,
)

PostureByName = Callable[[Client, AttestationResult | None, datetime], Awaitable[Posture]]
"""Returns the posture of the device that a proof or an ActiveSync id names (``Postures.current``,
``Postures.latest``)."""
PostureByCertificate = Callable[[CertificateResult, datetime], Awaitable[Posture]]
"""Returns the posture of the device that a certificate names (``Postures.certified``)."""


def certificate_result(
    certificates: CertificateVerifier | None, came: tuple[bytes, ...] | CertificateResult, now: datetime
) -> CertificateResult | None:
    """Verify the client's certificates. Returns None if the client sent none, or if the gate accepts none."""
    if isinstance(came, CertificateResult):
        return came
    return certificates.verify(came, now) if certificates is not None and came else None


def still_bound(
    proof: AttestationResult | None, before: CertificateResult | None, now: CertificateResult | None
) -> AttestationResult | None:
    """The proof after its certificate was checked again: one that is bound to a certificate that counts no more proves nothing."""
    bound = proof is not None and before is not None and proof.key_thumbprint == before.thumbprint != ""
    if not bound or (now is not None and now.refused is None):
        return proof
    return AttestationResult(
        refused=Reason.PROOF_MISSING, detail="the token's certificate is no longer accepted"
    )


def with_earlier_facts(before: Client, client: Client) -> Client:
    """The client of a running request with what was known of it before: the findings about places, which are looked for only
    when a request comes, and that it proved to be a handheld."""
    found = [finding for finding in before.findings if finding.reason is Reason.KEY_IN_TWO_PLACES]
    if before.handheld and not client.handheld:
        client = replace(client, kind=before.kind, handheld=True)
    return replace(client, findings=(*client.findings, *found)) if found else client


async def identify(
    seen: Client,
    proof: AttestationResult | None,
    certificate: CertificateResult | None,
    now: datetime,
    *,
    logins: Sequence[str] = (),
    named: PostureByName,
    certified: PostureByCertificate,
) -> tuple[Client, Posture, CertificateResult | None]:
    """The client with what its certificate says, the posture of the device, and what the certificate is worth.

    A certificate is the stronger name, since anybody can send an ActiveSync id. If the two name different devices, that
    is a finding, and the more restrictive posture is used. A certificate of an unknown device
    does not change the posture. If the store cannot be asked about the certificate, the posture is ``unavailable``, unless
    the request names another device. ``logins`` are the persons whom the request names: if the device is another's, or the
    certificate was issued for another, the certificate is refused and only what speaks against the device counts.
    """
    posture = await named(seen, proof, now)
    if certificate is None:
        return seen, posture, None
    own = Posture() if certificate.refused else await certified(certificate, now)
    if is_of_another(logins, own.owner, certificate.persons):
        found = FOUND_BESIDE[Reason.DEVICE_OF_ANOTHER]
        refused = CertificateResult(refused=found.reason, detail=found.detail)
        client = with_certificate(seen, refused, own)
        known = strictest((posture, against(own))) if posture.device_id else against(own)
        return replace(client, findings=(*client.findings, found)), known, refused
    client = with_certificate(seen, certificate, own)
    if not own.device_id:
        lost = own.state is PostureState.UNAVAILABLE and not posture.device_id
        return client, own if lost else posture, certificate
    if posture.device_id in ("", own.device_id):
        return client, own, certificate
    found = FOUND_BESIDE[Reason.TWO_DEVICES]
    return replace(client, findings=(*client.findings, found)), strictest((own, posture)), certificate


def is_of_another(logins: Sequence[str], owner: str, persons: Sequence[str] = ()) -> bool:
    """Whether one of these logins is surely not the owner of a device, or none of ``persons``. Nobody is another where nothing
    is known."""
    owners, issued_for = {user_text(owner)} - {""}, set(map(user_text, persons))
    return any(who and user_text(each) not in who for each in logins for who in (owners, issued_for))
