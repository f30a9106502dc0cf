"""Makes keys, tokens and proofs for demos, tests and trying a rule. A real issuer is the company's MDM.

Time and randomness come in as arguments: the same secret makes the same key.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from typing import cast

from joserfc import jws
from joserfc.jwk import ECKey, KeyParameters, import_key

from mailgate.attest import dpop, passport
from mailgate.attest.jose import ALGORITHMS, Key, base64url, parse_object
from mailgate.attest.keys import algorithm_of, public_members

TEST_ISSUER = "https://mdm.example.com"

ISSUER_KEY_FILE = "issuer.private.jwk"
DEVICE_KEY_FILE = "device.private.jwk"
JWKS_FILE = "issuer.jwks.json"

Json = Mapping[str, object]


@dataclass(frozen=True, slots=True)
class AttestedDevice:
    """A token's statements about a device: the private claims of ``docs/attestation.md``."""

    subject: str
    form: str = "phone"
    os: str = "ios"
    os_version: str = ""
    user: str = ""
    managed: bool = True
    eas_ids: tuple[str, ...] = ()
    apps: tuple[str, ...] = ()
    complete: bool = True
    status: str = "affirming"


@dataclass(frozen=True, slots=True)
class Issue:
    """The issuer of a token, its audience, its time and its lifetime. ``jti`` must be new for every token."""

    issuer: str
    audience: str
    jti: str
    now: datetime
    lifetime: timedelta = timedelta(hours=1)


def make_key(secret: bytes, kid: str = "") -> Key:
    """Derive a private key for ES256 from a secret of at least 32 random bytes. Without a ``kid``, its thumbprint (RFC 7638) is
    its name, so that no two keys of a set have the same name."""
    options: KeyParameters = {"kid": kid} if kid else {}
    key = ECKey.derive_key(secret, "P-256", options)
    key.ensure_kid()
    return key


def key_files(issuer_secret: bytes, device_secret: bytes) -> dict[str, str]:
    """The files of an issuer and of one device, from name to content. All of them except `JWKS_FILE` are secret."""
    issuer, device = make_key(issuer_secret), make_key(device_secret)
    return {
        ISSUER_KEY_FILE: _pretty(issuer.as_dict(private=True)),
        DEVICE_KEY_FILE: _pretty(device.as_dict(private=True)),
        JWKS_FILE: jwks(issuer),
    }


def jwks(*issuer_keys: Key) -> str:
    """The JWKS file (RFC 7517) for a gate with the public halves of these keys."""
    keys = [key.as_dict(private=False, use="sig", alg=algorithm_of(key.key_type)) for key in issuer_keys]
    return _pretty({"keys": keys})


def read_private_key(text: str) -> Key:
    """Read the content of a private key file. Raises ValueError for anything but a private key of ours."""
    jwk = parse_object(text.encode("utf-8"), "key")
    secret = jwk.pop("d", None)
    if not isinstance(secret, str):
        raise ValueError("d: use a private JWK: EC with P-256, or OKP with Ed25519")
    members = {**public_members(jwk), "d": secret, "kid": str(jwk.get("kid", ""))}
    return cast(Key, import_key({**members}))


def claims(device: AttestedDevice, issue: Issue, device_key: Key) -> dict[str, object]:
    now = int(issue.now.timestamp())
    said: dict[str, object] = {
        "iss": issue.issuer,
        "aud": issue.audience,
        "sub": device.subject,
        "iat": now,
        "nbf": now,
        "exp": now + int(issue.lifetime.total_seconds()),
        "jti": issue.jti,
        "eat_profile": passport.PROFILE,
        "cnf": {"jkt": device_key.thumbprint()},
        "ear.verifier-id": {"developer": "mailgate", "build": "mint"},
        "submods": {"device": {"ear.status": device.status}},
        "form": device.form,
        "os": device.os,
        "managed": device.managed,
        "apps": {"at": now, "listed": list(device.apps), "complete": device.complete},
    }
    optional = {"os_version": device.os_version, "user": device.user, "eas_ids": list(device.eas_ids)}
    return said | {name: value for name, value in optional.items() if value}


def sign_token(payload: Json, issuer_key: Key) -> str:
    """The ``Device-Attestation`` header value for these claims."""
    return _signed({"typ": passport.TYP, "kid": issuer_key.kid}, payload, issuer_key)


def sign_proof(
    token: str,
    device_key: Key,
    *,
    method: str,
    url: str,
    jti: str,
    now: datetime,
    nonce: str = "",
    body: bytes = b"",
) -> str:
    """The ``DPoP`` header value for one request with ``token``. If ``token`` is empty, it proves the key only.

    ``jti`` must be new for every request. ``nonce`` is the gate's last ``DPoP-Nonce``. If there is a ``body``, it is signed too, as
    reports about apps must be.
    """
    payload: dict[str, object] = {
        "jti": jti,
        "htm": method,
        "htu": url.partition("#")[0].partition("?")[0],
        "iat": int(now.timestamp()),
    }
    if token:
        payload["ath"] = base64url(sha256(token.encode()).digest())
    if nonce:
        payload["nonce"] = nonce
    if body:
        payload["bh"] = base64url(sha256(body).digest())
    public = {name: value for name, value in device_key.as_dict(private=False).items() if name != "kid"}
    return _signed({"typ": dpop.TYP, "jwk": public}, payload, device_key)


def _signed(header: dict[str, object], payload: Json, key: Key) -> str:
    header["alg"] = algorithm_of(key.key_type)
    return jws.serialize_compact(header, json.dumps(payload, separators=(",", ":")), key, ALGORITHMS)


def _pretty(value: object) -> str:
    return json.dumps(value, indent=2) + "\n"
