"""What a device is found by."""

import binascii

KEY = "key"
"""RFC 7638 thumbprint of the key of an attestation, compared exactly."""
EAS = "eas"
"""ActiveSync DeviceId, compared without case and in both of its forms."""
CERT = "cert"
"""``x5t#S256`` of a TLS client certificate (RFC 8705), compared exactly."""
USER = "user"
"""Whose device it is: the login name that its report gives, compared without case."""


def user_text(name: str) -> str:
    """A login name in ASCII lower case: letters beyond ASCII stay as they are, so that two people never become one."""
    return _lower(name).decode()


def eas_text(eas_id: str) -> str:
    """An ActiveSync DeviceId as plain text in ASCII lower case, whichever form it came in."""
    return _text(eas_id).decode() if eas_id else ""


def eas_forms(eas_id: str) -> frozenset[str]:
    """Every form in which one ActiveSync DeviceId may be met, in ASCII lower case; empty for an empty id.

    One phone sends its id as text in a plain query and as hex of that text in a base64 query as servers
    decode it, so a stored id and a sent one are the same when their forms meet.
    """
    text = _text(eas_id)
    return frozenset(form.decode() for form in (text, text.hex().encode(), _lower(eas_id)) if form)


def forms_of(kind: str, name: str) -> frozenset[str]:
    """Every form in which a name of this kind may be stored. There is at least one."""
    if kind == EAS:
        return eas_forms(name)
    return frozenset({name if kind in (KEY, CERT) else user_text(name)})


def _text(eas_id: str) -> bytes:
    sent = _lower(eas_id)
    try:
        plain = binascii.unhexlify(sent)
    except binascii.Error:
        return sent
    return plain.lower() if plain.isascii() and plain.decode().isprintable() else sent


def _lower(eas_id: str) -> bytes:
    return eas_id.encode(
        "utf-8", "backslashreplace"
    ).lower()  # of bytes: letters beyond ASCII stay as they are
