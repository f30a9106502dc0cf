"""Proof: from signed headers to an `AttestationResult` (RFC 9334). ``docs/attestation.md`` describes the wire protocol.

Each format has a file: `passport` reads the ``Device-Attestation`` token, `dpop` the proof of its key, and `ear` the
issuer's verdict. `keys` has the trust anchors, `nonces` the gate's mark in a proof, and `replay` the memory of spent
proofs; `mint` makes tokens. `client_certs` checks TLS client certificates with their `cert_names` and their
`revocation`. `evidence` has the formats of hardware evidence (`android_key`, `apple_device`), and `play_integrity` a
second word beside it. `chain` finds the path to a root for both.
"""

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
