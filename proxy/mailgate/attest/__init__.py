"""Proof: from signed headers to an `AttestationResult` (RFC 9334). ``docs/attestation.md`` describes the wire protocol."""

from mailgate.attest.client_certs import CertificateVerifier
from mailgate.attest.keys import KeySet, KeySetError, parse_jwks
from mailgate.attest.sealing import Nonce, NonceOrigin, Nonces
from mailgate.attest.verifier import ReplayGuard, SpendResult, SpentProof, Verdict, Verifier

__all__ = [
    "CertificateVerifier",
    "KeySet",
    "KeySetError",
    "Nonce",
    "NonceOrigin",
    "Nonces",
    "ReplayGuard",
    "SpendResult",
    "SpentProof",
    "Verdict",
    "Verifier",
    "parse_jwks",
]
