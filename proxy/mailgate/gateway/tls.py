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


def upstream_context(authorities: Path | None = None) -> ssl.SSLContext:
    """A context that verifies the webmail's certificate against these authorities, else the system's.

    Raises OSError or ssl.SSLError for a file that holds no certificates.
    """
    context = ssl.create_default_context(cafile=authorities)
    context.set_alpn_protocols(["http/1.1"])
    return context
