"""Authorities, certificates of devices and revocation lists, for the tests of what reads them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import Any, Self

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
FOR_CLIENTS = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH])
Span = tuple[timedelta, timedelta]
USUAL: Span = (timedelta(days=-1), timedelta(days=30))
UPN = x509.ObjectIdentifier("1.3.6.1.4.1.311.20.2.3")


def name(common: str, *, serial: str = "") -> x509.Name:
    attributes = [x509.NameAttribute(NameOID.COMMON_NAME, common)]
    if serial:
        attributes.append(x509.NameAttribute(NameOID.SERIAL_NUMBER, serial))
    return x509.Name(attributes)


@dataclass(frozen=True)
class Issued:
    """A certificate and its key. Its times are relative to ``now``."""

    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey
    now: datetime = NOW

    @property
    def der(self) -> bytes:
        return self.certificate.public_bytes(Encoding.DER)

    @property
    def pem(self) -> bytes:
        return self.certificate.public_bytes(Encoding.PEM)

    @property
    def key_pem(self) -> bytes:
        return self.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())

    def sign(
        self,
        subject: x509.Name,
        extensions: Sequence[tuple[x509.ExtensionType, bool]] = (),
        *,
        span: Span = USUAL,
        serial: int | None = None,
        key: Any = None,
    ) -> "Issued":
        key = key or ec.generate_private_key(ec.SECP256R1())
        return Issued(
            _signed(self.certificate.subject, self.key, subject, key, extensions, self.now, span, serial),
            key,
            self.now,
        )

    def authority(self, common: str = "Issuing", path_length: int | None = None, **how) -> "Issued":
        """An authority below this one."""
        return self.sign(name(common), [(x509.BasicConstraints(True, path_length), True)], **how)

    def device(
        self,
        *alternatives: x509.GeneralName,
        subject: x509.Name | None = None,
        usage: x509.ExtendedKeyUsage | None = FOR_CLIENTS,
        **how,
    ) -> "Issued":
        """The certificate of a device, with these subject alternative names."""
        extensions: list[tuple[x509.ExtensionType, bool]] = [(usage, False)] if usage else []
        if alternatives:
            extensions.append((x509.SubjectAlternativeName(alternatives), False))
        return self.sign(name("phone") if subject is None else subject, extensions, **how)

    def revoke(
        self,
        *serials: int,
        made: timedelta = timedelta(0),
        extension: x509.ExtensionType | None = None,
        issuer: x509.Name | None = None,
    ) -> x509.CertificateRevocationList:
        """The revocation list of this authority."""
        at = self.now + made
        builder = x509.CertificateRevocationListBuilder(
            issuer or self.certificate.subject, last_update=at, next_update=at + timedelta(days=7)
        )
        for serial in serials:
            entry = x509.RevokedCertificateBuilder(serial, self.now - timedelta(hours=1))
            builder = builder.add_revoked_certificate(entry.build())
        if extension:
            builder = builder.add_extension(extension, critical=True)
        return builder.sign(self.key, hashes.SHA256())

    def write(self, directory: Path, stem: str) -> Self:
        (directory / f"{stem}.pem").write_bytes(self.pem)
        (directory / f"{stem}.key").write_bytes(self.key_pem)
        return self


def root(
    common: str = "Devices of Example",
    now: datetime = NOW,
    path_length: int | None = None,
    span: Span = USUAL,
) -> Issued:
    """A self-signed authority."""
    key = ec.generate_private_key(ec.SECP256R1())
    limits = [(x509.BasicConstraints(True, path_length), True)]
    return Issued(_signed(name(common), key, name(common), key, limits, now, span, None), key, now)


def server(now: datetime) -> Issued:
    """A self-signed certificate for the loopback address."""
    address = x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))])
    key = ec.generate_private_key(ec.SECP256R1())
    return Issued(
        _signed(name("gate"), key, name("gate"), key, [(address, False)], now, USUAL, None), key, now
    )


def _signed(
    issuer: x509.Name,
    issuer_key: ec.EllipticCurvePrivateKey,
    subject: x509.Name,
    key: ec.EllipticCurvePrivateKey,
    extensions: Sequence[tuple[x509.ExtensionType, bool]],
    now: datetime,
    span: Span,
    serial: int | None,
) -> x509.Certificate:
    builder = (
        x509.CertificateBuilder()
        .issuer_name(issuer)
        .subject_name(subject)
        .public_key(key.public_key())
        .serial_number(serial or x509.random_serial_number())
        .not_valid_before(now + span[0])
        .not_valid_after(now + span[1])
    )
    for extension, critical in extensions:
        builder = builder.add_extension(extension, critical)
    return builder.sign(issuer_key, hashes.SHA256())
