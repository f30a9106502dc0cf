"""The settings of attestations and reports: which are accepted, and how long they are valid."""

from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, PrivateAttr, StringConstraints, model_validator

from mailgate.attest import android_key, app_attest, apple_device
from mailgate.attest.hardware import Roots, StatusError, read_status
from mailgate.attest.keys import OF_LOGINS
from mailgate.config.references import AuthoritiesFile, ExistingFile, Jwks, read_certificates
from mailgate.config.values import Duration, jwks_url
from mailgate.model.phrase import wrong_value
from mailgate.policy.written import Strict

MAX_STATUS = 32 * 1024 * 1024
"""The largest list of revoked keys, in bytes; Google's has some 200 KiB."""


class AppleSettings(Strict):
    """The authorities that are trusted for Apple's devices, or for apps on them."""

    roots: AuthoritiesFile
    """The maker's own authorities, PEM."""
    _roots: Roots = PrivateAttr()

    @model_validator(mode="after")
    def _read_roots(self) -> Self:
        self._roots = Roots(read_certificates(self.roots, "roots"), self.serials())
        return self

    def serials(self) -> frozenset[int]:
        """The serial numbers of revoked keys."""
        return frozenset()

    @property
    def trusted_roots(self) -> Roots:
        return self._roots


class AndroidSettings(AppleSettings):
    """The authorities that are trusted for Android's devices."""

    revoked: ExistingFile | None = None
    """The list of revoked keys, as Google publishes it. It is read again when it changes."""

    def serials(self) -> frozenset[int]:
        return _serials(self.revoked) if self.revoked else frozenset()


class HardwareSettings(Strict):
    """The makers whose evidence about a device counts when it enrols. A format that is left out does not."""

    android_key: AndroidSettings | None = None
    apple_device: AppleSettings | None = None
    app_attest: AppleSettings | None = None

    def trusted_roots(self) -> Mapping[str, Roots]:
        """The trusted roots, by format."""
        makers = {
            android_key.FORMAT: self.android_key,
            apple_device.FORMAT: self.apple_device,
            app_attest.FORMAT: self.app_attest,
        }
        return {name: maker.trusted_roots for name, maker in makers.items() if maker}


def _serials(path: Path) -> frozenset[int]:
    try:
        with path.open(encoding="utf-8") as file:
            return read_status(file.read(MAX_STATUS))
    except (OSError, UnicodeDecodeError, StatusError) as error:
        wrong = str(error) if isinstance(error, StatusError) else "save the file in UTF-8"
        wrong = f"the file holds no list of revoked keys: {wrong}"
        raise wrong_value("file", wrong, key="revoked") from error


ClaimName = Annotated[str, StringConstraints(pattern=r"^[!-~]+$", max_length=200)]
Issuer = Annotated[str, StringConstraints(pattern=r"^\S+$", max_length=500)]


class IssuerSettings(Strict):
    """One issuer whose attestations are accepted."""

    issuer: Issuer
    """The ``iss`` claim, compared exactly."""
    jwks: Jwks
    """The issuer's public keys (RFC 7517): a file, or the https URL at which it publishes them."""
    jwks_ca: AuthoritiesFile | None = None
    """The authorities of that URL's certificate, PEM; by default those of the system."""

    @property
    def source(self) -> str:
        """The name of its keys."""
        return self.issuer

    @model_validator(mode="after")
    def _authorities_for_a_url(self) -> Self:
        if self.jwks_ca and not str(self.jwks).startswith("https:"):
            message = "`jwks` is not an https URL, so no certificate is checked; use an https URL there"
            raise wrong_value("file", message, key="jwks_ca")
        return self


class LoginTokenSettings(IssuerSettings):
    """The ID tokens of logins (OpenID Connect Core 1.0, section 2) that a trusted proxy has taken and passes on. ``issuer`` is the
    provider."""

    jwks: Annotated[str, AfterValidator(jwks_url)]
    """The https URL at which the provider publishes its keys."""
    client_id: Annotated[str, StringConstraints(min_length=1, max_length=500)]
    """The client id of the proxy at the provider, which the token is for."""
    header: Literal["X-Forwarded-Id-Token", "OIDC-Id-Token", "X-MS-Token-AAD-Id-Token", "X-Id-Token"] = (
        "X-Forwarded-Id-Token"
    )
    """The header with the token. Clients can send none of these to the webmail."""
    person: ClaimName = "preferred_username"
    """The claim with the login name."""
    device: ClaimName = "deviceid"
    """The claim with the device's id in the company's directory."""

    @property
    def source(self) -> str:
        """The name of its keys, which no issuer of attestations can have."""
        return f"{OF_LOGINS}{self.issuer}"


class AttestationSettings(Strict):
    """The attestations that are accepted, and how long they are valid."""

    issuers: tuple[IssuerSettings, ...] = ()
    hardware: HardwareSettings = HardwareSettings()
    leeway: Duration = timedelta(minutes=1)
    """How far the clocks of devices and issuers may differ."""
    max_lifetime: Duration = timedelta(hours=24)
    """The longest validity of a token, from ``iat`` to ``exp``."""
    nonces: Literal["off", "offer", "require"] = "offer"
    """Whether devices get a ``DPoP-Nonce``, and whether a proof must have one."""

    @model_validator(mode="after")
    def _each_once(self) -> Self:
        """Refuse two entries for one issuer, since one of them would silently be ignored."""
        names = [each.issuer for each in self.issuers]
        for index, name in enumerate(names):
            if name in names[:index]:
                message = "the issuer is listed twice; list it once, with all its keys in one file"
                raise wrong_value("issuer", message, key=("issuers", index, "issuer"))
        return self


class EnrolmentSettings(Strict):
    """How devices enrol with the gate itself and report to it."""

    attempts: int = Field(default=20, ge=1, le=100_000)
    """The limit for guesses from one address, for refusals of one token or key, and for reports of one key, within ``span``."""
    span: Duration = timedelta(minutes=10)


class PostureSettings(Strict):
    """How long a report is valid."""

    max_age: Duration = timedelta(hours=24)
    """The age after which a posture is ``stale``, or ``unavailable`` if its source cannot be asked then."""
    last_known_for: Duration = timedelta(hours=8)
    """How much longer a report counts as what was last known, if it reached ``max_age`` while its source, or the store,
    could not be asked."""
    precedence: tuple[Issuer, ...] = ()
    """The sources of reports by name of issuer or connector, the most trusted first. All others are equal. A device's
    own word comes last and is never listed here."""

    browsers: Literal["by-device", "by-person"] = "by-device"
    """What the browser of a phone or tablet that names no device goes by: nothing, or what is known of all phones and tablets of the
    person, where a trusted proxy says who has logged in."""

    @model_validator(mode="after")
    def _each_named_once(self) -> Self:
        for index, name in enumerate(self.precedence):
            if name in self.precedence[:index]:
                message = "the source is listed twice; keep one"
                raise wrong_value("source", message, key=("precedence", index))
        return self
