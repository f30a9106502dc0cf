"""Signed reports of a device management and proofs of a device, for the tests of a running gate."""

from datetime import UTC, datetime, timedelta
from uuid import uuid4

from mailgate.attest.mint import (
    TEST_ISSUER,
    AttestedDevice,
    Issue,
    claims,
    read_private_key,
    sign_proof,
    sign_token,
)


def signed_report(device: AttestedDevice, *, audience: str, issuer_key: str, device_key: str) -> str:
    """A newly signed token on a device."""
    issue = Issue(TEST_ISSUER, audience, uuid4().hex, datetime.now(UTC))
    return sign_token(claims(device, issue, read_private_key(device_key)), read_private_key(issuer_key))


def attestation_headers(
    token: str, *, device_key: str, method: str, url: str, ahead: timedelta = timedelta()
) -> dict[str, str]:
    """The headers that send a token with one request. ``ahead``: how far the device's clock is ahead."""
    key = read_private_key(device_key)
    proof = sign_proof(token, key, method=method, url=url, jti=uuid4().hex, now=datetime.now(UTC) + ahead)
    return {"Device-Attestation": token, "DPoP": proof}
