"""The settings of reporters: apps of the company's on phones that answer which listed apps are beside them."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, StringConstraints

from mailgate.attest import android_key, app_attest
from mailgate.attest.android_app import KNOWN_SCHEMAS, AndroidApp
from mailgate.attest.answers import Reporters
from mailgate.attest.app_attest import CATEGORIES, AppleApp
from mailgate.attest.hardware import ExpectedApp
from mailgate.config.values import Duration
from mailgate.policy.apps import Identifier, Strict


def _without_colons(value: object) -> object:
    return value.replace(":", "").lower() if isinstance(value, str) else value


Digest = Annotated[str, BeforeValidator(_without_colons), StringConstraints(pattern=r"^[0-9a-f]{64}$")]
"""A SHA-256 in hex, with or without colons, as ``apksigner`` and the Play Console print it."""


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

    def expected(self) -> AndroidApp:
        """The app as it is checked."""
        return AndroidApp(
            self.package,
            frozenset(self.signers),
            self.min_version,
            KNOWN_SCHEMAS | {*self.schemas},
            self.patched_within,
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
    max_age: Duration | None = Field(default=None, ge=timedelta(minutes=30))
    """How old its answers may be, with the ten minutes for which they may have been held back; ``posture.max_age`` if left out."""

    def expected(self) -> Reporters:
        """The reporters as they are checked."""
        return Reporters(dict(self._apps()), bool(self.android and self.android.unseen_profiles == "accept"))

    def _apps(self) -> Iterator[tuple[str, ExpectedApp]]:
        if self.android:
            yield android_key.FORMAT, self.android.expected()
        if self.ios:
            yield app_attest.FORMAT, self.ios.expected()
