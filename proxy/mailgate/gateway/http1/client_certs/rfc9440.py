"""``Client-Cert`` and ``Client-Cert-Chain`` (RFC 9440, section 2): byte sequences of structured fields (RFC 8941)."""

import binascii
import re
from base64 import b64decode

from mailgate.gateway.http1.client_certs import UnreadableError

_BYTES = re.compile(rb":([A-Za-z0-9+/]*={0,2}):")


def read_client_cert(value: bytes) -> bytes:
    """The DER certificate of a ``Client-Cert`` field: one item without parameters.

    :raises UnreadableError: where it is something else.
    """
    return _byte_sequence(value.strip(b" "))


def read_client_cert_chain(value: bytes) -> list[bytes]:
    """The DER certificates of a ``Client-Cert-Chain`` field, the leaf's issuer first: a list of such items.

    :raises UnreadableError: where it is something else.
    """
    # a base64 text has no comma, so that a list of them is split by one
    return [_byte_sequence(member.strip(b" \t")) for member in value.split(b",")]


def _byte_sequence(item: bytes) -> bytes:
    """RFC 8941, section 4.2.7: padding may be left out, whatever else is not base64 is refused."""
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
