"""Proof: from signed headers to an `AttestationResult` (RFC 9334). The wire protocol is ``docs/attestation.md``.

One format a file: `passport` is the ``Device-Attestation`` token, `dpop` the proof of its key, `ear` the
issuer's verdict; `keys` are the trust anchors, `nonces` the gate's mark in a proof, `replay` the memory of spent
proofs, `mint` makes tokens. `client_certs` checks TLS client certificates, with their `cert_names` and their
`revocation`; `evidence` is the table of what hardware vouches for (`android_key`, `apple_device`). `chain` is what both
need of a path to a root.
"""

from mailgate.attest.client_certs import CertificateVerifier
from mailgate.attest.keys import KeySet, KeySetError, parse_jwks
from mailgate.attest.nonces import Nonce, Nonces, Sort
from mailgate.attest.replay import MemoryReplayGuard, ReplayGuard, Spending
from mailgate.attest.verifier import Spent, Verdict, Verifier

__all__ = [
    "CertificateVerifier",
    "KeySet",
    "KeySetError",
    "MemoryReplayGuard",
    "Nonce",
    "Nonces",
    "ReplayGuard",
    "Sort",
    "Spending",
    "Spent",
    "Verdict",
    "Verifier",
    "parse_jwks",
]
