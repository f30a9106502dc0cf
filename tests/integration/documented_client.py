"""A client written only from ``docs/attestation.md``, without any of the gate's code."""

import json
import time
from base64 import urlsafe_b64decode, urlsafe_b64encode
from contextlib import closing
from dataclasses import dataclass, field
from hashlib import sha256
from http.client import HTTPConnection
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256
from tests.servers import PATIENCE

Answer = tuple[int, dict[str, Any]]


def base64url(data: bytes) -> str:
    return urlsafe_b64encode(data).rstrip(b"=").decode()


def unbase64url(text: str) -> bytes:
    return urlsafe_b64decode(text + "=" * (-len(text) % 4))


def part(value: dict[str, Any]) -> str:
    return base64url(json.dumps(value).encode())


@dataclass
class Client:
    """One device: its key, its last nonce, and its token."""

    address: str
    """Where the gate listens."""
    public_url: str
    """What people type: the audience of tokens and the beginning of every ``htu``."""
    key: ec.EllipticCurvePrivateKey = field(default_factory=lambda: ec.generate_private_key(ec.SECP256R1()))
    nonce: str = ""
    token: str = ""

    @property
    def jwk(self) -> dict[str, str]:
        numbers = self.key.public_key().public_numbers()
        x, y = (base64url(each.to_bytes(32)) for each in (numbers.x, numbers.y))
        return {"kty": "EC", "crv": "P-256", "x": x, "y": y}

    @property
    def thumbprint(self) -> str:
        """RFC 7638: the members in the order of the alphabet, without a space."""
        return base64url(
            sha256(json.dumps(self.jwk, sort_keys=True, separators=(",", ":")).encode()).digest()
        )

    def proof(self, method: str, path: str, token: str = "") -> str:
        claims = {"jti": str(uuid4()), "htm": method, "htu": self.public_url + path, "iat": int(time.time())}
        if self.nonce:
            claims["nonce"] = self.nonce
        if token:
            claims["ath"] = base64url(sha256(token.encode()).digest())
        signed = f"{part({'typ': 'dpop+jwt', 'alg': 'ES256', 'jwk': self.jwk})}.{part(claims)}"
        r, s = decode_dss_signature(self.key.sign(signed.encode(), ec.ECDSA(SHA256())))
        return f"{signed}.{base64url(r.to_bytes(32) + s.to_bytes(32))}"

    def ask(self, method: str, path: str, body: object = None, **headers: str) -> Answer:
        """A request with a proof of its own, repeated once with the nonce if that was missing."""
        status, told, challenge = self._once(method, path, body, headers)
        if status == 401 and "use_dpop_nonce" in challenge:
            status, told, _ = self._once(method, path, body, headers)
        return status, told

    def enrol(self, token: str) -> Answer:
        return self.ask("POST", "/.mailgate/enroll", {"token": token})

    def report(self, **said: object) -> Answer:
        status, told = self.ask("POST", "/.mailgate/attest", {"os": "linux"} | said)
        self.token = told.get("device_attestation", self.token)
        return status, told

    def _once(
        self, method: str, path: str, body: object, headers: dict[str, str]
    ) -> tuple[int, dict[str, Any], str]:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        token = named.get("Device-Attestation", "")
        sent = named | {"DPoP": self.proof(method, path, token), "Accept": "application/json"}
        content = None if body is None else json.dumps(body)
        if content is not None:
            sent["Content-Type"] = "application/json"
        with closing(HTTPConnection(urlsplit(self.address).netloc, timeout=PATIENCE)) as connection:
            connection.request(method, path, content, sent)
            with connection.getresponse() as answer:
                told = answer.read()
        self.nonce = answer.headers.get("DPoP-Nonce") or self.nonce
        json_told = json.loads(told) if "json" in answer.headers.get("Content-Type", "") else {}
        return answer.status, json_told, answer.headers.get("WWW-Authenticate", "")


def verified_claims(token: str, jwks: dict[str, Any]) -> dict[str, Any]:
    """The claims of a token of the gate's own, checked with the keys that it publishes. Raises InvalidSignature."""
    head, body, signature = token.split(".")
    header, raw = json.loads(unbase64url(head)), unbase64url(signature)
    (key,) = [each for each in jwks["keys"] if each["kid"] == header["kid"]]
    point = (int.from_bytes(unbase64url(key[name])) for name in "xy")
    public = ec.EllipticCurvePublicNumbers(*point, ec.SECP256R1()).public_key()
    numbers = (int.from_bytes(raw[:32]), int.from_bytes(raw[32:]))
    public.verify(encode_dss_signature(*numbers), f"{head}.{body}".encode(), ec.ECDSA(SHA256()))
    claims: dict[str, Any] = json.loads(unbase64url(body))
    return claims
