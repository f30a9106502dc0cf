"""Proof: from signed headers to an `AttestationResult` (RFC 9334). ``docs/attestation.md`` describes the wire protocol."""
