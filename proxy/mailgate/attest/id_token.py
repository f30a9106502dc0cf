"""Reads an ID token and checks everything about it (OpenID Connect Core 1.0, section 3.1.3.7). Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from authlib.oidc.core import CodeIDToken
from joserfc import jws
from joserfc.errors import (
    BadSignatureError,
    ExpiredTokenError,
    InvalidClaimError,
    JoseError,
    MissingClaimError,
)
from joserfc.jwk import ECKey, OKPKey, RSAKey

from mailgate.attest.jose import MalformedJwsError, parse_object
from mailgate.errors import MailgateError


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
_IMPORTS: Mapping[str, type[RSAKey] | type[ECKey] | type[OKPKey]] = {
    "RSA": RSAKey,
    "EC": ECKey,
    "OKP": OKPKey,
}
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
    """The header of a token, which says how it is signed. Raises IdTokenError.

    :param offered: the algorithms that the provider says it signs with.
    """
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
    """The claims of a token, after its signature and its claims were checked. Raises IdTokenError. ``now`` is in seconds
    since 1970."""
    try:
        imported = _IMPORTS[key["kty"]].import_key({**key})
        token = jws.deserialize_compact(signed.text, imported, registry=_REGISTRY)
        said = parse_object(token.payload, "the ID token")
    except BadSignatureError:
        raise IdTokenError(TokenFault.SIGNATURE) from None
    except (JoseError, MalformedJwsError, ValueError):
        raise IdTokenError(TokenFault.MALFORMED) from None
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
    """Whether a key is public, for signatures, and for this algorithm."""
    return (
        key.get("kty") == _KINDS[algorithm]
        and key.get("use", "sig") == "sig"
        and key.get("alg", algorithm) == algorithm
        and key.get("crv") == _CURVES.get(algorithm)
        and _long_enough(key)
    )


def _long_enough(key: Jwk) -> bool:
    return key["kty"] != "RSA" or len(str(key.get("n", ""))) * 6 >= MIN_RSA_BITS
