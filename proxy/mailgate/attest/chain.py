"""A chain of certificates up to one that is trusted (RFC 5280, section 6), by the cryptography library."""

from collections.abc import Sequence
from datetime import datetime

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509.verification import Criticality, ExtensionPolicy, PolicyBuilder, Store

MAX_CERTIFICATE = 16 * 1024
"""Bytes of one certificate in DER; those of devices have some 1,500."""
MAX_CERTIFICATES = 6
"""The leaf and the authorities above it."""


def too_long(chain: Sequence[bytes]) -> str:
    """What is expected where these certificates are too many or too long to be looked at; else empty."""
    if len(chain) <= MAX_CERTIFICATES and all(len(each) <= MAX_CERTIFICATE for each in chain):
        return ""
    return f"expected at most {MAX_CERTIFICATES} certificates of {MAX_CERTIFICATE} bytes"


def read_certificate(der: bytes) -> x509.Certificate:
    """A certificate of these very bytes (RFC 5280, section 4.1). Raises ValueError.

    The library passes over how many bits at the end of the signature do not count. It is always none (section 4.1.1.3), and
    another number there, which nothing signs, would make another certificate of the same one.
    """
    certificate = x509.load_der_x509_certificate(der)
    if der[-len(certificate.signature) - 1] != 0:
        raise ValueError("bits of the signature that do not count")
    return certificate


def key_of(certificate: x509.Certificate) -> bytes:
    """DER of its SubjectPublicKeyInfo (RFC 5280, section 4.1.2.7)."""
    return certificate.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def path_to(
    trusted: Store, leaf: x509.Certificate, above: Sequence[x509.Certificate], now: datetime
) -> list[x509.Certificate]:
    """The leaf, the authorities above it, and the trusted one at the end.

    Every signature, name, basic constraint, path length and time on the way is good, and no critical extension is
    unknown. Beyond that a certificate may have any extensions: those of devices and of companies' own authorities lack
    what public ones must have.

    :raises VerificationError: where there is no such path.
    """
    authority = ExtensionPolicy.permit_all().require_present(
        x509.BasicConstraints, Criticality.AGNOSTIC, None
    )
    builder = (
        PolicyBuilder()
        .store(trusted)
        .time(now)
        .max_chain_depth(MAX_CERTIFICATES)
        .extension_policies(ca_policy=authority, ee_policy=ExtensionPolicy.permit_all())
    )
    return builder.build_client_verifier().verify(leaf, list(above)).chain
