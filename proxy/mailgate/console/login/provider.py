"""One provider: its metadata, its keys, and the exchange of a code for the claims about a person. The logins that have begun at
one gate are kept beside it."""

import asyncio
import hmac
import json
import secrets
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, TypeVar
from urllib.parse import quote_plus

from authlib.common.urls import add_params_to_uri
from authlib.oauth2.auth import ClientAuth
from authlib.oauth2.rfc6749.parameters import prepare_grant_uri, prepare_token_request
from authlib.oauth2.rfc7636 import create_s256_code_challenge
from authlib.oidc.discovery import get_well_known_url
from cachetools import LRUCache

from mailgate.attest.id_token import ExpectedToken, IdTokenError, Jwk, Signed, claims_of, key_for, read
from mailgate.config.console import OidcSettings
from mailgate.config.values import is_private_way
from mailgate.console.login.errors import LoginError, LoginTrouble
from mailgate.console.login.rights import is_missing
from mailgate.console.login.sessions import digest_of
from mailgate.errors import SourceError
from mailgate.errors import Trouble as WireTrouble
from mailgate.wire import ApiRequest, ApiResponse, HttpsWire, Wire

LOGIN_TIME = timedelta(minutes=10)
MAX_PENDING = 1000


@dataclass(frozen=True, slots=True)
class PendingLogin:
    """A login until its answer comes."""

    browser: bytes = field(repr=False)
    """The digest of the value of the browser's cookie."""
    after: str
    """The page of the console that the person asked for; empty for its first page."""
    started: datetime
    nonce: str = field(repr=False)
    verifier: str = field(repr=False)
    """The code verifier of PKCE: 43 characters (RFC 7636, section 4.1)."""

    def is_of(self, cookie: str) -> bool:
        """Whether this browser began it."""
        return hmac.compare_digest(self.browser, digest_of(cookie))


class PendingLogins:
    """The begun logins in the memory of one gate, by their ``state``."""

    def __init__(self, token: Callable[[], str] = lambda: secrets.token_urlsafe(32)) -> None:
        self._token = token
        self._begun: LRUCache[str, PendingLogin] = LRUCache(MAX_PENDING)

    def begin(self, cookie: str, after: str, now: datetime) -> tuple[str, str, PendingLogin]:
        """Begin a login. Returns its ``state``, the value of the browser's cookie, and the login.

        A browser in which another login waits keeps its cookie, so that each of its tabs can finish.
        """
        browser = cookie if self._waits(cookie, now) else self._token()
        begun = PendingLogin(digest_of(browser), after, now, self._token(), self._token())
        state = self._token()
        self._begun[state] = begun
        return state, browser, begun

    def take(self, state: str, now: datetime) -> PendingLogin | None:
        """Take the login of a ``state``, which works once; None if there is none or it has expired."""
        begun = self._begun.pop(state, None)
        return begun if begun and timedelta() <= now - begun.started < LOGIN_TIME else None

    def _waits(self, cookie: str, now: datetime) -> bool:
        """Whether a login waits with this cookie. A cookie that the gate did not set is not used."""
        return bool(cookie) and any(
            each.is_of(cookie) and now - each.started < LOGIN_TIME for each in self._begun.values()
        )


TIMEOUT_SECONDS = 15.0
"""How many seconds all requests to the provider for one login may take."""
MAX_BYTES = 512 * 1024
METADATA_LASTS = timedelta(hours=1)
"""How long the provider's metadata and keys are cached."""
KEYS_PAUSE = timedelta(seconds=30)
"""The shortest time between two requests for a missing key."""

_NEEDED = ("authorization_endpoint", "token_endpoint", "jwks_uri")
_OPTIONAL = ("userinfo_endpoint", "end_session_endpoint")
_TROUBLES = {
    WireTrouble.TIMEOUT: LoginTrouble.TIMEOUT,
    WireTrouble.CERTIFICATE: LoginTrouble.CERTIFICATE,
    WireTrouble.TOO_BIG: LoginTrouble.TOO_BIG,
}

Clock = Callable[[], datetime]
Result = TypeVar("Result")


def https_wire(oidc: OidcSettings) -> Wire:
    """A connection to the provider for one login."""
    return HttpsWire(TIMEOUT_SECONDS, MAX_BYTES, oidc.ca)


@dataclass(frozen=True, slots=True)
class Metadata:
    """The metadata of a provider (Discovery 1.0, section 3), as far as it is needed here."""

    endpoints: Mapping[str, str]
    algorithms: Sequence[str]
    token_auth: Sequence[str]
    says_issuer: bool
    """Whether its answers name the issuer (RFC 9207)."""


@dataclass(frozen=True, slots=True)
class Identity:
    """The provider's claims about a person."""

    claims: Mapping[str, Any] = field(repr=False)
    id_token: str = field(repr=False)


@dataclass
class Provider:
    """Sends requests to the provider of these settings. Every method may raise LoginError."""

    oidc: OidcSettings
    clock: Clock
    wire: Callable[[OidcSettings], Wire] = https_wire
    _metadata: tuple[Metadata, datetime] | None = None
    _keys: tuple[Sequence[Jwk], datetime] | None = None

    async def address(self, begun: PendingLogin, state: str, back: str) -> str:
        """The address at which the browser logs in. The provider then redirects it to ``back``."""
        metadata = await self._once(self._fetched_metadata)
        return str(
            prepare_grant_uri(
                metadata.endpoints["authorization_endpoint"],
                self.oidc.client_id,
                "code",
                redirect_uri=back,
                scope=list(self.oidc.scopes),
                state=state,
                nonce=begun.nonce,
                code_challenge=create_s256_code_challenge(begun.verifier),
                code_challenge_method="S256",
            )
        )

    async def identity(self, code: str, begun: PendingLogin, back: str, issuer: str | None) -> Identity:
        """The person who came back with this code. ``issuer`` is the issuer that the answer names."""

        async def asked(wire: Wire) -> Identity:
            metadata = await self._fetched_metadata(wire)
            if issuer != self.oidc.issuer and (issuer is not None or metadata.says_issuer):
                raise LoginError(LoginTrouble.MIXED_UP)
            tokens = await self._tokens(wire, metadata, code, begun, back)
            return await self._checked_identity(wire, metadata, tokens, begun)

        return await self._once(asked)

    async def logout_url(self, id_token: str, back: str) -> str | None:
        """The address at which the browser logs out at the provider too (RP-Initiated Logout 1.0); None if there is none."""
        metadata = await self._once(self._fetched_metadata)
        end = metadata.endpoints.get("end_session_endpoint")
        if end is None:
            return None
        hint = {"id_token_hint": id_token} if id_token else {}
        return str(
            add_params_to_uri(
                end,
                list({**hint, "client_id": self.oidc.client_id, "post_logout_redirect_uri": back}.items()),
            )
        )

    async def _once(self, ask: Callable[[Wire], Awaitable[Result]]) -> Result:
        """Run one step of a login within the time limit."""
        wire = self.wire(self.oidc)
        try:
            async with asyncio.timeout(TIMEOUT_SECONDS):
                return await ask(wire)
        except TimeoutError:
            raise LoginError(LoginTrouble.TIMEOUT) from None
        except SourceError as error:
            raise LoginError(_TROUBLES.get(error.trouble, LoginTrouble.UNREACHABLE)) from None
        finally:
            await wire.close()

    async def _fetched_metadata(self, wire: Wire) -> Metadata:
        if self._metadata is None or not self._is_fresh(self._metadata[1]):
            url = get_well_known_url(self.oidc.issuer, external=True)
            said = _object(await wire.ask(ApiRequest("GET", url)), LoginTrouble.DISCOVERY)
            self._metadata = _metadata(said, self.oidc.issuer), self.clock()
        return self._metadata[0]

    async def _tokens(
        self, wire: Wire, metadata: Metadata, code: str, begun: PendingLogin, back: str
    ) -> Mapping[str, Any]:
        body = prepare_token_request(
            "authorization_code", code=code, redirect_uri=back, code_verifier=begun.verifier
        )
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        url, headers, body = self._proof(metadata).prepare(
            "POST", metadata.endpoints["token_endpoint"], headers, body
        )
        answer = await wire.ask(ApiRequest("POST", url, headers, body.encode()))
        if answer.status in (400, 401, 403):
            raise LoginError(LoginTrouble.CODE if _error(answer) == "invalid_grant" else LoginTrouble.CLIENT)
        return _object(answer, LoginTrouble.PROVIDER)

    def _proof(self, metadata: Metadata) -> ClientAuth:
        """The authentication of the console: in the header if that is offered (RFC 6749, section 2.3.1)."""
        if self.oidc.client_secret is None:
            return ClientAuth(self.oidc.client_id, None, "none")
        secret = self.oidc.client_secret.get_secret_value()
        if "client_secret_basic" not in metadata.token_auth:
            return ClientAuth(self.oidc.client_id, secret, "client_secret_post")
        return ClientAuth(quote_plus(self.oidc.client_id), quote_plus(secret), "client_secret_basic")

    async def _checked_identity(
        self, wire: Wire, metadata: Metadata, tokens: Mapping[str, Any], begun: PendingLogin
    ) -> Identity:
        text, access = tokens.get("id_token"), tokens.get("access_token")
        if text is None:
            raise LoginError(LoginTrouble.NO_TOKEN)
        access = access if isinstance(access, str) and access.isascii() and access.isprintable() else ""
        expected = ExpectedToken(self.oidc.issuer, self.oidc.client_id, begun.nonce, access)
        try:
            signed = read(text, metadata.algorithms)
            key = await self._key(wire, metadata, signed)
            claims = claims_of(signed, key, expected, int(self.clock().timestamp()))
        except IdTokenError as error:
            raise LoginError(LoginTrouble(error.fault)) from None
        if access and is_missing(self.oidc, claims) and "userinfo_endpoint" in metadata.endpoints:
            claims = await self._user_info(wire, metadata, access, claims) | claims
        return Identity(claims, signed.text)

    async def _key(self, wire: Wire, metadata: Metadata, signed: Signed) -> Jwk:
        """The key that the token names. If it is unknown, the keys are fetched again, since the provider may have changed them."""
        keys, asked_at = self._keys or ((), None)
        key = key_for(signed, keys) if asked_at and self._is_fresh(asked_at) else None
        if key is None and (asked_at is None or self.clock() - asked_at >= KEYS_PAUSE):
            answer = await wire.ask(ApiRequest("GET", metadata.endpoints["jwks_uri"]))
            listed = _object(answer, LoginTrouble.DISCOVERY).get("keys")
            keys = [each for each in listed if isinstance(each, dict)] if isinstance(listed, list) else []
            self._keys = keys, self.clock()
            key = key_for(signed, keys)
        if key is None:
            raise LoginError(LoginTrouble.KEY)
        return key

    async def _user_info(
        self, wire: Wire, metadata: Metadata, access: str, claims: Mapping[str, Any]
    ) -> dict[str, Any]:
        """The claims that the UserInfo endpoint adds, if they are about the same person (Core 1.0, section 5.3.2)."""
        bearer = {"Authorization": f"Bearer {access}"}
        said = _object(
            await wire.ask(ApiRequest("GET", metadata.endpoints["userinfo_endpoint"], bearer)),
            LoginTrouble.PROVIDER,
        )
        if said.get("sub") != claims["sub"]:
            raise LoginError(LoginTrouble.SUBJECT)
        return said

    def _is_fresh(self, at: datetime) -> bool:
        return timedelta() <= self.clock() - at < METADATA_LASTS


def _metadata(said: Mapping[str, Any], issuer: str) -> Metadata:
    """The metadata of a provider, if it is the one that was meant (Discovery 1.0, section 4.3)."""
    secure = issuer.startswith("https:")
    named = {key: said[key] for key in (*_NEEDED, *_OPTIONAL) if isinstance(said.get(key), str)}
    private = all(
        is_private_way(url) and url.startswith("https:") >= secure and url.isascii() for url in named.values()
    )
    if said.get("issuer") != issuer or not private or not set(_NEEDED) <= named.keys():
        raise LoginError(LoginTrouble.DISCOVERY)
    return Metadata(
        named,
        _texts(said.get("id_token_signing_alg_values_supported"), ("RS256",)),
        _texts(said.get("token_endpoint_auth_methods_supported"), ("client_secret_basic",)),
        said.get("authorization_response_iss_parameter_supported") is True,
    )


def _texts(said: object, usual: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(each for each in said if isinstance(each, str)) if isinstance(said, list) else usual


def _object(answer: ApiResponse, otherwise: LoginTrouble) -> dict[str, Any]:
    """The JSON object of a successful answer."""
    try:
        said = json.loads(answer.body) if answer.status == 200 else None
    except (ValueError, RecursionError):
        said = None
    if not isinstance(said, dict):
        raise LoginError(otherwise)
    return said


def _error(answer: ApiResponse) -> str:
    try:
        return str(json.loads(answer.body)["error"])
    except (ValueError, RecursionError, KeyError, TypeError):
        return ""


@dataclass
class OidcLogins:
    """The state of logins at a provider, as long as the gate runs."""

    wire: Callable[[OidcSettings], Wire] = https_wire
    pending: PendingLogins = field(default_factory=PendingLogins)
    _provider: Provider | None = None

    def provider(self, oidc: OidcSettings, clock: Clock) -> Provider:
        """The provider of these settings. The cached answers of another one are dropped."""
        if self._provider is None or self._provider.oidc != oidc:
            self._provider = Provider(oidc, clock, self.wire)
        return self._provider
