"""The settings of what devices prove and report: what is believed, and for how long."""

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
    """One issuer of attestations whose signature is believed."""

    issuer: Issuer
    """The ``iss`` claim, compared as it stands."""
    jwks: Jwks
    """The issuer's public keys (RFC 7517): a file, or the https URL at which it publishes them."""
    jwks_ca: AuthoritiesFile | None = None
    """Authorities whose certificate that URL must have, PEM; those that the system trusts if not given."""

    @model_validator(mode="after")
    def _authorities_for_a_url(self) -> Self:
        if self.jwks_ca and not str(self.jwks).startswith("https:"):
            message = "nothing to check: `jwks` is no https URL; expected one there"
            raise PydanticCustomError("file", message, {"key": "jwks_ca"})
        return self


class AttestationSettings(Strict):
    """The signed evidence that is believed, and for how long."""

    issuers: tuple[IssuerSettings, ...] = ()
    hardware: HardwareSettings = HardwareSettings()
    leeway: Duration = timedelta(minutes=1)
    """How far clocks may differ."""
    max_lifetime: Duration = timedelta(hours=24)
    """Longest life of a token, from ``iat`` to ``exp``."""
    nonces: Literal["off", "offer", "require"] = "offer"
    """Whether a ``DPoP-Nonce`` is handed to devices, and whether a proof must have one."""

    @model_validator(mode="after")
    def _each_once(self) -> Self:
        """Refuse two entries for one issuer: one of them would be ignored without a word."""
        names = [each.issuer for each in self.issuers]
        for index, name in enumerate(names):
            if name in names[:index]:
                message = "the issuer stands above already; expected it once, with all its keys in one file"
                raise PydanticCustomError("issuer", message, {"key": ("issuers", index, "issuer")})
        return self


class EnrolmentSettings(Strict):
    """How devices enrol with the gate itself and report to it."""

    attempts: int = Field(default=20, ge=1, le=100_000)
    """Refused tries from one address, and reports of one key, within ``span``."""
    span: Duration = timedelta(minutes=10)


class PostureSettings(Strict):
    """How long a report counts."""

    max_age: Duration = timedelta(hours=24)
    """A posture older than this is ``stale``."""
    precedence: tuple[Issuer, ...] = ()
    """Sources of reports by name of issuer or connector, the most believed first. All others are equal. What devices
    say of themselves comes last and is never listed here."""

    @model_validator(mode="after")
    def _each_named_once(self) -> Self:
        for index, name in enumerate(self.precedence):
            if name in self.precedence[:index]:
                message = "the source stands above already; expected it once"
                raise PydanticCustomError("source", message, {"key": ("precedence", index)})
        return self
