"""Reads the JWS compact serialisation strictly (RFC 7515, section 7.1; RFC 8725 says what not to trust), and the members of a signed
object by type.

``joserfc`` verifies the signatures. This file does the reading itself, because the same bytes must never have two meanings:
it accepts no duplicate member names, no NaN, no UTF-16 and no characters outside the alphabet. JSON's types differ from Python's: ``true``
is no number here.
"""

import binascii
import json
import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from joserfc.jwk import ECKey, OKPKey
from joserfc.jws import JWSRegistry

ALGORITHMS = ("ES256", "Ed25519")
"""The accepted algorithms (RFC 7518, section 3.4; RFC 9864). So neither ``none`` nor a MAC can ever be tried."""

Key = ECKey | OKPKey

_REGISTRY = JWSRegistry(algorithms=ALGORITHMS)
_COMPACT = re.compile(r"([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]*)")


class MalformedJwsError(ValueError):
    """The text is not one compact JWS of two JSON objects. The message says which part is wrong."""


def _without_duplicates(pairs: list[tuple[str, object]]) -> dict[str, object]:
    members: dict[str, object] = {}
    for name, value in pairs:
        if name in members:
            raise ValueError("a member name is repeated")
        members[name] = value
    return members


def _no_constant(name: str) -> object:
    raise ValueError(f"{name} is not JSON")


_STRICT_JSON = json.JSONDecoder(object_pairs_hook=_without_duplicates, parse_constant=_no_constant)


@dataclass(frozen=True, slots=True)
class CompactJws:
    """The parts of a JWS. Nothing in them may be believed before ``is_signed_by`` returns True."""

    header: Mapping[str, object]
    payload: Mapping[str, object]
    signing_input: bytes
    signature: bytes

    def is_signed_by(self, key: Key, algorithm: str) -> bool:
        """Whether ``key`` made the signature with ``algorithm``. The algorithm must be one of `ALGORITHMS`."""
        verifier = _REGISTRY.get_alg(algorithm)
        verifier.check_key(key)
        return verifier.verify(self.signing_input, self.signature, key)


def parse_compact(text: str, forbidden: Iterable[str] = ()) -> CompactJws:
    """Take a compact JWS apart, whose header has none of the ``forbidden`` parameters. Raises `MalformedJwsError`."""
    match = _COMPACT.fullmatch(text)
    if match is None:
        raise MalformedJwsError("expected three base64url parts with dots between them")
    header, payload, signature = match.groups()
    parameters = parse_object(_decoded(header, "header"), "header")
    for name in forbidden:
        if name in parameters:
            raise MalformedJwsError(f"the header must not have {name}")
    return CompactJws(
        header=parameters,
        payload=parse_object(_decoded(payload, "payload"), "payload"),
        signing_input=text[: match.end(2)].encode("ascii"),
        signature=_decoded(signature, "signature"),
    )


def parse_object(data: bytes, name: str) -> dict[str, object]:
    """Read one JSON object without duplicate names. Raises `MalformedJwsError` naming ``name``."""
    try:
        value = _STRICT_JSON.decode(data.decode("utf-8"))
    except RecursionError:
        raise MalformedJwsError(f"{name} is nested too deeply") from None
    except ValueError as error:
        raise MalformedJwsError(f"{name} is not strict JSON in UTF-8: {_cause(error)}") from None
    if not isinstance(value, dict):
        raise MalformedJwsError(f"{name} is not a JSON object")
    return value


def base64url(data: bytes) -> str:
    """The bytes in base64url without padding (RFC 7515, section 2), as the claims ``ath`` (RFC 9449, section 4.2) and ``bh`` have a hash."""
    return urlsafe_b64encode(data).rstrip(b"=").decode("ascii")


def _decoded(part: str, name: str) -> bytes:
    """Decode base64url. Unused bits must be zero (RFC 4648, section 3.5), so that each value has one spelling."""
    try:
        data = urlsafe_b64decode(part + "==")  # more padding than is needed is ignored
    except binascii.Error:
        data = b""
    if base64url(data) != part:
        raise MalformedJwsError(f"{name} is not base64url")
    return data


def _cause(error: ValueError) -> str:
    """The error in words. A decoding error's own text would repeat bytes of the token."""
    if isinstance(error, json.JSONDecodeError):
        return f"{error.msg} at character {error.pos}"
    return "wrong encoding" if isinstance(error, UnicodeError) else str(error)


TEXT_LIMIT = 255
"""Longest text of one claim, in characters: what fits every column and header that it may end up in."""
_LAST_SECOND = 253_402_300_799  # 9999-12-31T23:59:59Z, the end of datetime


class ClaimMissingError(ValueError):
    """A required claim is missing. The message is its path."""


class ClaimWrongError(ValueError):
    """A claim has a wrong type or an impossible value. The message has its path and says what is expected."""


@dataclass(frozen=True, slots=True)
class Claims:
    """One JSON object. Every method raises `ClaimMissingError` or `ClaimWrongError`, naming the claim's whole path."""

    members: Mapping[str, object]
    path: str = ""

    def __contains__(self, name: str) -> bool:
        return name in self.members

    def text(self, name: str, longest: int = TEXT_LIMIT) -> str:
        """A text of 1 to ``longest`` printable characters, which can be logged and stored."""
        return _printable(self._get(name), self._named(name), longest)

    def texts(self, name: str) -> tuple[str, ...]:
        """A list of such texts, which may be empty."""
        values = self._get(name)
        if not isinstance(values, list):
            raise ClaimWrongError(f"{self._named(name)} must be a list of texts")
        named = self._named(name)
        return tuple(_printable(value, f"{named}[{at}]", TEXT_LIMIT) for at, value in enumerate(values))

    def flag(self, name: str) -> bool:
        value = self._get(name)
        if not isinstance(value, bool):
            raise ClaimWrongError(f"{self._named(name)} must be true or false")
        return value

    def whole(self, name: str, low: int, high: int) -> int:
        """A whole number from ``low`` to ``high``, written without fraction or exponent."""
        value = self._get(name)
        if type(value) is not int or not low <= value <= high:
            raise ClaimWrongError(f"{self._named(name)} must be a whole number from {low} to {high}")
        return value

    def instant(self, name: str) -> datetime:
        """A NumericDate (RFC 7519, section 2) in whole seconds, aware and in UTC."""
        return datetime.fromtimestamp(self.whole(name, 0, _LAST_SECOND), UTC)

    def inner(self, name: str) -> "Claims":
        """The inner object of this name. Its claims are named by their whole path."""
        value = self._get(name)
        if not isinstance(value, dict):
            raise ClaimWrongError(f"{self._named(name)} must be an object")
        return Claims(value, self._named(name))

    def _get(self, name: str) -> object:
        if name not in self.members:
            raise ClaimMissingError(f"{self._named(name)} is missing")
        return self.members[name]

    def _named(self, name: str) -> str:
        return f"{self.path}.{name}" if self.path else name


def _printable(value: object, name: str, longest: int) -> str:
    if not isinstance(value, str) or not value or not value.isprintable() or len(value) > longest:
        raise ClaimWrongError(f"{name} must be a text of 1 to {longest} printable characters")
    return value
