"""Which Android app may answer for its phone: the last steps of Android Key Attestation.

Android's system writes the app that made a key into the attestation (``attestationApplicationId``). Steps 1 to 12 of
`android_key` show that the maker's system runs behind a locked boot loader, and by that its word counts. Then these follow:

13. The system tells the app, in strict DER.
14. It is one package, since packages that share a user share their keys. It is the reporter.
15. It is not older than the company accepts.
16. Exactly the company's certificates have signed it.
17. The version of the attestation's format is known.
18. The system has the patches of the last months.

Source: source.android.com, "Key and ID attestation"; android/keyattestation, ``Extension.kt``.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from cryptography.hazmat import asn1

from mailgate.attest.errors import EvidenceRefusedError
from mailgate.attest.hardware import ExpectedApp
from mailgate.attest.key_description import DescriptionError, KeyDescription
from mailgate.attest.play_integrity import PlayIntegrity
from mailgate.model import AttestedApp, Reason

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
        """Do steps 14 to 18, at enrolment and again at each report, since what is accepted changes. Raises
        `EvidenceRefusedError`."""
        # 14. The package.
        if app.name != self.name:
            raise EvidenceRefusedError(Reason.EVIDENCE_APP_WRONG, "another app made the key")
        # 15. Its version.
        if app.version < self.min_version:
            expected = f"expected version {self.min_version} or newer"
            raise EvidenceRefusedError(Reason.EVIDENCE_APP_OUTDATED, expected)
        # 16. All that signed it.
        if frozenset(app.signers) != self.signers:
            raise EvidenceRefusedError(Reason.EVIDENCE_SIGNER_WRONG, "other certificates signed the app")
        # 17. The format.
        if app.schema not in self.schemas:
            raise EvidenceRefusedError(
                Reason.EVIDENCE_SCHEMA_UNKNOWN, f"attestationVersion {app.schema} is not accepted"
            )
        # 18. The patches.
        if self.patched_within is not None and not _is_patched(app.patch, now - self.patched_within):
            expected = f"expected patches of the last {self.patched_within.days} days"
            raise EvidenceRefusedError(Reason.EVIDENCE_PATCH_OLD, expected)


def _is_patched(level: int, since: datetime) -> bool:
    """Whether the month of this patch level began after ``since``. A level that is no month never did."""
    year, month = divmod(level, 100)
    if not (1 <= year <= 9999 and 1 <= month <= 12):
        return False
    return datetime(year, month, 1, tzinfo=UTC) >= since


def attested_app(told: KeyDescription, form: str, serials: tuple[str, ...]) -> AttestedApp:
    """Step 13, and the half of step 14 that no setting changes. Raises `EvidenceRefusedError`."""
    # 13. The system tells the app.
    if told.application is None:
        raise EvidenceRefusedError(
            Reason.EVIDENCE_APP_MISSING, "expected attestationApplicationId in softwareEnforced"
        )
    try:
        packages, signers = read_application(told.application)
    except DescriptionError as error:
        raise EvidenceRefusedError(Reason.EVIDENCE_MALFORMED, str(error)) from error
    # 14. One package.
    if len(packages) != 1:
        raise EvidenceRefusedError(Reason.EVIDENCE_APP_SHARED, "expected one package")
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
    """The versions of the packages by their names, and the sorted digests of their certificates in hex.

    :raises DescriptionError: for anything but one ``AttestationApplicationId`` in DER.
    """
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
