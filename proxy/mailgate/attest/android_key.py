"""Verifies Android Key Attestation: a chain of certificates that a device's secure hardware made for one of its keys.

Source: source.android.com, "Key and ID attestation", and developer.android.com, "Verify hardware-backed key pairs".
Steps 1 to 5 are those of `hardware`, and then these follow. The first that fails decides:

6.  The leaf has the extension, and no certificate above it has one. The holder of an attested key can sign a certificate
    with any content, so only the extension nearest to the root comes from the hardware.
7.  The extension is a ``KeyDescription``.
8.  Its challenge is the gate's.
9.  The leaf's key is the key that enrols.
10. The secure hardware made the attestation, and it holds the key.
11. The key was generated there and not imported.
12. The boot loader is locked, and it started a system that the device's maker has signed.

If the key has to be that of an app that answers for its device, the steps of `android_app` follow, and those of `play_integrity` where the
company asks for its word.
"""

from collections.abc import Sequence
from dataclasses import replace

from mailgate.attest.android_app import AndroidApp, attested_app
from mailgate.attest.errors import EvidenceRefusedError
from mailgate.attest.hardware import ExpectedEvidence, Roots, serials_of, thumbprint_of, values_of
from mailgate.attest.key_description import (
    GENERATED,
    OID,
    STRONGBOX,
    TEE,
    VERIFIED,
    DescriptionError,
    KeyDescription,
    read_description,
)
from mailgate.model import HardwareResult, Reason

FORMAT = "android-key"
_HARDWARE = {TEE: "tee", STRONGBOX: "strongbox"}


def verify_android_key(chain: Sequence[bytes], roots: Roots, expected: ExpectedEvidence) -> HardwareResult:
    """Verify a chain, and return what it proves. Certificates are in DER, the leaf first. Raises `EvidenceRefusedError`."""
    # 1. to 5.
    leaf, *above = roots.verified(chain, expected.now)
    # 6. The extension is in the leaf and nowhere else.
    if any(values_of(each, [OID]) for each in above):
        raise EvidenceRefusedError(
            Reason.EVIDENCE_CHAIN_EXTENDED, "only the leaf may have the attestation extension"
        )
    extension = values_of(leaf, [OID])
    if not extension:
        raise EvidenceRefusedError(
            Reason.EVIDENCE_EXTENSION_MISSING, f"expected the extension {OID.dotted_string}"
        )
    # 7. The statements about the key.
    try:
        told = read_description(extension[OID.dotted_string])
    except DescriptionError as error:
        raise EvidenceRefusedError(Reason.EVIDENCE_MALFORMED, str(error)) from error
    # 8. and 9. About this enrolment.
    if told.challenge != expected.challenge:
        raise EvidenceRefusedError(
            Reason.EVIDENCE_CHALLENGE_WRONG, "expected the gate's nonce as attestationChallenge"
        )
    if thumbprint_of(leaf) != expected.thumbprint:
        raise EvidenceRefusedError(
            Reason.EVIDENCE_KEY_MISMATCH, "the attested key is not the one that enrols"
        )
    # 10. to 12. The hardware may be believed.
    _check_hardware(told)
    if expected.app is None:
        return _result(told)
    # 13. to 18. The app that holds the key.
    app = attested_app(told, FORMAT, serials_of((leaf, *above)))
    expected.app.check(app, expected.now)
    # 19. to 24. A second word about both.
    if isinstance(expected.app, AndroidApp) and expected.app.integrity is not None:
        expected.app.integrity.check(app, expected)
    return replace(_result(told), app=app)


def _check_hardware(told: KeyDescription) -> None:
    if told.level not in _HARDWARE:
        raise EvidenceRefusedError(Reason.EVIDENCE_SOFTWARE_ONLY, "expected a key in a TEE or a StrongBox")
    if told.origin != GENERATED:
        raise EvidenceRefusedError(
            Reason.EVIDENCE_KEY_IMPORTED, "expected a key that was made in the hardware"
        )
    root = told.root_of_trust
    if root is None:
        raise EvidenceRefusedError(Reason.EVIDENCE_BOOT_UNVERIFIED, "expected a RootOfTrust")
    if not root.locked:
        raise EvidenceRefusedError(Reason.EVIDENCE_UNLOCKED, "the boot loader is not locked")
    if root.boot_state != VERIFIED:
        raise EvidenceRefusedError(
            Reason.EVIDENCE_BOOT_UNVERIFIED, "the system is not signed by the device's maker"
        )


def _result(told: KeyDescription) -> HardwareResult:
    patches = (("vendor_patch", told.vendor_patch), ("boot_patch", told.boot_patch))
    claims = [("model", told.model), *((name, _month(level)) for name, level in patches)]
    return HardwareResult(
        FORMAT,
        hardware=_HARDWARE[told.level],
        os="android",
        os_version=_version(told.os_version),
        patch_level=_month(told.os_patch),
        serial=told.serial,
        claims=tuple((name, value) for name, value in claims if value),
    )


def _version(number: int) -> str:
    """The version as text, like ``14.0.1`` for 140001. Minor and patch have two digits each."""
    return f"{number // 10_000}.{number // 100 % 100}.{number % 100}" if number else ""


def _month(level: int) -> str:
    """The patch level as text: ``2026-11`` for 202611 and ``2026-11-05`` for 20261105. Empty for anything else."""
    text = str(level)
    if len(text) not in (6, 8):
        return ""
    return "-".join(part for part in (text[:4], text[4:6], text[6:]) if part)
