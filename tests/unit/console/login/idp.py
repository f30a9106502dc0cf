"""A provider behind a wire, with the description, keys and people that a test wants."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any
from urllib.parse import parse_qs, urlsplit

from authlib.oauth2.rfc7636 import create_s256_code_challenge
from joserfc import jws
from joserfc.jwk import ECKey, OctKey, OKPKey, RSAKey
from tests.unit.console.browsing import NOW

from mailgate.errors import SourceError
from mailgate.wire import ApiRequest, ApiResponse

ISSUER = "https://login.example.com/tenant"
CLIENT = "mailgate"
CONSOLE = "https://console.example.com"
BACK = f"{CONSOLE}/console/login/oidc/back"
AT = int(NOW.timestamp())

Key = RSAKey | ECKey | OKPKey | OctKey
ALL = jws.JWSRegistry(algorithms=["RS256", "PS256", "ES256", "Ed25519", "HS256"])


@cache
def key(name: str = "k1", kind: str = "RSA") -> Key:
    """A key with this name, made once."""
    named = {"kid": name, "use": "sig"}
    match kind:
        case "RSA":
            return RSAKey.generate_key(2048, named)
        case "EC":
            return ECKey.generate_key("P-256", named)
        case "OKP":
            return OKPKey.generate_key("Ed25519", named)
    return OctKey.generate_key(256, {"kid": name})


def public(made: Key) -> dict[str, Any]:
    return dict(made.as_dict(private=False))


def signed(
    claims: Mapping[str, Any], by: Key | None = None, alg: str = "RS256", kid: str | None = "k1", **head: Any
) -> str:
    """A token with this head and these claims."""
    header = {"alg": alg} | ({"kid": kid} if kid is not None else {}) | head
    return jws.serialize_compact(header, json.dumps(claims).encode(), by or key(), registry=ALL)


def claims(of_login: str, /, **others: Any) -> dict[str, Any]:
    """The claims of a good token about ada; None leaves a claim out."""
    usual = {
        "iss": ISSUER,
        "aud": CLIENT,
        "sub": "1001",
        "iat": AT,
        "exp": AT + 300,
        "nonce": of_login,
        "email": "ada@example.com",
        "email_verified": True,
    }
    return {name: value for name, value in (usual | others).items() if value is not None}


@dataclass
class Idp:
    """A provider that answers requests. Change its fields to change its answers."""

    about: dict[str, Any] = field(default_factory=lambda: dict(ABOUT))
    keys: list[dict[str, Any]] = field(default_factory=lambda: [public(key())])
    says: dict[str, Any] = field(default_factory=dict)
    """Claims that differ from the usual ones; None leaves one out."""
    more: dict[str, Any] | None = None
    """What the UserInfo endpoint says."""
    token: str | None = None
    """The ID token, in the place of one that is right."""
    nonce: str = ""
    challenge: str = ""
    status: int = 200
    error: str = ""
    trouble: SourceError | None = None
    questions: list[ApiRequest] = field(default_factory=list)
    closed: int = 0

    def went_there(self, address: str) -> dict[str, str]:
        """Follow the redirect of a login like a browser. Returns the parameters."""
        asked = {name: values[0] for name, values in parse_qs(urlsplit(address).query).items()}
        self.nonce, self.challenge = asked["nonce"], asked["code_challenge"]
        return asked

    async def ask(self, question: ApiRequest) -> ApiResponse:
        self.questions.append(question)
        if self.trouble:
            raise self.trouble
        match urlsplit(question.url).path.removeprefix("/tenant"):
            case "/.well-known/openid-configuration":
                return _json(self.about)
            case "/keys":
                return _json({"keys": self.keys})
            case "/token":
                return self._redeemed(parse_qs((question.body or b"").decode()))
            case "/me":
                return _json(self.more)
        raise AssertionError(question.url)

    async def close(self) -> None:
        self.closed += 1

    def _redeemed(self, form: Mapping[str, list[str]]) -> ApiResponse:
        if self.error:
            return _json({"error": self.error}, self.status)
        proved = create_s256_code_challenge(form["code_verifier"][0]) == self.challenge
        if not proved or form["redirect_uri"] != [BACK]:
            return _json({"error": "invalid_grant"}, 400)
        token = self.token or signed(claims(self.nonce, **self.says))
        return _json({"access_token": "access", "token_type": "Bearer", "id_token": token}, self.status)


ABOUT: Mapping[str, Any] = {
    "issuer": ISSUER,
    "authorization_endpoint": f"{ISSUER}/auth?tenant=1",
    "token_endpoint": f"{ISSUER}/token",
    "jwks_uri": f"{ISSUER}/keys",
    "userinfo_endpoint": f"{ISSUER}/me",
    "end_session_endpoint": f"{ISSUER}/end",
    "id_token_signing_alg_values_supported": ["RS256", "PS256", "ES256", "Ed25519", "HS256", "none"],
    "authorization_response_iss_parameter_supported": True,
}


def _json(said: object, status: int = 200) -> ApiResponse:
    return ApiResponse(status, {}, json.dumps(said).encode())
