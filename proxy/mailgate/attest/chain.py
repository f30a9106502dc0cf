"""Verifies a chain of certificates up to a trusted one (RFC 5280, section 6) by the cryptography library."""

from collections.abc import Sequence
from datetime import datetime

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
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
    """The leaf, which was presented first, the authorities above it, and the trusted one at the end.

    Every signature, name, basic constraint, path length and time on the path is valid, and no critical extension is
    unknown. Apart from that a certificate may have any extensions: certificates of devices and of companies' own authorities
    lack extensions that public ones must have.

    :raises VerificationError: if there is no such path.
    """
    authority = ExtensionPolicy.permit_all().require_present(
        x509.BasicConstraints, Criticality.AGNOSTIC, None
    )
    leaf, *above = presented
    policies = {"ca_policy": authority, "ee_policy": ExtensionPolicy.permit_all()}
    builder = PolicyBuilder().store(trusted).time(now).extension_policies(**policies)
    return builder.build_client_verifier().verify(leaf, above).chain
