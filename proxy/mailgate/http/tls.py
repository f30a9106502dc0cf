"""Makes the TLS contexts for clients and for the webmail, and checks their files."""

import ssl
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path
from typing import Literal

from cryptography import x509

from mailgate.errors import MailgateError

_WEAK = ("TOO_SMALL", "TOO_WEAK")
"""The ends of OpenSSL's error words for a certificate whose key or digest is too weak."""


class CertificateError(MailgateError):
    """A file cannot be used to serve. The error says which of the two files, and why."""

    def __init__(self, which: Literal["certificate", "key"], path: Path, why: str) -> None:
        self.which = which
        super().__init__(f"{path} {why}")


def refuse_unusable_files(certificate: Path, key: Path, now: datetime) -> None:
    """Raise CertificateError for files that a listener could not use, or a certificate that no client would accept now."""
    server_context(certificate, key)
    served = served_certificate(certificate)
    if served.not_valid_after_utc <= now:
        ended = f"{served.not_valid_after_utc:%Y-%m-%d %H:%M} UTC"
        raise CertificateError("certificate", certificate, f"has expired on {ended}; renew it")
    if served.not_valid_before_utc > now:
        begins = f"{served.not_valid_before_utc:%Y-%m-%d %H:%M} UTC"
        raise CertificateError(
            "certificate", certificate, f"is valid from {begins} on; use one that is valid now"
        )


def served_certificate(path: Path) -> x509.Certificate:
    """The certificate that clients check, which is the first of the file. Raises CertificateError."""
    try:
        return x509.load_pem_x509_certificates(_content("certificate", path))[0]
    except ValueError as error:
        why = "holds no certificate that can be read; use the gate's certificate and its intermediate certificates, in PEM"
        raise CertificateError("certificate", path, why) from error


def hosts_not_named(path: Path, hosts: Iterable[str]) -> list[str]:
    """The hosts that the certificate does not name, in lower case, so that no browser takes it for theirs (RFC 9525, section 6).
    Raises CertificateError."""
    try:
        names = served_certificate(path).extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return list(hosts)
    named = {each.lower() for each in names.get_values_for_type(x509.DNSName)}
    named.update(map(str, names.get_values_for_type(x509.IPAddress)))
    return [each for each in hosts if named.isdisjoint((each, f"*.{each.partition('.')[2]}"))]


def _content(which: Literal["certificate", "key"], path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        why = f"cannot be read: {(error.strerror or type(error).__name__).lower()}"
        raise CertificateError(which, path, why) from error


def _load(context: ssl.SSLContext, certificate: Path, key: Path) -> None:
    """Use these files from the next connection on. Raises CertificateError, and then nothing has changed."""
    served_certificate(certificate)
    _content("key", key)
    try:
        # without a password function, OpenSSL would ask for the password at the terminal
        context.load_cert_chain(certificate, key, password=lambda: "")
    except ssl.SSLError as error:
        raise _certificate_error(error.reason or "", certificate, key) from error
    except (OSError, ValueError) as error:
        raise CertificateError("key", key, f"cannot be used ({type(error).__name__})") from error


def _certificate_error(reason: str, certificate: Path, key: Path) -> CertificateError:
    if reason == "KEY_VALUES_MISMATCH":
        return CertificateError("key", key, f"is not the key of {certificate}; use that one")
    if reason.endswith(_WEAK):
        words = reason.lower().replace("_", " ")
        return CertificateError("certificate", certificate, f"is too weak ({words}); use a stronger one")
    return CertificateError("key", key, "holds no key that can be read; use one in PEM, without a password")


def server_context(certificate: Path, key: Path, protocol: str = "http/1.1") -> ssl.SSLContext:
    """A context for the public listener. Raises CertificateError for files that are no certificate and key.

    ``renew`` serves other files to every new connection.
    """
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_alpn_protocols([protocol])
    _load(context, certificate, key)
    return context


def renew(context: ssl.SSLContext, certificate: Path, key: Path) -> None:
    """Use these files for every new connection. Raises CertificateError, and then nothing has changed."""
    # the files are tried in another context first: if they did not belong together, one of them would stay in this one
    server_context(certificate, key)
    _load(context, certificate, key)


def device_context(certificate: Path, key: Path, authorities: Path) -> ssl.SSLContext:
    """A context for the listener of devices. It asks for a client certificate, and a bad one ends the handshake.

    A client without a certificate goes on. A certificate that passes is checked again at every request
    (``attest/client_certs.py``), so when the authorities change, it is enough to add the new ones to this context.
    """
    context = server_context(certificate, key)
    context.verify_mode = ssl.CERT_OPTIONAL
    context.load_verify_locations(authorities)
    # the file may hold just issuing authorities, and devices' certificates lack extensions that public ones must have
    context.verify_flags = (context.verify_flags | ssl.VERIFY_X509_PARTIAL_CHAIN) & ~ssl.VERIFY_X509_STRICT
    # a resumed session no longer has the intermediate authorities, without which there is no chain
    context.options |= ssl.OP_NO_TICKET
    context.num_tickets = 0
    return context


def upstream_context(authorities: Path | None = None) -> ssl.SSLContext:
    """A context that verifies the webmail's certificate against these authorities, or the system's if none are given.

    Raises OSError or ssl.SSLError for a file without certificates.
    """
    context = ssl.create_default_context(cafile=authorities)
    context.set_alpn_protocols(["http/1.1"])
    return context
