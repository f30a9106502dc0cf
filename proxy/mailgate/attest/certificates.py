"""Verifies a chain of certificates up to a trusted one (RFC 5280, section 6) by the cryptography library, and reads a device's names
from the fields of its certificate.

A device management writes the device's serial number, UDID or its own id into the certificate that it issues (SCEP,
ACME). The fields differ from company to company, so only configured fields are read.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from cryptography import x509
from cryptography.hazmat import asn1
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509.oid import NameOID
from cryptography.x509.verification import Criticality, ExtensionPolicy, PolicyBuilder, Store

from mailgate.model.proofs import MAX_CERTIFICATES

MAX_CERTIFICATE = 16 * 1024
"""The most bytes of one certificate in DER. Devices' certificates have about 1,500."""


def too_long(chain: Sequence[bytes]) -> str:
    """The limits in words, if these certificates are too many or too long to be read; otherwise empty."""
    if len(chain) <= MAX_CERTIFICATES and all(len(each) <= MAX_CERTIFICATE for each in chain):
        return ""
    return f"expected at most {MAX_CERTIFICATES} certificates of {MAX_CERTIFICATE} bytes"


def read_certificate(der: bytes) -> x509.Certificate:
    """Read a certificate from exactly these bytes (RFC 5280, section 4.1). Raises ValueError.

    The library ignores the number of unused bits at the end of the signature. It must be 0 (section 4.1.1.3). Nothing signs
    that number, so another one would make a second certificate out of the same one.
    """
    certificate = x509.load_der_x509_certificate(der)
    if der[-len(certificate.signature) - 1]:
        raise ValueError("unused bits of the signature")
    return certificate


def key_of(certificate: x509.Certificate) -> bytes:
    """The certificate's SubjectPublicKeyInfo in DER (RFC 5280, section 4.1.2.7)."""
    return certificate.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def path_to(trusted: Store, presented: Sequence[x509.Certificate], now: datetime) -> list[x509.Certificate]:
    """The leaf, which was presented first, the authorities above it, and the trusted one. Raises VerificationError if there is no such path.

    Every signature, name, basic constraint, path length and time on the path is valid, and no critical extension is unknown. Apart from
    that it may have any: certificates of devices and of companies' own authorities lack extensions that public ones must have.
    """
    authority = ExtensionPolicy.permit_all().require_present(
        x509.BasicConstraints, Criticality.AGNOSTIC, None
    )
    leaf, *above = presented
    policies = {"ca_policy": authority, "ee_policy": ExtensionPolicy.permit_all()}
    builder = PolicyBuilder().store(trusted).time(now).extension_policies(**policies)
    return builder.build_client_verifier().verify(leaf, above).chain


UPN = x509.ObjectIdentifier("1.3.6.1.4.1.311.20.2.3")
"""The user principal name, an otherName of Microsoft's that holds a UTF8String."""

LONGEST = 255
"""The most characters of a name. A longer text is not a name."""

PERSON = "user"
"""The kind of a name that is a person's login and no device's."""


@dataclass(frozen=True, slots=True)
class NamePattern:
    """A field with a name of the device, or of the person for whom it was issued, between ``prefix`` and ``suffix``. A value without these names no device."""

    field: str
    names: str
    """The kind of the name: ``serial``, ``udid``, ``mdm``, ``directory`` or ``eas``, or ``user`` for that of a person."""
    prefix: str = ""
    suffix: str = ""

    def name_in(self, value: str) -> str:
        """The name in a value of the field; empty if it holds none."""
        if not value.startswith(self.prefix) or not value.endswith(self.suffix):
            return ""
        name = value[len(self.prefix) : len(value) - len(self.suffix)]
        return name if name.isprintable() and len(name) <= LONGEST else ""


def names_of(certificate: x509.Certificate, matches: Sequence[NamePattern]) -> tuple[tuple[str, str], ...]:
    """The pairs of kind and name in the order of ``matches``, each once. Raises ValueError for a field with a wrong encoding."""
    found = (
        (match.names, name)
        for match in matches
        for value in FIELDS[match.field](certificate)
        if (name := match.name_in(value))
    )
    return tuple(dict.fromkeys(found))


def _alternative(kind: type[x509.GeneralName]) -> Callable[[x509.Certificate], Iterable[str]]:
    def read(certificate: x509.Certificate) -> Iterable[str]:
        return [str(name.value) for name in _alternatives(certificate) if isinstance(name, kind)]

    return read


def _alternatives(certificate: x509.Certificate) -> Sequence[x509.GeneralName]:
    try:
        found = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName)
    except x509.ExtensionNotFound:
        return ()
    return list(found.value)


def _principal_names(certificate: x509.Certificate) -> Iterable[str]:
    for name in _alternatives(certificate):
        if isinstance(name, x509.OtherName) and name.type_id == UPN:
            yield asn1.decode_der(str, name.value)


def _subject(oid: x509.ObjectIdentifier) -> Callable[[x509.Certificate], Iterable[str]]:
    def read(certificate: x509.Certificate) -> Iterable[str]:
        return [str(attribute.value) for attribute in certificate.subject.get_attributes_for_oid(oid)]

    return read


FIELDS: Mapping[str, Callable[[x509.Certificate], Iterable[str]]] = {
    "san-uri": _alternative(x509.UniformResourceIdentifier),
    "san-dns": _alternative(x509.DNSName),
    "san-email": _alternative(x509.RFC822Name),
    "san-upn": _principal_names,
    "serial-number": _subject(NameOID.SERIAL_NUMBER),
    "common-name": _subject(NameOID.COMMON_NAME),
}
"""Every field that can name a device (RFC 5280, sections 4.1.2.6 and 4.2.1.6), and how it is read."""
