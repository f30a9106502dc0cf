"""Makes the signed headers of a persona: the management's report on the device, and the device's proof for one request."""

import secrets
from collections.abc import Callable
from datetime import datetime, timedelta
from hashlib import sha256

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
