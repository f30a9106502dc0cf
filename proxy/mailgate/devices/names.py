"""What a device is known by. A name is a pair of kind and text; texts are compared as they stand here."""

import binascii
from collections.abc import Iterable

from mailgate.policy.logins import user_text as user_text

SERIAL = "serial"
"""Serial number of the hardware, in ASCII capitals."""
UDID = "udid"
"""The maker's or the system's id of the hardware, in ASCII capitals without hyphens."""
KEY = "key"
"""RFC 7638 thumbprint of the key of an attestation, compared exactly."""
CERT = "cert"
"""SHA-256 of a TLS client certificate (``x5t#S256``), compared exactly."""
EAS = "eas"
"""ActiveSync DeviceId, compared without case and in both of its forms."""
MDM = "mdm"
"""A source's own id of a device, compared exactly. No name in the store: every report has it."""
FORMER = "former"
"""The id of a device that was merged into this one."""
USER = "user"
"""Whose device it is: a login name, compared without case. It names a person, and so no single device."""

STRONG = (SERIAL, UDID, KEY, CERT, EAS)
"""Kinds by which two sources speak of one device, the most telling first."""

Name = tuple[str, str]


def storable(text: str) -> str:
    """What no database keeps (NUL, lone surrogates) is written as its escape."""
    if text.isascii() and "\0" not in text:
        return text
    return text.encode("utf-8", "backslashreplace").decode().replace("\0", "\\x00")


def serial_text(serial: str) -> str:
    """A serial number without the spaces around it, in ASCII capitals."""
    return _upper(serial.strip())


def udid_text(udid: str) -> str:
    """A UDID or UUID in ASCII capitals without hyphens and braces, which not every source writes."""
    return _upper(udid.strip().strip("{}").replace("-", ""))


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
    """Every form in which a name of this kind may be stored, as somebody else wrote it; empty for none."""
    if kind == EAS:
        return eas_forms(name)
    text = {SERIAL: serial_text, UDID: udid_text}.get(kind, str)(name)
    return frozenset({text} - {""})


def in_words(names: Iterable[Name]) -> list[str]:
    """Names as a person reads them, in order."""
    return [f"{kind} {text}" for kind, text in sorted(names)]


def _text(eas_id: str) -> bytes:
    sent = _lower(eas_id)
    try:
        plain = binascii.unhexlify(sent)
    except binascii.Error:
        return sent
    return plain.lower() if plain.isascii() and plain.decode().isprintable() else sent


def _lower(text: str) -> bytes:
    return text.encode("utf-8", "backslashreplace").lower()  # of bytes: letters beyond ASCII stay as they are


def _upper(text: str) -> str:
    return text.encode("utf-8", "backslashreplace").upper().decode()
