"""Verifies hardware evidence of every format through one function and one table of formats.

A device's own statements prove nothing. Its maker's statements, signed by keys that only real hardware holds, are proof: that
the key lives in that hardware, that the system was started as the maker intended, and that the serial number is right.
"""

from base64 import b64decode
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

from mailgate.attest import Refused, android_key, app_attest, apple_device
from mailgate.attest.hardware import ExpectedEvidence, Roots
from mailgate.model import HardwareResult, Reason

Verify = Callable[[Sequence[bytes], Roots, ExpectedEvidence], HardwareResult]

FORMATS: Mapping[str, Verify] = {
    android_key.FORMAT: android_key.verify_android_key,
    apple_device.FORMAT: apple_device.verify_apple_device,
    app_attest.FORMAT: app_attest.verify_app_attest,
}

_MEMBERS = {"format", "chain", "nonce", "play_integrity"}


class Evidence(NamedTuple):
    """Evidence as it was sent: a format, and certificates in DER, the leaf first. App Attest's own object stands in their place."""

    format: str
    chain: tuple[bytes, ...]
    nonce: str = ""
    """The challenge for which it claims to be made."""
    integrity: str = ""
    """A token of Play Integrity beside it (`play_integrity`), which counts only where one is asked for."""


def read_evidence(said: object) -> Evidence:
    """Read ``{"format": …, "chain": [base64 of DER, …], "nonce": …, "play_integrity": …}``, the last two optional. Raises `Refused`."""
    try:
        members = said if isinstance(said, dict) else {}
        name, chain = members["format"], members["chain"]
        more = [members.get(each, "") for each in ("nonce", "play_integrity")]
        texts = all(isinstance(each, str) for each in (name, *more))
        if not members.keys() <= _MEMBERS or not texts or not isinstance(chain, list):
            raise ValueError
        return Evidence(name, tuple(b64decode(each, validate=True) for each in chain), *more)
    except (KeyError, TypeError, ValueError):
        raise Refused(
            Reason.EVIDENCE_MALFORMED, 'expected {"format": "…", "chain": ["base64 of DER", …], "nonce": "…"}'
        ) from None


def verify_evidence(
    evidence: Evidence, roots: Mapping[str, Roots], expected: ExpectedEvidence
) -> HardwareResult:
    """Verify this evidence by the roots of its format, and return what it proves. Never raises on input."""
    name, chain, *_ = evidence
    try:
        if name not in FORMATS or name not in roots:
            raise Refused(
                Reason.EVIDENCE_FORMAT_UNKNOWN, f"expected one of {', '.join(sorted(roots)) or 'none'}"
            )
        return FORMATS[name](chain, roots[name], expected)
    except Refused as refusal:
        return HardwareResult(name, refused=refusal.reason, detail=refusal.detail)
    except Exception as error:  # noqa: BLE001 - any error of a parser is a fault of the input
        detail = f"cannot be read ({type(error).__name__})"
        return HardwareResult(name, refused=Reason.EVIDENCE_MALFORMED, detail=detail)
