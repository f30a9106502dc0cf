"""The settings of attestations and reports: which are accepted, and how long they are valid."""

from datetime import timedelta
from typing import Annotated, Literal, Self

from pydantic import Field, StringConstraints, model_validator
from pydantic_core import PydanticCustomError

from mailgate.config.hardware import HardwareSettings
from mailgate.config.references import AuthoritiesFile, Jwks
from mailgate.config.values import Duration
from mailgate.policy.apps import Strict

Issuer = Annotated[str, StringConstraints(pattern=r"^\S+$", max_length=500)]


class IssuerSettings(Strict):
    """One issuer whose attestations are accepted."""

    issuer: Issuer
    """The ``iss`` claim, compared exactly."""
    jwks: Jwks
    """The issuer's public keys (RFC 7517): a file, or the https URL at which it publishes them."""
    jwks_ca: AuthoritiesFile | None = None
    """The authorities of that URL's certificate, PEM; by default those of the system."""

    @model_validator(mode="after")
    def _authorities_for_a_url(self) -> Self:
        if self.jwks_ca and not str(self.jwks).startswith("https:"):
            message = "nothing to check: `jwks` is no https URL; expected one there"
            raise PydanticCustomError("file", message, {"key": "jwks_ca"})
        return self


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
                message = "the issuer stands above already; expected it once, with all its keys in one file"
                raise PydanticCustomError("issuer", message, {"key": ("issuers", index, "issuer")})
        return self


class EnrolmentSettings(Strict):
    """How devices enrol with the gate itself and report to it."""

    attempts: int = Field(default=20, ge=1, le=100_000)
    """The limit for refused tries from one address, and for reports of one key, within ``span``."""
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

    @model_validator(mode="after")
    def _each_named_once(self) -> Self:
        for index, name in enumerate(self.precedence):
            if name in self.precedence[:index]:
                message = "the source stands above already; expected it once"
                raise PydanticCustomError("source", message, {"key": ("precedence", index)})
        return self
