"""One gate, one issuer and one device, for every test of the verifier."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

import pytest

from mailgate.attest import mint
from mailgate.attest.keys import KeySet, parse_jwks
from mailgate.attest.verifier import ReplayGuard, Verifier
from mailgate.model import AttestationResult

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
URL = "https://mail.example.com/mail/?_task=mail"
ISSUER = "https://mdm.example.com"
ISSUER_KEY = mint.make_key(b"issuer" * 8, "issuer-1")
DEVICE_KEY = mint.make_key(b"device" * 8, "device-1")
LISTED = {"com.zhiliaoapp.musically": "tiktok", "tiktok": "tiktok"}


class Gate:
    """A verifier, with the keys for requests to it."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, str]] = []
        self.replay = ReplayGuard()
        self.issuer_key = ISSUER_KEY
        self.issuers = {ISSUER: parse_jwks(mint.jwks(ISSUER_KEY))}
        self.rebuild(self.issuers)
        self._proofs = 0

    def rebuild(self, issuers: Mapping[str, KeySet], **more: object) -> None:
        """Trust these issuers from now on."""
        self.verifier = Verifier(
            issuers=issuers,
            audience="https://mail.example.com",
            match_app=self.match_app,
            replay=self.replay,
            **more,
        )

    def match_app(self, system: str, identifier: str) -> str | None:
        self.asked.append((system, identifier))
        return LISTED.get(identifier)

    def claims(self, changes: Mapping[str, object] = {}) -> dict[str, object]:
        """The claims of a good token with changes; None removes a claim."""
        device = mint.AttestedDevice("device-1", apps=("com.zhiliaoapp.musically", "com.example.unlisted"))
        issue = mint.Issue(ISSUER, "https://mail.example.com", "t-1", NOW, timedelta(hours=1))
        claims = mint.claims(device, issue, DEVICE_KEY) | changes
        return {name: value for name, value in claims.items() if value is not None}

    def token(self, changes: Mapping[str, object] = {}) -> str:
        return mint.sign_token(self.claims(changes), ISSUER_KEY)

    def without_proof(self, token: str, now: datetime = NOW, **more: str) -> AttestationResult:
        """What comes of a token with nothing beside it."""
        result = self.verifier.verify([token.encode()], [], method="GET", url=URL, now=now, **more).result
        assert result is not None
        return result

    def proof(self, token: str, now: datetime = NOW) -> str:
        """A fresh proof for `URL`."""
        self._proofs += 1
        return mint.sign_proof(token, DEVICE_KEY, method="GET", url=URL, jti=f"p-{self._proofs}", now=now)

    def verify(
        self, token: str, proof: str | None = None, *, now: datetime = NOW, url: str = URL
    ) -> AttestationResult:
        headers = [(self.proof(token, now) if proof is None else proof).encode()]
        result = self.verifier.verify([token.encode()], headers, method="GET", url=url, now=now).result
        assert result is not None
        return result


@pytest.fixture
def gate() -> Gate:
    return Gate()
