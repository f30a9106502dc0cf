"""Verifies the ``DPoP`` proof: the sender of the token holds its key and has signed this request now (RFC 9449).

These are steps 12 to 18 of the verifier. The numbers of RFC 9449, section 4.3, stand beside them.
"""

import re
from collections.abc import Mapping, MutableMapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple

from joserfc.jwk import thumbprint

from mailgate.attest import Refused
from mailgate.attest.jose import (
    ALGORITHMS,
    ClaimMissingError,
    Claims,
    ClaimWrongError,
    Key,
    MalformedJwsError,
    base64url,
    parse_compact,
)
from mailgate.attest.keys import JwkError, algorithm_of, import_public, public_members
from mailgate.model import Reason

_HTTP_URL = re.compile(
    r"(?ias)(?P<scheme>https?)://(?P<host>[a-z0-9._-]+|\[[0-9a-f:.]+\])(?::(?P<port>[0-9]{0,5}))?"
    r"(?P<path>/(?:[^\x00-\x20\x7f-\U0010ffff%?#]|%[0-9a-f]{2})*)?(?:[?#].*)?"
)
_ESCAPE = re.compile(r"%[0-9A-Fa-f]{2}")
_UNRESERVED = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~")
_DEFAULT_PORTS = {"http": 80, "https": 443}


def same_target(one: str, other: str) -> bool:
    """Whether both are http(s) URLs of the same target. A text that is no such URL equals nothing."""
    target = normalised(one)
    # most URLs are exactly equal
    return target is not None and (one == other or target == normalised(other))


def normalised(url: str) -> str | None:
    """The URL in normal form, without query and fragment; None for anything but an http(s) URL."""
    match = _HTTP_URL.fullmatch(url)
    if match is None:
        return None
    scheme, host, port = match["scheme"].lower(), match["host"].lower(), match["port"]
    number = int(port) if port else _DEFAULT_PORTS[scheme]
    path = _ESCAPE.sub(_normal_escape, match["path"] or "/")
    return f"{scheme}://{host}:{number}{_without_dot_segments(path)}"


def _normal_escape(escape: re.Match[str]) -> str:
    character = chr(int(escape[0][1:], 16))
    return character if character in _UNRESERVED else escape[0].upper()


def _without_dot_segments(path: str) -> str:
    """Remove dot segments from a path that begins with a slash (RFC 3986, section 5.2.4)."""
    kept: list[str] = []
    segments = path.split("/")[1:]
    for segment in segments:
        if segment == "..":
            kept = kept[:-1]
        elif segment != ".":
            kept.append(segment)
    if segments[-1] in {".", ".."}:
        kept.append("")
    return "/" + "/".join(kept)


TYP = "dpop+jwt"
LONGEST_URL = 4096
WINDOW = timedelta(seconds=60)
"""How far a device's clock may differ, either way."""

ProvedKeys = MutableMapping[tuple[str, ...], tuple[str, Key]]
"""Keys with their thumbprints, by their JWK members. Hashing and importing a key would cost half a verification."""

_FOREIGN_PARAMETERS = ("crit", "b64", "jku", "x5u", "x5c")


@dataclass(frozen=True, slots=True)
class ExpectedProof:
    """The expectations for a proof: this key (RFC 7638 thumbprint), token and request, within `WINDOW` of now. ``jkt`` and ``token_hash`` are
    empty for one without a token, which may have any key, and ``body_hash`` for one that need not sign the body too."""

    jkt: str
    token_hash: bytes
    method: str
    url: str
    now: datetime
    body_hash: bytes = b""


class Proof(NamedTuple):
    """The content of a good proof: the thumbprint of its key, its own id, and the gate's nonce if it has one."""

    jkt: str
    jti: str
    nonce: str


def check_proof(proof: str, expected: ExpectedProof, known: ProvedKeys) -> Proof:
    """Check everything about a proof except its nonce and whether it was used before. Raises `Refused`."""
    try:
        return _checked(proof, expected, known)
    except JwkError as error:
        raise Refused(Reason.PROOF_MALFORMED, f"jwk.{error}") from None
    except (MalformedJwsError, ClaimMissingError, ClaimWrongError) as error:
        raise Refused(Reason.PROOF_MALFORMED, str(error)) from None


def _checked(proof: str, expected: ExpectedProof, known: ProvedKeys) -> Proof:
    # 12. It is one strictly written JWS without other keys, addresses or extensions. (2)
    jws = parse_compact(proof, forbidden=_FOREIGN_PARAMETERS)
    # 13. typ and alg are a proof's, and jwk is a public key for this alg. (4, 5, 7)
    members = _check_header(jws.header)
    # 14. jwk is the key that the token is bound to. (12b)
    jkt, key = _bound_key(members, expected.jkt, known)
    # 15. That key made the signature. (6)
    if not jws.is_signed_by(key, algorithm_of(members["kty"])):
        raise Refused(Reason.PROOF_SIGNATURE_WRONG, "the signature was not made by the key in jwk")
    # 16. to 18. The claims are there (3) and name this request, this time and this token. (8, 9, 11, 12a)
    return Proof(jkt, *_check_claims(Claims(jws.payload), expected))


def _check_header(header: Mapping[str, object]) -> dict[str, str]:
    if header.get("typ") != TYP:
        raise Refused(Reason.PROOF_TYP_WRONG, f"typ must be {TYP}")
    algorithm = header.get("alg")
    if algorithm not in ALGORITHMS:
        raise Refused(Reason.PROOF_ALG_REFUSED, f"alg must be one of {', '.join(ALGORITHMS)}")
    jwk = header.get("jwk")
    members = public_members(jwk if isinstance(jwk, dict) else {})
    if algorithm_of(members["kty"]) != algorithm:
        raise Refused(Reason.PROOF_ALG_REFUSED, f"jwk is a key for {algorithm_of(members['kty'])}")
    return members


def _bound_key(members: dict[str, str], bound_to: str, known: ProvedKeys) -> tuple[str, Key]:
    """The key of the proof with its thumbprint. ``bound_to`` is the thumbprint that it must have, or empty."""
    spelled = tuple(members.values())
    jkt, key = known.get(spelled) or (thumbprint({**members}), None)
    if bound_to not in ("", jkt):
        raise Refused(Reason.PROOF_KEY_MISMATCH, "jwk is not the key that the token is bound to")
    if key is None:
        key = import_public(members)
        known[spelled] = jkt, key
    return jkt, key


def _check_claims(claims: Claims, expected: ExpectedProof) -> tuple[str, str]:
    jti = claims.text("jti")
    # 16. htm and htu are this request's.
    if claims.text("htm") != expected.method:
        raise Refused(Reason.PROOF_METHOD_WRONG, "htm is not the method of this request")
    if not same_target(claims.text("htu", LONGEST_URL), expected.url):
        raise Refused(Reason.PROOF_URL_WRONG, "htu is not the address of this request")
    # 17. It was made just now.
    off = claims.instant("iat") - expected.now
    if off < -WINDOW:
        raise Refused(Reason.PROOF_STALE, f"iat is more than {WINDOW} ago", clock_off=off)
    if off > WINDOW:
        raise Refused(Reason.PROOF_FROM_FUTURE, f"iat is more than {WINDOW} ahead", clock_off=off)
    # 18. It was made for this token.
    if expected.token_hash and ("ath" not in claims or claims.text("ath") != base64url(expected.token_hash)):
        raise Refused(Reason.PROOF_TOKEN_HASH_WRONG, "ath is not the SHA-256 of the token")
    # Where the body has to be signed, the proof signs it.
    if expected.body_hash and ("bh" not in claims or claims.text("bh") != base64url(expected.body_hash)):
        raise Refused(Reason.REPORT_UNSIGNED, "bh is not the SHA-256 of the body")
    return jti, claims.text("nonce") if "nonce" in claims else ""
