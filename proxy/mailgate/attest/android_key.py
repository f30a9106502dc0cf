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

If the key has to be that of an app that answers for its device, these follow, and those of `play_integrity` where the company asks for
its word. Android's system writes the app that made a key into the attestation (``attestationApplicationId``), and by the steps above
that word counts:

13. The system tells the app, in strict DER.
14. It is one package, since packages that share a user share their keys. It is the reporter.
15. It is not older than the company accepts.
16. Exactly the company's certificates have signed it.
17. The version of the attestation's format is known.
18. The system has the patches of the last months.

The steps about the app are those of android/keyattestation, ``Extension.kt``.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from cryptography.hazmat import asn1

from mailgate.attest import Refused
from mailgate.attest.hardware import (
    ExpectedApp,
    ExpectedEvidence,
    Roots,
    serials_of,
    thumbprint_of,
    values_of,
)
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
from mailgate.attest.play_integrity import PlayIntegrity
from mailgate.model import AttestedApp, HardwareResult, Reason

FORMAT = "android-key"
_HARDWARE = {TEE: "tee", STRONGBOX: "strongbox"}


def verify_android_key(chain: Sequence[bytes], roots: Roots, expected: ExpectedEvidence) -> HardwareResult:
    """Verify a chain, and return what it proves. Certificates are in DER, the leaf first. Raises `Refused`."""
    # 1. to 5.
    leaf, *above = roots.verified(chain, expected.now)
    # 6. The extension is in the leaf and nowhere else.
    if any(values_of(each, [OID]) for each in above):
        raise Refused(Reason.EVIDENCE_CHAIN_EXTENDED, "only the leaf may have the attestation extension")
    extension = values_of(leaf, [OID])
    if not extension:
        raise Refused(Reason.EVIDENCE_EXTENSION_MISSING, f"expected the extension {OID.dotted_string}")
    # 7. The statements about the key.
    try:
        told = read_description(extension[OID.dotted_string])
    except DescriptionError as error:
        raise Refused(Reason.EVIDENCE_MALFORMED, str(error)) from error
    # 8. and 9. About this enrolment.
    if told.challenge != expected.challenge:
        raise Refused(Reason.EVIDENCE_CHALLENGE_WRONG, "expected the gate's nonce as attestationChallenge")
    if thumbprint_of(leaf) != expected.thumbprint:
        raise Refused(Reason.EVIDENCE_KEY_MISMATCH, "the attested key is not the one that enrols")
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
        raise Refused(Reason.EVIDENCE_SOFTWARE_ONLY, "expected a key in a TEE or a StrongBox")
    if told.origin != GENERATED:
        raise Refused(Reason.EVIDENCE_KEY_IMPORTED, "expected a key that was made in the hardware")
    root = told.root_of_trust
    if root is None:
        raise Refused(Reason.EVIDENCE_BOOT_UNVERIFIED, "expected a RootOfTrust")
    if not root.locked:
        raise Refused(Reason.EVIDENCE_UNLOCKED, "the boot loader is not locked")
    if root.boot_state != VERIFIED:
        raise Refused(Reason.EVIDENCE_BOOT_UNVERIFIED, "the system is not signed by the device's maker")


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


KNOWN_SCHEMAS = frozenset({2, 3, 4, 100, 200, 300, 400, 500})
"""The versions of the format that tell the app: Keymaster 3 to 4.1 and KeyMint 1 to 5."""
_DIGEST_BYTES, _MAX_NAME = 32, 255


@dataclass(frozen=True, slots=True)
class AndroidApp(ExpectedApp):
    """The reporter on Android, and what a phone needs so that it is believed. ``name`` is its package."""

    signers: frozenset[str]
    """The SHA-256 of every certificate that signs it, in hex. With Play App Signing they are Google's."""
    min_version: int = 0
    """The lowest version code that is believed."""
    schemas: frozenset[int] = KNOWN_SCHEMAS
    patched_within: timedelta | None = None
    """How long ago the month of the patch level may have begun; None if any patch level will do."""
    integrity: PlayIntegrity | None = None
    """What Play Integrity must say when a key enrols; None if it is not asked."""

    def check(self, app: AttestedApp, now: datetime) -> None:
        """Do steps 14 to 18, at enrolment and at each report, since what is accepted changes. Raises `Refused`."""
        # 14. The package.
        if app.name != self.name:
            raise Refused(Reason.EVIDENCE_APP_WRONG, "another app made the key")
        # 15. Its version.
        if app.version < self.min_version:
            expected = f"expected version {self.min_version} or newer"
            raise Refused(Reason.EVIDENCE_APP_OUTDATED, expected)
        # 16. All that signed it.
        if frozenset(app.signers) != self.signers:
            raise Refused(Reason.EVIDENCE_SIGNER_WRONG, "other certificates signed the app")
        # 17. The format.
        if app.schema not in self.schemas:
            raise Refused(Reason.EVIDENCE_SCHEMA_UNKNOWN, f"attestationVersion {app.schema} is not accepted")
        # 18. The patches.
        if self.patched_within is not None and not _is_patched(app.patch, now - self.patched_within):
            expected = f"expected patches of the last {self.patched_within.days} days"
            raise Refused(Reason.EVIDENCE_PATCH_OLD, expected)


def _is_patched(level: int, since: datetime) -> bool:
    """Whether the month of this patch level began after ``since``. A level that is no month never did."""
    year, month = divmod(level, 100)
    if not (1 <= year <= 9999 and 1 <= month <= 12):
        return False
    return datetime(year, month, 1, tzinfo=UTC) >= since


def attested_app(told: KeyDescription, form: str, serials: tuple[str, ...]) -> AttestedApp:
    """Step 13, and the half of step 14 that no setting changes. Raises `Refused`."""
    # 13. The system tells the app.
    if told.application is None:
        raise Refused(Reason.EVIDENCE_APP_MISSING, "expected attestationApplicationId in softwareEnforced")
    try:
        packages, signers = read_application(told.application)
    except DescriptionError as error:
        raise Refused(Reason.EVIDENCE_MALFORMED, str(error)) from error
    # 14. One package.
    if len(packages) != 1:
        raise Refused(Reason.EVIDENCE_APP_SHARED, "expected one package")
    ((name, version),) = packages.items()
    return AttestedApp(form, name, signers, version, schema=told.schema, patch=told.os_patch, serials=serials)


@asn1.sequence
class _Package:
    name: bytes
    version: int


@asn1.sequence
class _Application:
    packages: asn1.SetOf[_Package]
    signers: asn1.SetOf[bytes]


def read_application(data: bytes) -> tuple[Mapping[str, int], tuple[str, ...]]:
    """The versions of the packages by name, and the sorted digests of their certificates in hex. Raises `DescriptionError`."""
    try:
        read = asn1.decode_der(_Application, data)
        whole = asn1.encode_der(read) == data
        told = [(each.name.decode("ascii"), each.version) for each in read.packages.as_list()]
        signers = read.signers.as_list()
    except ValueError as error:
        raise DescriptionError("expected an AttestationApplicationId in DER") from error
    packages = dict(told)
    named = all(name.isprintable() and 0 < len(name) <= _MAX_NAME for name in packages)
    digests = all(len(each) == _DIGEST_BYTES for each in signers) and len({*signers}) == len(signers)
    if not (whole and named and digests and len(packages) == len(told)):
        raise DescriptionError("expected an AttestationApplicationId in DER")
    return packages, tuple(sorted(each.hex() for each in signers))
