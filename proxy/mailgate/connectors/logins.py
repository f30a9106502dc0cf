"""The ways to log in to an API. Tokens are kept until shortly before they expire, and renewed if they are refused."""

import json
from base64 import b64encode
from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Any
from urllib.parse import urlencode

from joserfc import jwt
from joserfc.jwk import RSAKey

from mailgate.errors import SourceError, Trouble
from mailgate.wire import ApiRequest, ApiResponse

Ask = Callable[[ApiRequest], Awaitable[ApiResponse]]
Clock = Callable[[], datetime]

_EARLY = timedelta(seconds=60)
"""How long before its end a token is no longer used."""
_SHORT = timedelta(minutes=5)
"""How long a token without an end is kept."""
_SIGNED_SECONDS = 3600
"""How long a signed statement is valid."""


class Login:
    """The login that is sent with every request: here headers that never change, an API key, or a name and a password."""

    def __init__(self, headers: Mapping[str, str]) -> None:
        self._headers = headers

    @classmethod
    def basic(cls, name: str, password: str, others: Mapping[str, str] = MappingProxyType({})) -> "Login":
        """Name and password (RFC 7617), with ``others`` if an API needs more."""
        credentials = b64encode(f"{name}:{password}".encode()).decode()
        return cls({"Authorization": f"Basic {credentials}", **others})

    @classmethod
    def bearer(cls, token: str) -> "Login":
        """A token that does not expire (RFC 6750)."""
        return cls({"Authorization": f"Bearer {token}"})

    async def headers(self, _ask: Ask) -> Mapping[str, str]:
        """The headers of the next request. May raise ``SourceError``."""
        return self._headers

    def forget(self) -> None:
        """Forget the last token, which was refused, if it can be renewed."""


class TokenLogin(Login):
    """A bearer token from a token endpoint (RFC 6749). ``form`` makes what is sent there."""

    def __init__(self, url: str, now: Clock, form: Callable[[], Mapping[str, str]]) -> None:
        super().__init__({})
        self._url = url
        self._now = now
        self._form = form
        self._until: datetime | None = None

    async def headers(self, ask: Ask) -> Mapping[str, str]:
        if self._until is None or self._now() >= self._until:
            await self._renew(ask)
        return self._headers

    def forget(self) -> None:
        self._until = None

    async def _renew(self, ask: Ask) -> None:
        kind = {"Content-Type": "application/x-www-form-urlencoded"}
        answer = await ask(ApiRequest("POST", self._url, kind, urlencode(self._form()).encode()))
        if answer.status != 200:
            raise SourceError(Trouble.LOGIN, "the token endpoint gave no token", answer.status)
        token, lifetime = _token(answer.body)
        self._headers = {"Authorization": f"Bearer {token}"}
        self._until = self._now() + max(lifetime - _EARLY, lifetime / 2)


def client_credentials(
    url: str, client_id: str, client_secret: str, now: Clock, scope: str = ""
) -> TokenLogin:
    """A login by an application's id and secret (RFC 6749, section 4.4)."""
    form = {"grant_type": "client_credentials", "client_id": client_id, "client_secret": client_secret}
    return TokenLogin(url, now, lambda: form | ({"scope": scope} if scope else {}))


def signed_assertion(
    url: str, issuer: str, key: str, scope: str, now: Clock, subject: str = ""
) -> TokenLogin:
    """A login by a statement that is signed with the account's own key (RFC 7523), as Google's service accounts do it. ``key`` is a
    private RSA key, PEM. ``subject`` is the person on whose behalf it acts, if there is one."""
    signer = RSAKey.import_key(key)
    told = {"iss": issuer, "scope": scope, "aud": url} | ({"sub": subject} if subject else {})

    def form() -> Mapping[str, str]:
        issued = int(now().timestamp())
        claims = told | {"iat": issued, "exp": issued + _SIGNED_SECONDS}
        assertion = jwt.encode({"alg": "RS256", "typ": "JWT"}, claims, signer)
        return {"grant_type": "urn:ietf:params:oauth:grant-type:jwt-bearer", "assertion": assertion}

    return TokenLogin(url, now, form)


def _token(body: bytes) -> tuple[str, timedelta]:
    """The token in the endpoint's answer, and its lifetime."""
    try:
        said: Any = json.loads(body)
        token = said["access_token"]
    except (ValueError, RecursionError, KeyError, TypeError):
        token = None
    if not isinstance(token, str) or not token or not token.isascii() or not token.isprintable():
        raise SourceError(Trouble.LOGIN, "the token endpoint's answer has no token")
    lasts = said.get("expires_in")
    try:
        return token, timedelta(seconds=min(max(float(lasts), 0.0), 86400.0))
    except (TypeError, ValueError, OverflowError):
        return token, _SHORT
