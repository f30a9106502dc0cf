"""A PEM certificate in percent-encoding, as nginx writes ``$ssl_client_escaped_cert`` and Envoy its ``Cert``."""

import binascii
import re
from base64 import b64decode
from urllib.parse import unquote_to_bytes

from mailgate.gateway.http1.client_certs import UnreadableError

_ESCAPED = re.compile(rb"(?:[A-Za-z0-9\-._~!$&'()*+,/:;=@]|%[0-9A-Fa-f]{2})*")
# RFC 7468, section 3, in the strict form that both proxies write
_PEM = re.compile(
    rb"-----BEGIN CERTIFICATE-----\n((?:[A-Za-z0-9+/]{1,64}\n)*[A-Za-z0-9+/]{1,64}={0,2}\n)-----END CERTIFICATE-----\n?"
)


def read_escaped_pem(value: bytes) -> bytes:
    """The DER of exactly one certificate.

    :raises UnreadableError: if it is something else.
    """
    (certificate,) = _read(value, at_most=1)
    return certificate


def read_escaped_chain(value: bytes, at_most: int) -> list[bytes]:
    """The DER of several certificates, one after the other.

    :raises UnreadableError: if it is something else.
    """
    return _read(value, at_most)


def _read(value: bytes, at_most: int) -> list[bytes]:
    if not _ESCAPED.fullmatch(value):
        raise UnreadableError("expected percent-encoding (RFC 3986, section 2.1)")
    text = unquote_to_bytes(value)
    found: list[bytes] = []
    while text:
        block = _PEM.match(text)
        if block is None or len(found) == at_most:
            raise UnreadableError(f"expected PEM of at most {at_most} certificates and nothing else")
        found.append(_decoded(block[1]))
        text = text[block.end() :]
    if not found:
        raise UnreadableError("expected a certificate in PEM")
    return found


def _decoded(lines: bytes) -> bytes:
    try:
        return b64decode(lines.replace(b"\n", b""), validate=True)
    except binascii.Error as error:
        raise UnreadableError("expected whole base64 in the PEM") from error
