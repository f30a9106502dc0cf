"""Reads trust anchors, the public keys of an issuer, from a JWKS (RFC 7517).

It accepts two kinds of key: EC on P-256 (for ES256) and OKP on Ed25519 (for Ed25519).
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import cast

from joserfc.jwk import import_key

from mailgate.attest.jose import Key, MalformedJwsError, parse_object
from mailgate.errors import MailgateError

_COORDINATE = re.compile(r"[A-Za-z0-9_-]{43}")  # 32 bytes
OF_LOGINS = "login "
"""The beginning of the names of keys that sign logins and attest nothing."""
_SECRET_MEMBERS = ("d", "k", "p", "q", "dp", "dq", "qi", "oth")


@dataclass(frozen=True, slots=True)
class _KeyType:
    curve: str
    algorithm: str
    coordinates: tuple[str, ...]


_KEY_TYPES = {
    "EC": _KeyType("P-256", "ES256", ("x", "y")),
    "OKP": _KeyType("Ed25519", "Ed25519", ("x",)),
}


class KeySetError(MailgateError):
    """A JWKS cannot be trusted as it is. The error has every mistake, each with the index of the key."""

    def __init__(self, mistakes: list[str]) -> None:
        self.mistakes = mistakes
        super().__init__("\n".join(mistakes))


class JwkError(ValueError):
    """A JWK is no public key of an accepted kind. The message names the member and says what is expected."""


@dataclass(frozen=True, slots=True)
class KeySet:
    """The public keys of one issuer by their ``kid``."""

    keys: Mapping[str, Key]
    unavailable: bool = False
    """Whether the source of the keys does not answer. The issuer may then have keys that this set lacks."""

    def get(self, kid: str) -> Key | None:
        return self.keys.get(kid)

    def renewed(self, newer: "KeySet") -> "KeySet":
        """The set ``newer``. For each key that this set has too, it keeps this set's object, so that cached verifications stay valid."""
        kept = {
            kid: key
            for kid, key in self.keys.items()
            if (new := newer.get(kid)) is not None and new.thumbprint() == key.thumbprint()
        }
        return replace(newer, keys={**newer.keys, **kept})


def parse_jwks(text: str) -> KeySet:
    """Read the content of a JWKS file. Raises `KeySetError` with all mistakes."""
    try:
        entries = parse_object(text.encode("utf-8"), "JWKS").get("keys")
    except (MalformedJwsError, UnicodeEncodeError) as error:
        raise KeySetError([str(error)]) from None
    if not isinstance(entries, list) or not entries:
        raise KeySetError(['JWKS: use a member "keys" with a list of at least one public key'])
    keys: dict[str, Key] = {}
    mistakes: list[str] = []
    for at, entry in enumerate(entries):
        try:
            kid, key = _issuer_key(entry)
            if kid in keys:
                raise JwkError("kid: is repeated in the set; every key needs its own")
            keys[kid] = key
        except JwkError as error:
            mistakes.append(f"keys[{at}].{error}")
    if mistakes:
        raise KeySetError(mistakes)
    return KeySet(keys)


def public_members(jwk: Mapping[str, object]) -> dict[str, str]:
    """The checked members of a public key, which are those that RFC 7638 hashes. Raises `JwkError`."""
    kty = jwk.get("kty")
    kind = _KEY_TYPES.get(kty) if isinstance(kty, str) else None
    if kind is None:
        raise JwkError('kty: use "EC" (with P-256) or "OKP" (with Ed25519)')
    if secret := [name for name in _SECRET_MEMBERS if name in jwk]:
        raise JwkError(f"{secret[0]}: is a private member; use the public key alone")
    if jwk.get("crv") != kind.curve:
        raise JwkError(f'crv: use "{kind.curve}"')
    for name in kind.coordinates:
        if not isinstance(value := jwk.get(name), str) or not _COORDINATE.fullmatch(value):
            raise JwkError(f"{name}: use 43 characters of base64url (32 bytes)")
    return {name: str(jwk[name]) for name in ("kty", "crv", *kind.coordinates)}


def import_public(members: dict[str, str]) -> Key:
    """Make a key from `public_members`. Raises `JwkError` if they are no point on the curve."""
    try:
        return cast(Key, import_key({**members}))
    except ValueError:
        raise JwkError(f"x: use a point on {members['crv']}") from None


def algorithm_of(kty: str) -> str:
    return _KEY_TYPES[kty].algorithm


def _issuer_key(entry: object) -> tuple[str, Key]:
    if not isinstance(entry, dict):
        raise JwkError("kty: use a JSON object with the members of a public key")
    key = import_public(public_members(entry))
    kid = entry.get("kid")
    if not isinstance(kid, str) or not kid:
        raise JwkError("kid: use a text; tokens name their key by it")
    if entry.get("use", "sig") != "sig":
        raise JwkError('use: write "sig" or nothing')
    if entry.get("alg", algorithm_of(key.key_type)) != algorithm_of(key.key_type):
        raise JwkError(f'alg: use "{algorithm_of(key.key_type)}" or nothing for this kind of key')
    operations = entry.get("key_ops", ["verify"])
    if not isinstance(operations, list) or "verify" not in operations:
        raise JwkError('key_ops: use a list with "verify" or nothing')
    return kid, key
