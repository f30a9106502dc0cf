"""TLS towards clients and towards the webmail."""

import ssl
from pathlib import Path


def server_context(certificate: Path, key: Path) -> ssl.SSLContext:
    """A context for the public listener. Raises OSError or ssl.SSLError for files that are no certificate and key.

    Loading the files into the same context again serves them to every new connection.
    """
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_alpn_protocols(["http/1.1"])
    context.load_cert_chain(certificate, key)
    return context


def device_context(certificate: Path, key: Path, authorities: Path) -> ssl.SSLContext:
    """A context for the listener of devices: it asks for a client certificate, and ends where a bad one is sent.

    Who sends none goes on. What the handshake lets through is checked again at every request
    (``attest/client_certs.py``), so loading more authorities into this context is all that a change of them needs.
    """
    context = server_context(certificate, key)
    context.verify_mode = ssl.CERT_OPTIONAL
    context.load_verify_locations(authorities)
    # the file may hold issuing authorities alone, and certificates of devices lack what public ones must have
    context.verify_flags = (context.verify_flags | ssl.VERIFY_X509_PARTIAL_CHAIN) & ~ssl.VERIFY_X509_STRICT
    # a resumed session no longer has the authorities between, without which there is no chain
    context.options |= ssl.OP_NO_TICKET
    context.num_tickets = 0
    return context


def upstream_context(authorities: Path | None = None) -> ssl.SSLContext:
    """A context that verifies the webmail's certificate against these authorities, else the system's.

    Raises OSError or ssl.SSLError for a file that holds no certificates.
    """
    context = ssl.create_default_context(cafile=authorities)
    context.set_alpn_protocols(["http/1.1"])
    return context
