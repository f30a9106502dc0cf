"""The names by which a device is known. A name is a pair of kind and text, and texts are compared in the form made here."""

import binascii

from mailgate.policy.login_names import user_text as user_text

SERIAL = "serial"
"""The serial number of the hardware, in ASCII capitals."""
UDID = "udid"
"""The id that the maker or the system gives the hardware, in ASCII capitals without hyphens."""
KEY = "key"
"""The RFC 7638 thumbprint of the key of an attestation. It is compared exactly."""
CERT = "cert"
"""The SHA-256 of a TLS client certificate (``x5t#S256``). It is compared exactly."""
EAS = "eas"
"""The ActiveSync DeviceId. It is compared without case and in both of its forms."""
MDM = "mdm"
"""A source's own id of a device, compared exactly. The store keeps it with the report and not as a name."""
FORMER = "former"
"""The id of a device that was merged into this one."""
USER = "user"
"""The login name of the owner, compared without case. It names a person, so it does not identify a single device."""

STRONG = (SERIAL, UDID, KEY, CERT, EAS)
"""The kinds of names that identify a device across sources, the strongest first."""

Name = tuple[str, str]


def storable(text: str) -> str:
    """Escape the characters that a database cannot keep: NUL and lone surrogates."""
    return text.encode("utf-8", "backslashreplace").decode().replace("\0", "\\x00")


def serial_text(serial: str) -> str:
    """A serial number without the spaces around it, in ASCII capitals."""
    return _upper(serial.strip())


def udid_text(udid: str) -> str:
    """A UDID or UUID in ASCII capitals, without hyphens and braces, which not every source writes."""
    return _upper(udid.strip().strip("{}").replace("-", ""))


def eas_text(eas_id: str) -> str:
    """An ActiveSync DeviceId as plain text in ASCII lower case, whichever form it came in."""
    return _text(eas_id).decode()


def eas_forms(eas_id: str) -> frozenset[str]:
    """Every form in which one ActiveSync DeviceId may appear, in ASCII lower case. An empty id has no forms.

    The same phone sends its id as text in a plain query, and in a base64 query servers read it as the hex of that text.
    So a stored id and a sent id are the same if they share a form.
    """
    text = _text(eas_id)
    return frozenset(form.decode() for form in (text, text.hex().encode(), _lower(eas_id)) if form)


def forms_of(kind: str, name: str) -> frozenset[str]:
    """Every form in which a name of this kind may be stored, in whatever form it is typed. An empty name has no
    forms."""
    if kind == EAS:
        return eas_forms(name)
    text = {SERIAL: serial_text, UDID: udid_text}.get(kind, str)(name)
    return frozenset({text} - {""})


def _text(eas_id: str) -> bytes:
    sent = _lower(eas_id)
    try:
        plain = binascii.unhexlify(sent)
    except binascii.Error:
        return sent
    return plain.lower() if plain.isascii() and plain.decode().isprintable() else sent


def _lower(text: str) -> bytes:
    # lowering bytes leaves letters beyond ASCII as they are
    return text.encode("utf-8", "backslashreplace").lower()


def _upper(text: str) -> str:
    return text.encode("utf-8", "backslashreplace").upper().decode()
