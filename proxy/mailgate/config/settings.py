"""The shape of ``mailgate.yaml``: every setting, its default and its meaning."""

from datetime import timedelta
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import Field, StringConstraints, model_validator
from pydantic_core import PydanticCustomError

from mailgate.config.values import (
    AuthoritiesFile,
    Duration,
    ExistingFile,
    JwksFile,
    Listen,
    Network,
    Origin,
    Size,
    StoreUrl,
)
from mailgate.policy.apps import Strict

Language = Literal["en", "de", "es", "fr", "ja", "zh", "ar"]
Issuer = Annotated[str, StringConstraints(pattern=r"^\S+$", max_length=500)]
FileName = Annotated[str, StringConstraints(min_length=1, max_length=500)]

KiB = 1024


def _seconds(count: float) -> timedelta:
    return timedelta(seconds=count)


class IssuerSettings(Strict):
    """One issuer of attestations whose signature is believed."""

    issuer: Issuer
    """The ``iss`` claim, compared as it stands."""
    jwks: JwksFile
    """File with the issuer's public keys (RFC 7517)."""


class AttestationSettings(Strict):
    """Which signed evidence is believed, and for how long."""

    issuers: tuple[IssuerSettings, ...] = ()
    leeway: Duration = _seconds(60)
    """How far clocks may differ."""
    max_lifetime: Duration = timedelta(hours=24)
    """Longest life of a token, from ``iat`` to ``exp``."""


class TlsSettings(Strict):
    """Certificate and key of the public listener, PEM. Read again when they change."""

    certificate: ExistingFile
    key: ExistingFile


class Limits(Strict):
    """What is refused because it is too big."""

    head_bytes: Size = Field(default=64 * KiB, ge=KiB)
    """Request line and all header fields together."""
    header_count: int = Field(default=100, ge=1, le=10_000)
    body_bytes: Size = 0
    """Largest request body; 0 for no limit."""


class Timeouts(Strict):
    """How long the gate waits."""

    connect: Duration = _seconds(5)
    """For a connection to the upstream."""
    head: Duration = _seconds(10)
    """For a client to send its whole request head."""
    response: Duration = _seconds(60)
    """For the upstream's response head."""
    idle: Duration = _seconds(60)
    """For the next piece of a body, either way."""
    keep_alive: Duration = _seconds(75)
    """For the next request on a connection."""
    shutdown: Duration = _seconds(30)
    """For running requests when the gate stops."""


class PostureSettings(Strict):
    """How long a report is worth something."""

    max_age: Duration = timedelta(hours=24)
    """A posture older than this is ``stale``."""


class Retention(Strict):
    """How long data about people and devices is kept."""

    sightings: Duration = timedelta(days=30)
    devices: Duration = timedelta(days=90)


class Files(Strict):
    """The other files, relative to the folder of this one."""

    apps: FileName = "apps.yaml"
    policy: FileName = "policy.yaml"
    policy_tests: FileName = "policy.tests.yaml"


class LogSettings(Strict):
    """What is logged."""

    level: Literal["debug", "info", "warning", "error"] = "info"


class Languages(Strict):
    """The languages of pages."""

    default: Language = "en"
    """Where the browser asks for none that there is."""


class Settings(Strict):
    """``mailgate.yaml``."""

    listen: Listen
    """Where employees come in."""
    public_url: Origin
    """What employees type; the audience of every attestation."""
    upstream: Origin
    """The webmail."""
    upstream_ca: AuthoritiesFile | None = None
    """Authorities whose certificate a webmail on https must have, PEM; those that the system trusts if not given."""
    admin_listen: Listen
    """Health, metrics and the console; never on the public port."""
    store: StoreUrl
    """Where devices and sightings are kept: a URL, or a reference to one that holds a password."""
    trusted_proxies: tuple[Network, ...] = ()
    """Whose ``X-Forwarded-For``, ``-Proto``, ``-Host`` and ``-User`` are believed."""
    attestation: AttestationSettings = AttestationSettings()
    tls: TlsSettings | None = None
    limits: Limits = Limits()
    timeouts: Timeouts = Timeouts()
    posture: PostureSettings = PostureSettings()
    retention: Retention = Retention()
    files: Files = Files()
    log: LogSettings = LogSettings()
    languages: Languages = Languages()

    @model_validator(mode="after")
    def _two_ports(self) -> Self:
        if self.listen == self.admin_listen and self.listen.port != 0:
            raise PydanticCustomError(
                "address", "the same address as `listen`; expected a port of its own", {"key": "admin_listen"}
            )
        return self

    @model_validator(mode="after")
    def _authorities_for_https(self) -> Self:
        if self.upstream_ca and not self.upstream.lower().startswith("https:"):
            raise PydanticCustomError(
                "file",
                "nothing to check: `upstream` is not https; expected https there",
                {"key": "upstream_ca"},
            )
        return self

    def referenced_files(self) -> tuple[Path, ...]:
        """Key and certificate files: a change of one is a change of the settings."""
        keys = [issuer.jwks for issuer in self.attestation.issuers]
        return (*keys, self.tls.certificate, self.tls.key) if self.tls else tuple(keys)
