"""Fast percent-decoding. A request may hold thousands of escapes, so each must cost next to nothing."""

import binascii


def decoded(text: str) -> str:
    """Decode each ``%XX`` in ``text`` to one character. A ``%`` that begins no escape may become ``=``, and a character beyond
    ASCII becomes ``?``.

    The result is only good for finding ASCII words, since UTF-8 is not decoded. ``urllib.parse.unquote`` would take a Python
    step for each escape, and the decoders of ``codecs`` take one for each mistake.
    """
    if "%" not in text and text.isascii():
        return text
    return binascii.a2b_qp(_as_quoted_printable(text.encode("ascii", "replace"))).decode("latin-1")


def _as_quoted_printable(escaped: bytes) -> bytes:
    """Decode as quoted-printable, which has ``=`` for ``%`` (RFC 2045, section 6.7). C code decodes it and keeps invalid escapes.

    That code joins broken lines, reads two signs in a row as one and drops one at the very end. So these are escaped before,
    and signs in a row twice, since replacements may touch each other.
    """
    for sign in (b"=", b"\r", b"\n"):
        escaped = escaped.replace(sign, b"%%%02X" % sign[0])
    escaped = escaped.replace(b"%%", b"%25%").replace(b"%%", b"%25%")
    if escaped.endswith(b"%"):
        escaped += b"25"
    return escaped.replace(b"%", b"=")
