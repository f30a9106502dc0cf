"""The trust of a gate, which every reload keeps: keys, nonces, spent proofs and revocations."""

import secrets
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from functools import partial

from mailgate.attest.id_token import parse_provider_keys
from mailgate.attest.keys import KeySet, parse_jwks
from mailgate.attest.sealing import NODE_BYTES, Nonces
from mailgate.attest.verifier import ReplayGuard
from mailgate.config import Settings
from mailgate.config.attestation import IssuerSettings
from mailgate.console.now.readiness import Issuer
from mailgate.gateway import remote_keys
from mailgate.gateway.keyring import SETTLING, FileKeys, Keyring, KeySource, OwnKeys, Revocations
from mailgate.gateway.metrics import Metrics
from mailgate.gateway.remote_keys import RemoteKeys
from mailgate.store import Store


@dataclass(frozen=True, slots=True)
class Trust:
    """``open`` makes it."""

    replay: ReplayGuard
    keyring: Keyring
    nonces: Nonces
    own_keys: OwnKeys
    revocations: Revocations
    clock: Callable[[], datetime]

    @classmethod
    async def open(cls, store: Store, clock: Callable[[], datetime]) -> "Trust":
        """Read the gate's own keys and the revocations. No issuer is trusted yet. Raises StoreError."""
        nonces = Nonces((), secrets.token_bytes(NODE_BYTES), SETTLING)
        own_keys = OwnKeys(store.keys, nonces, clock)
        await own_keys.renew()
        revocations = Revocations(store.enrolments, clock)
        await revocations.poll()
        return cls(ReplayGuard(), Keyring(), nonces, own_keys, revocations, clock)

    def sources(self, settings: Settings, metrics: Metrics) -> dict[str, KeySource]:
        """The key sources of the issuers, by name. A source with unchanged settings is kept."""
        before = {(each.issuer, each.url): each for each in self.keyring.remote()}

        def remote(each: IssuerSettings, parse: Callable[[str], KeySet] = parse_jwks) -> RemoteKeys:
            known = before.get((each.source, str(each.jwks))) or self._remote(each, metrics, parse)
            known.ask = asking(each)
            return known

        sources: dict[str, KeySource] = {settings.public_url: self.own_keys}
        for each in settings.attestation.issuers:
            at = each.jwks
            sources[each.issuer] = (
                remote(each) if isinstance(at, str) else FileKeys(parse_jwks(at.read_text()))
            )
        if logins := settings.login_tokens:
            sources[logins.source] = remote(logins, parse_provider_keys)
        return sources

    @asynccontextmanager
    async def fetching(self, settings: Settings, metrics: Metrics) -> AsyncIterator[None]:
        """Trust the issuers of these settings, and fetch their keys until the body ends."""
        self.keyring.replace(self.sources(settings, metrics))
        try:
            yield
        finally:
            await self.keyring.close()

    def health(self) -> list[Issuer]:
        """The state of each issuer whose keys are fetched over the network."""

        def state(each: RemoteKeys) -> Issuer:
            keys, last = len(each.keys().keys), each.last_success
            return Issuer(issuer=each.issuer, keys=keys, last_success=last, failure=each.failure)

        return list(map(state, self.keyring.remote()))

    def _remote(self, each: IssuerSettings, metrics: Metrics, parse: Callable[[str], KeySet]) -> RemoteKeys:
        def count(issuer: str, result: str) -> None:
            metrics.issuer_keys.labels(issuer, result).inc()
            if result in ("renewed", "unchanged"):
                metrics.issuer_keys_success.labels(issuer).set(self.clock().timestamp())

        metrics.issuer_keys_success.labels(each.source).set(0)
        return RemoteKeys(each.source, str(each.jwks), asking(each), self.clock, count, parse)


def asking(each: IssuerSettings) -> Callable[[str], Awaitable[remote_keys.JwksAnswer]]:
    """Make the function that fetches an issuer's keys. Authorities that change are read at the next reload."""
    trust = ssl.create_default_context(cafile=each.jwks_ca) if each.jwks_ca else None
    return partial(remote_keys.fetch, str(each.jwks), trust=trust)
