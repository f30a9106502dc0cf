"""The settings of reporters: apps of the company's on phones that answer which listed apps are beside them."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Annotated, Literal, Self

from joserfc.errors import JoseError
from pydantic import BeforeValidator, Field, StringConstraints, model_validator

from mailgate.attest import android_key, app_attest
from mailgate.attest.android_key import KNOWN_SCHEMAS, AndroidApp
from mailgate.attest.app_attest import CATEGORIES, AppleApp
from mailgate.attest.hardware import ExpectedApp
from mailgate.attest.play_integrity import PlayIntegrity, read_keys
from mailgate.attest.report import Reporters
from mailgate.config.references import MissingSecret, Secret
from mailgate.config.values import Duration
from mailgate.model.phrase import wrong_value
from mailgate.policy.written import Identifier, Strict


def _without_colons(value: object) -> object:
    return value.replace(":", "").lower() if isinstance(value, str) else value


Digest = Annotated[str, BeforeValidator(_without_colons), StringConstraints(pattern=r"^[0-9a-f]{64}$")]
"""A SHA-256 in hex, with or without colons, as ``apksigner`` and the Play Console print it."""


class PlayIntegritySettings(Strict):
    """Play Integrity as a second word about the app and its phone when it enrols."""

    decryption_key: Secret
    """The key with which tokens are decrypted, in base64 as the Play Console gives it for classic requests with keys of one's own."""
    verification_key: Secret
    """The public key by which Google's signature is verified, given with it."""
    device: Literal["device", "strong"] = "device"
    """The verdict about the phone that is needed: ``MEETS_DEVICE_INTEGRITY`` or ``MEETS_STRONG_INTEGRITY``."""
    play_protect: tuple[Literal["no-issues", "no-data", "possible-risk", "medium-risk"], ...] = ()
    """The verdicts of Play Protect that are accepted; it is not asked if left out."""

    def expected(self) -> PlayIntegrity:
        """What a token must say."""
        keys = (self.decryption_key.get_secret_value(), self.verification_key.get_secret_value())
        protect = tuple(each.upper().replace("-", "_") for each in self.play_protect)
        return PlayIntegrity(*read_keys(*keys), f"MEETS_{self.device.upper()}_INTEGRITY", protect)

    @model_validator(mode="after")
    def _keys_can_be_read(self) -> Self:
        if any(isinstance(each, MissingSecret) for each in (self.decryption_key, self.verification_key)):
            return self
        try:
            self.expected()
        except (ValueError, JoseError):
            message = "these are no keys of Play Integrity; use base64 of 32 bytes, and of a public key on P-256 in DER"
            raise wrong_value("secret", message) from None
        return self


class AndroidReporterSettings(Strict):
    """The reporter on Android. It needs `attestation.hardware.android_key`."""

    package: Identifier
    """Its package name, exactly."""
    signers: tuple[Digest, ...] = Field(min_length=1, max_length=10)
    """The SHA-256 of every certificate that signs it. With Play App Signing that is Google's key for it, not the upload key."""
    unseen_profiles: Literal["partial", "accept"]
    """What it is worth that an app sees no private space, no second user and no clone of an app: with ``partial`` its answers make no
    phone clean, with ``accept`` they do, and the company knows that."""
    min_version: int = Field(default=0, ge=0)
    """The lowest version code that is believed. A phone with an older one has to enrol again after its update."""
    schemas: tuple[int, ...] = Field(default=(), max_length=20)
    """Versions of the attestation's format that are accepted beside those known."""
    patched_within: Duration | None = None
    """How long ago the month of the system's patch level may have begun; any patch level will do if left out."""
    play_integrity: PlayIntegritySettings | None = None
    """What Play Integrity must say besides when a phone enrols; it is not asked if left out."""

    def expected(self) -> AndroidApp:
        """The app as it is checked."""
        return AndroidApp(
            self.package,
            frozenset(self.signers),
            self.min_version,
            KNOWN_SCHEMAS | {*self.schemas},
            self.patched_within,
            self.play_integrity.expected() if self.play_integrity else None,
        )


class IosReporterSettings(Strict):
    """The app on iOS that proves which phone it is on. It needs `attestation.hardware.app_attest`."""

    app: Annotated[str, StringConstraints(pattern=r"^[A-Z0-9]{10}\.[A-Za-z0-9.-]+$", max_length=255)]
    """Team and bundle id, like ``ABCDE12345.com.example.reporter``."""
    environment: Literal["production", "development"] = "production"
    distributed: tuple[Literal["app-store", "enterprise", "testflight", "development"], ...] = Field(
        default=("app-store",), min_length=1
    )
    """The ways in which it may have come to the phone. iOS 27 and newer tells it."""
    distribution_told: bool = False
    """Whether a phone must tell it, so that older systems are refused."""

    def expected(self) -> AppleApp:
        """The app as it is checked."""
        ways = frozenset(CATEGORIES[each] for each in self.distributed)
        return AppleApp(self.app, self.environment, ways, self.distribution_told)


class ReporterSettings(Strict):
    """The reporters, by system."""

    android: AndroidReporterSettings | None = None
    ios: IosReporterSettings | None = None
    max_age: Annotated[Duration, Field(ge=timedelta(minutes=30))] | None = None
    """How old its answers may be, with the ten minutes for which they may have been held back; ``posture.max_age`` if left out."""

    def expected(self) -> Reporters:
        """The reporters as they are checked."""
        return Reporters(dict(self._apps()), bool(self.android and self.android.unseen_profiles == "accept"))

    def _apps(self) -> Iterator[tuple[str, ExpectedApp]]:
        if self.android:
            yield android_key.FORMAT, self.android.expected()
        if self.ios:
            yield app_attest.FORMAT, self.ios.expected()
