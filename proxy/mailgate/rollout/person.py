"""The person who changes what is in force, and the errors for what they may not do. Which admin that is, their token says."""

from base64 import urlsafe_b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from unicodedata import normalize

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from mailgate.config.admins import AdminSettings
from mailgate.errors import MailgateError
from mailgate.store import Act


class RefusedError(MailgateError):
    """The action is not allowed now. The text says why, and what to do."""

    def __init__(self, why: str, by_command: str = "", *, plan: str = "", missing: int = 0) -> None:
        super().__init__(why)
        self.by_command = by_command
        self.plan = plan
        """The digest of the plan that it is about; empty if it is about none."""
        self.missing = missing
        """How many approvals that plan lacks."""


class UnknownError(RefusedError):
    """Nothing has this name."""


@dataclass(frozen=True, slots=True)
class Person:
    """A person who acts, and the computer from which they act."""

    name: str
    origin: str

    def act(self, now: datetime, what: str, why: str = "") -> Act:
        return Act(now, self.name, what, why=why, origin=self.origin)


SECRET_BYTES, SALT_BYTES = 32, 16
SHORTEST, LONGEST, DIFFERENT = 15, 128, 6
"""The shortest and the longest password, in characters, and the fewest different characters that it must have."""
_HASHER = PasswordHasher()  # RFC 9106, the second recommended option: 64 MiB, three rounds, four lanes


def new_secret(random: bytes) -> str:
    """Encode ``SECRET_BYTES`` random bytes as a secret."""
    return urlsafe_b64encode(random).rstrip(b"=").decode("ascii")


def token_of(name: str, secret: str) -> str:
    """The token with which an admin logs in."""
    return f"{name}:{secret}"


def hash_of(secret: str, salt: bytes) -> str:
    """The hash of a secret for the settings. ``salt`` is ``SALT_BYTES`` random bytes."""
    return _HASHER.hash(_bytes(secret), salt=salt)


def weakness(password: str, name: str) -> str:
    """What is wrong with a chosen password, in words. Good ones have 15 to 128 printable characters, six of them different
    (NIST SP 800-63B-4, section 3.1.1), no space at an end, and not the name."""
    if len(password) < SHORTEST or len(set(password)) < DIFFERENT:
        return f"is easy to guess; use at least {SHORTEST} characters, {DIFFERENT} of them different: a few words do"
    if len(password) > LONGEST:
        return f"is too long; use at most {LONGEST} characters"
    if name in password.lower():
        return "holds the name; use another"
    if not password.isprintable() or password != password.strip():
        return "begins or ends with a space, or cannot be typed everywhere; use printable characters"
    return ""


def proven(admins: Mapping[str, AdminSettings], token: str) -> str | None:
    """The name of the admin whose token this is. An unknown name, or one without a token, takes as long as a wrong secret."""
    name, _, secret = token.strip().partition(":")
    hashes = {each: admin.token_hash.get_secret_value() for each, admin in admins.items() if admin.token_hash}
    if not hashes:
        return None
    right = _matches(hashes.get(name) or _stand_in_hash(hashes, name), secret)
    return name if right and name in hashes else None


def _stand_in_hash(hashes: Mapping[str, str], name: str) -> str:
    """One of the hashes, always the same for a name, since the hashes of two people may take different times."""
    digest = sha256(name.encode("utf-8", "surrogatepass")).digest()
    return sorted(hashes.values())[int.from_bytes(digest) % len(hashes)]


def _matches(hashed: str, secret: str) -> bool:
    try:
        return _HASHER.verify(hashed, _bytes(secret))
    except (VerificationError, InvalidHashError):
        return False


def _bytes(secret: str) -> bytes:
    """The bytes to hash. They are the same however a keyboard composes its letters (NFC)."""
    return normalize("NFC", secret).encode("utf-8", "surrogatepass")
