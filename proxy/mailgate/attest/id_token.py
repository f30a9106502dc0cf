"""Reads an ID token and checks everything about it (OpenID Connect Core 1.0, section 3.1.3.7). Pure."""

from collections.abc import Callable, Mapping, MutableMapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from hashlib import sha256
from typing import Any, cast

from cachetools import LRUCache
from joserfc import jws
from joserfc.errors import (
    BadSignatureError,
    ExpiredTokenError,
    InvalidClaimError,
    JoseError,
    MissingClaimError,
)
from joserfc.jwk import import_key

from mailgate.attest.certificates import LONGEST
from mailgate.attest.jose import Key, MalformedJwsError, parse_object
from mailgate.attest.keys import KeySet, KeySetError
from mailgate.errors import MailgateError
from mailgate.model.proofs import VerifiedLogin


class TokenFault(StrEnum):
    """What is wrong with a token, in a word for the log that says nothing about anybody."""

    MALFORMED = "malformed-token"
    ALGORITHM = "algorithm"
    KEY = "wrong-key"
    SIGNATURE = "wrong-signature"
    ISSUER = "wrong-issuer"
    AUDIENCE = "wrong-audience"
    EXPIRED = "expired"
    EARLY = "issued-in-the-future"
    NONCE = "wrong-nonce"
    CLAIM = "wrong-claim"


class IdTokenError(MailgateError):
    """A token is not believed."""

    def __init__(self, fault: TokenFault) -> None:
        super().__init__(fault.value)
        self.fault = fault


LEEWAY_SECONDS = 60
"""How many seconds the clocks of the gate and the provider may differ."""
MAX_TOKEN = 64 * 1024
MIN_RSA_BITS = 2048

_KINDS = {
    **dict.fromkeys(("RS256", "RS384", "RS512", "PS256", "PS384", "PS512"), "RSA"),
    **dict.fromkeys(("ES256", "ES384", "ES512"), "EC"),
    **dict.fromkeys(("Ed25519",), "OKP"),
}
"""The allowed algorithms, each with its kind of key. All of them use a public key."""
_CURVES = {"ES256": "P-256", "ES384": "P-384", "ES512": "P-521", "Ed25519": "Ed25519"}
_REGISTRY = jws.JWSRegistry(algorithms=[*_KINDS])

_CLAIMS = {
    "iss": TokenFault.ISSUER,
    "aud": TokenFault.AUDIENCE,
    "azp": TokenFault.AUDIENCE,
    "exp": TokenFault.EXPIRED,
    "iat": TokenFault.EARLY,
    "nbf": TokenFault.EARLY,
    "nonce": TokenFault.NONCE,
}

Jwk = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class ExpectedToken:
    """The values that a token must have to be the one that was asked for."""

    issuer: str
    client_id: str
    nonce: str = ""
    """The nonce of the login; empty if it was another's login, who has checked it."""
    access_token: str = ""
    """The access token beside it, whose hash the token may hold (``at_hash``)."""


@dataclass(frozen=True, slots=True)
class Signed:
    """A token that is not verified yet."""

    text: str
    algorithm: str
    key_id: str | None


def read(text: object, offered: Sequence[str]) -> Signed:
    """The header of a token, which says how it is signed: by one of ``offered``, the provider's algorithms. Raises IdTokenError."""
    if not isinstance(text, str) or not text.isascii() or len(text) > MAX_TOKEN:
        raise IdTokenError(TokenFault.MALFORMED)
    try:
        head = jws.extract_compact(text.encode()).headers()
    except (JoseError, ValueError):
        raise IdTokenError(TokenFault.MALFORMED) from None
    algorithm, key_id = head.get("alg"), head.get("kid")
    if not isinstance(algorithm, str) or algorithm not in _KINDS or algorithm not in offered:
        raise IdTokenError(TokenFault.ALGORITHM)
    if (key_id is not None and not isinstance(key_id, str)) or "crit" in head:
        raise IdTokenError(TokenFault.MALFORMED)
    return Signed(text, algorithm, key_id)


def key_for(signed: Signed, keys: Sequence[Jwk]) -> Jwk | None:
    """The provider's key that the token names; None if the key is unknown. A token that names none is accepted only if
    there is one key (Core 1.0, section 10.1)."""
    fitting = [key for key in keys if _fits(key, signed.algorithm)]
    if signed.key_id is not None:
        fitting = [key for key in fitting if key.get("kid") == signed.key_id]
    return fitting[0] if len(fitting) == 1 else None


def claims_of(signed: Signed, key: Jwk, expected: ExpectedToken, now: int) -> dict[str, Any]:
    """The claims of a token, once its signature and they are checked. Raises IdTokenError. ``now`` is in seconds since 1970."""
    try:
        imported = import_key({**key})
        token = jws.deserialize_compact(signed.text, imported, registry=_REGISTRY)
        said = parse_object(token.payload, "the ID token")
    except BadSignatureError:
        raise IdTokenError(TokenFault.SIGNATURE) from None
    except (JoseError, MalformedJwsError, ValueError):
        raise IdTokenError(TokenFault.MALFORMED) from None
    from authlib.oidc.core import CodeIDToken

    claims = CodeIDToken(
        said,
        token.headers(),
        options={
            "iss": {"essential": True, "value": expected.issuer},
            "aud": {"essential": True, "value": expected.client_id},
            "sub": {"essential": True},
            "nonce": {"essential": bool(expected.nonce)},
        },
        params={
            "nonce": expected.nonce,
            "client_id": expected.client_id,
            "access_token": expected.access_token,
        },
    )
    try:
        claims.validate(now=now, leeway=LEEWAY_SECONDS)
    except ExpiredTokenError:
        raise IdTokenError(TokenFault.EXPIRED) from None
    except (InvalidClaimError, MissingClaimError) as error:
        raise IdTokenError(_CLAIMS.get(error.claim, TokenFault.CLAIM)) from None
    except (JoseError, TypeError, ValueError, AttributeError):
        raise IdTokenError(TokenFault.CLAIM) from None
    return said


def _fits(key: Jwk, algorithm: str) -> bool:
    return (
        key.get("kty") == _KINDS[algorithm]
        and key.get("use", "sig") == "sig"
        and key.get("alg", algorithm) == algorithm
        and key.get("crv") == _CURVES.get(algorithm)
        and (key["kty"] != "RSA" or len(str(key.get("n", ""))) * 6 >= MIN_RSA_BITS)
    )


MAX_REMEMBERED = 10_000


def parse_provider_keys(text: str) -> KeySet:
    """Read the JWKS of a provider. Keys of other kinds or for other purposes, which providers list beside, are left out. Raises KeySetError
    if none is left."""
    try:
        listed = parse_object(text.encode("utf-8", "replace"), "JWKS").get("keys")
    except MalformedJwsError as error:
        raise KeySetError([str(error)]) from None
    keys = {}
    for each in listed if isinstance(listed, list) else ():
        with suppress(JoseError, ValueError, TypeError, KeyError, AttributeError):
            if isinstance(each["kid"], str) and any(_fits(each, algorithm) for algorithm in _KINDS):
                keys[each["kid"]] = cast(Key, import_key({**each}))
    if not keys:
        raise KeySetError(["JWKS: use a public key for signatures, with a `kid`"])
    return KeySet(keys)


class LoginTokens:
    """Verifies the tokens of one provider that trusted proxies pass on. It remembers ``MAX_REMEMBERED`` of them until they expire.

    ``source`` names the provider's keys, ``named`` and ``device`` are the claims with the login name and the device's id, and ``person``
    returns the person of a login.
    """

    def __init__(
        self,
        expected: ExpectedToken,
        source: str = "",
        *,
        named: str = "preferred_username",
        device: str = "deviceid",
        person: Callable[[str], str] = str,
    ) -> None:
        self.source = source
        self._expected, self._named, self._device, self._person = expected, named, device, person
        self._verified: MutableMapping[bytes, tuple[object, VerifiedLogin]] = LRUCache(MAX_REMEMBERED)

    def verify(self, token: bytes, keys: KeySet, now: datetime) -> VerifiedLogin:
        """The login of a token. Raises IdTokenError; ``TokenFault.KEY`` if the key is not among ``keys``."""
        signed = read(token.decode("latin-1"), [*_KINDS])
        key = keys.get(signed.key_id or "")
        if key is None:
            raise IdTokenError(TokenFault.KEY)
        digest = sha256(token).digest()
        by, login = self._verified.get(digest, (None, None))
        if login is None or by is not key or login.expires <= now:
            login = self._read(signed, key.as_dict(private=False), now)
            self._verified[digest] = key, login
        return login

    def _read(self, signed: Signed, key: Jwk, now: datetime) -> VerifiedLogin:
        if not _fits(key, signed.algorithm):
            raise IdTokenError(TokenFault.ALGORITHM)
        claims = claims_of(signed, key, self._expected, int(now.timestamp()))
        named, device = claims.get(self._named), claims.get(self._device, "")
        if not isinstance(named, str) or not isinstance(device, str) or not (named + device).isprintable():
            raise IdTokenError(TokenFault.CLAIM)
        if not named or max(len(named), len(device)) > LONGEST:
            raise IdTokenError(TokenFault.CLAIM)
        return VerifiedLogin(self._person(named), device, datetime.fromtimestamp(claims["exp"], UTC))
