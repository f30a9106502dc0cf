"""Makes and reads enrolment tokens of 256 bits, and pairing codes that a person can type. Only their hashes are kept."""

from base64 import urlsafe_b64encode
from datetime import timedelta
from hashlib import sha256

TOKEN_BYTES, CODE_BYTES = 32, 5
CODE_LIFE = timedelta(minutes=10)
_PREFIX = "mailgate-enrol-"
_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
"""Crockford's base32. It has no I, L, O or U, which could be read as another letter."""
_READ_AS = str.maketrans({"O": "0", "I": "1", "L": "1", "-": None, " ": None})
_CODE_LETTERS = 8


def new_token(random: bytes) -> str:
    """Make a token from ``TOKEN_BYTES`` random bytes."""
    return _PREFIX + urlsafe_b64encode(random).rstrip(b"=").decode("ascii")


def new_code(random: bytes) -> str:
    """Make a pairing code like ``7K3M-9XQ2`` from ``CODE_BYTES`` random bytes."""
    number = int.from_bytes(random)
    letters = "".join(_ALPHABET[number >> 5 * at & 31] for at in reversed(range(_CODE_LETTERS)))
    return f"{letters[:4]}-{letters[4:]}"


def digest_of(text: str) -> bytes:
    """The digest by which a token or a code is found. A code may be typed in any case, with spaces and without its hyphen."""
    return sha256(_as_written(text.strip()).encode("utf-8", "surrogatepass")).digest()


def name_of(digest: bytes) -> str:
    """The name by which people call a token. It reveals nothing about the token itself."""
    return f"token-{digest.hex()[:10]}"


def _as_written(text: str) -> str:
    if text.startswith(_PREFIX):
        return text
    code = text.upper().translate(_READ_AS)
    return code if len(code) == _CODE_LETTERS else text
