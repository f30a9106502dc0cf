"""Who somebody is: an admin of the settings, by the token that only they have.

A token is the name, a colon and a secret, like ``ada:Zm9v…``. The settings hold the argon2id hash of the secret.
"""

from base64 import urlsafe_b64encode
from collections.abc import Mapping
from hashlib import sha256

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from mailgate.config.admins import AdminSettings

SECRET_BYTES, SALT_BYTES = 32, 16
_HASHER = PasswordHasher()  # RFC 9106, the second recommended option: 64 MiB, three rounds, four lanes


def new_secret(random: bytes) -> str:
    """The secret of ``SECRET_BYTES`` random bytes."""
    return urlsafe_b64encode(random).rstrip(b"=").decode("ascii")


def token_of(name: str, secret: str) -> str:
    """What an admin shows."""
    return f"{name}:{secret}"


def hash_of(secret: str, salt: bytes) -> str:
    """What the settings hold of a secret. ``salt`` is ``SALT_BYTES`` random bytes."""
    return _HASHER.hash(secret, salt=salt)


def proven(admins: Mapping[str, AdminSettings], token: str) -> str | None:
    """The name of the admin whose token this is; None where it is nobody's.

    A name that there is not, or that has no token, takes as long as a wrong secret: the work is done all the same.
    """
    name, _, secret = token.strip().partition(":")
    hashes = {each: admin.token_hash.get_secret_value() for each, admin in admins.items() if admin.token_hash}
    if not hashes:
        return None
    right = _matches(hashes.get(name) or _somebodys(hashes, name), secret)
    return name if right and name in hashes else None


def _somebodys(hashes: Mapping[str, str], name: str) -> str:
    """One of the hashes, always the same for a name: those of two people may take different work."""
    digest = sha256(name.encode("utf-8", "surrogatepass")).digest()
    return sorted(hashes.values())[int.from_bytes(digest) % len(hashes)]


def _matches(hashed: str, secret: str) -> bool:
    try:
        return _HASHER.verify(hashed, secret.encode("utf-8", "surrogatepass"))
    except (VerificationError, InvalidHashError):
        return False
