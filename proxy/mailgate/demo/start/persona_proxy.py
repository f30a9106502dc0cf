"""Simulates a persona: takes a browser's request at the persona's address and sends it to the gate like that device."""

import json
import secrets
from collections.abc import Callable
from datetime import datetime, timedelta
from hashlib import sha256
from urllib.parse import urlsplit

from aiohttp import ClientSession, ClientTimeout, DummyCookieJar, hdrs, web
from multidict import CIMultiDict
from yarl import URL

from mailgate.attest import mint
from mailgate.attest.jose import Key
from mailgate.demo.start.personas import Persona

_LIFE = timedelta(hours=1)
_RENEW_AFTER = timedelta(minutes=50)
"""After this time a new token is made."""


class Signer:
    """Signs as the demo's issuer, with a key for each persona that is the same at every start."""

    def __init__(self, issuer: str, public_url: str, clock: Callable[[], datetime]) -> None:
        """``issuer``: the content of the issuer's private key file."""
        self._issuer, self._seed = mint.read_private_key(issuer), issuer
        self._url, self._clock = public_url, clock
        self._tokens: dict[str, tuple[str, datetime]] = {}

    def headers(self, persona: Persona, method: str, path: str) -> dict[str, str]:
        """The headers for one request; empty for an unknown device."""
        if persona.device is None:
            return {}
        now, key = self._clock(), self._key(persona)
        token = self._token(persona, key, now)
        proof = mint.sign_proof(
            token, key, method=method, url=self._url + path, jti=secrets.token_urlsafe(16), now=now
        )
        return {"Device-Attestation": token, "DPoP": proof}

    def _key(self, persona: Persona) -> Key:
        return mint.make_key(sha256(f"{persona.key}\n{self._seed}".encode()).digest(), persona.key)

    def _token(self, persona: Persona, key: Key, now: datetime) -> str:
        made = self._tokens.get(persona.key)
        if made is None or now - made[1] > _RENEW_AFTER:
            assert persona.device is not None  # only a persona with a report gets headers
            issue = mint.Issue(mint.TEST_ISSUER, self._url, secrets.token_urlsafe(16), now, _LIFE)
            said = mint.claims(persona.device, issue, key)
            made = self._tokens[persona.key] = mint.sign_token(said, self._issuer), now
        return made[0]


PROBE = "/.mailgate/probe"
_MAX_BODY_BYTES = 25 * 1024 * 1024
_CONNECTION = {
    "connection", "content-length", "expect", "host", "keep-alive", "te", "trailer", "transfer-encoding", "upgrade",
}  # fmt: skip
"""Headers of one connection, which are not forwarded."""
_OF_THE_DEVICE = {"user-agent", "device-attestation", "dpop", "x-requested-with"}


class PersonaProxy:
    """A proxy between a browser and the gate. ``start`` before the first request, ``stop`` at the end."""

    def __init__(self, gate: str, public_url: str, signer: Signer) -> None:
        """``gate`` is the address at which it listens, ``public_url`` its public name."""
        self._gate, self._public_url, self._signer = gate, public_url, signer
        self._session: ClientSession | None = None

    async def start(self) -> None:
        self._session = ClientSession(
            auto_decompress=False, cookie_jar=DummyCookieJar(), timeout=ClientTimeout(total=120)
        )

    async def stop(self) -> None:
        if self._session:
            await self._session.close()

    async def answer_as(self, request: web.Request, persona: Persona) -> web.Response:
        """The gate's answer to a request of this persona."""
        assert self._session is not None  # ``start`` was called
        asked = URL(self._gate + request.rel_url.raw_path_qs, encoded=True)  # in the spelling that is signed
        body = await request.read()
        if request.path == PROBE and persona.readings and body:
            body = json.dumps(persona.readings).encode()
        async with self._session.request(
            request.method,
            asked,
            headers=self._asked_with(request, persona),
            data=body or None,
            allow_redirects=False,
        ) as answer:
            told = CIMultiDict(
                (name, self._at_persona(request, value) if name.lower() == "location" else value)
                for name, value in answer.headers.items()
                if name.lower() not in _CONNECTION
            )
            return web.Response(status=answer.status, body=await answer.read(), headers=told)

    def _asked_with(self, request: web.Request, persona: Persona) -> CIMultiDict[str]:
        """The browser's headers, with this device's in place of those that identify the device."""
        dropped = _CONNECTION | _OF_THE_DEVICE
        kept = CIMultiDict(
            (name, self._at_gate(request, value) if name.lower() in ("origin", "referer") else value)
            for name, value in request.headers.items()
            if name.lower() not in dropped and not name.lower().startswith("sec-ch-")
        )
        kept[hdrs.HOST] = urlsplit(self._public_url).netloc
        kept[hdrs.USER_AGENT] = persona.agent
        kept.update(self._signer.headers(persona, request.method, request.rel_url.raw_path))
        return kept

    def _at_gate(self, request: web.Request, url: str) -> str:
        return url.replace(f"http://{request.host}", self._public_url, 1)

    def _at_persona(self, request: web.Request, url: str) -> str:
        return url.replace(self._public_url, f"http://{request.host}", 1)


def room_for_mail() -> int:
    """The largest request that is forwarded, in bytes."""
    return _MAX_BODY_BYTES
