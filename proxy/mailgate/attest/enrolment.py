"""What a device enrols with: a token of 256 bits, or a pairing code that a person can type. Kept only as a hash."""

from base64 import urlsafe_b64encode
from datetime import timedelta
from hashlib import sha256

TOKEN_BYTES, CODE_BYTES = 32, 5
CODE_LIFE = timedelta(minutes=10)
_PREFIX = "mailgate-enrol-"
_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
"""Crockford's base32: no I, L, O or U that could be read as another."""
_READ_AS = str.maketrans({"O": "0", "I": "1", "L": "1", "-": None, " ": None})
_CODE_LETTERS = 8


def new_token(random: bytes) -> str:
    """The token of ``TOKEN_BYTES`` random bytes."""
    return _PREFIX + urlsafe_b64encode(random).rstrip(b"=").decode("ascii")


def new_code(random: bytes) -> str:
    """The pairing code of ``CODE_BYTES`` random bytes, as ``7K3M-9XQ2``."""
    number = int.from_bytes(random)
    letters = "".join(_ALPHABET[number >> 5 * at & 31] for at in reversed(range(_CODE_LETTERS)))
    return f"{letters[:4]}-{letters[4:]}"


def digest_of(text: str) -> bytes:
    """By what a token or a code is found. A code may be typed in any case, with spaces or without its hyphen."""
    return sha256(_as_written(text.strip()).encode("utf-8", "surrogatepass")).digest()


def name_of(digest: bytes) -> str:
    """What people call a token by: it says nothing of the token itself."""
    return f"token-{digest.hex()[:10]}"


def _as_written(text: str) -> str:
    if text.startswith(_PREFIX):
        return text
    code = text.upper().translate(_READ_AS)
    return code if len(code) == _CODE_LETTERS else text
