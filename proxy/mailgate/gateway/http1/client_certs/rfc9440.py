"""``Client-Cert`` and ``Client-Cert-Chain`` (RFC 9440, section 2): byte sequences of structured fields (RFC 8941)."""

import binascii
import re
from base64 import b64decode

from mailgate.gateway.http1.client_certs import UnreadableError

_BYTES = re.compile(rb":([A-Za-z0-9+/]*={0,2}):")


def read_client_cert(value: bytes) -> bytes:
    """The DER certificate of a ``Client-Cert`` field, which is one item without parameters.

    :raises UnreadableError: if it is something else.
    """
    return _byte_sequence(value.strip(b" "))


def read_client_cert_chain(value: bytes) -> list[bytes]:
    """The DER certificates of a ``Client-Cert-Chain`` field, a list of such items with the leaf's issuer first.

    :raises UnreadableError: if it is something else.
    """
    # base64 has no comma, so the list can be split at commas
    return [_byte_sequence(member.strip(b" \t")) for member in value.split(b",")]


def _byte_sequence(item: bytes) -> bytes:
    """Decode a byte sequence (RFC 8941, section 4.2.7). Padding may be missing; anything else that is not base64 is refused."""
    found = _BYTES.fullmatch(item)
    if found is None:
        raise UnreadableError("expected base64 between colons (RFC 8941, section 3.3.5)")
    text = found[1].rstrip(b"=")
    try:
        data = b64decode(text + b"=" * (-len(text) % 4), validate=True)
    except binascii.Error as error:
        raise UnreadableError("expected whole base64 between the colons") from error
    if not data:
        raise UnreadableError("expected a certificate between the colons")
    return data
