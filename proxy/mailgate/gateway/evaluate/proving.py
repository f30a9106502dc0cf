"""Does the I/O of a verification: fetches missing keys, asks the store whether another gate has accepted a proof, offers nonces."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum
from hashlib import sha256
from ipaddress import ip_address

import structlog
from cachetools import LRUCache

from mailgate.attest.id_token import IdTokenError, LoginTokens, TokenFault
from mailgate.attest.sealing import NonceOrigin, Nonces
from mailgate.attest.verifier import SpentProof, Verdict, Verifier
from mailgate.devices.names import user_text
from mailgate.gateway.evaluate.facts import Incoming
from mailgate.gateway.keyring import Keyring
from mailgate.gateway.metrics import Metrics
from mailgate.model import FOUND_BESIDE, AttestationResult, Client, Reason, RequestFacts, VerifiedLogin
from mailgate.store import StoreUnavailableError
from mailgate.store.spent_proofs import SpentProofs

WITHIN = timedelta(minutes=10)
"""The time within which a return counts. It is as long as a token of the gate lives."""
_NETWORK_BYTES = {4: 3, 6: 6}
"""A phone's address changes within its network, so the /24 or the /48 is compared. These are their bytes, by IP version."""


@dataclass(slots=True)
class _KeyPlaces:
    """The place where a key is used and the place before that, with the times of their last use."""

    place: bytes
    at: datetime
    before: bytes = b""
    before_at: datetime | None = None


class CopiedKeys:
    """Remembers the last two places of each key, as hashes, ``size`` keys at most."""

    def __init__(self, size: int = 50_000) -> None:
        self._used: LRUCache[tuple[str, int], _KeyPlaces] = LRUCache(size)

    def moved_back(self, thumbprint: str, facts: RequestFacts, now: datetime) -> bool:
        """Whether this key came back to an earlier place from another place within ten minutes. Every device moves from one network to the next,
        but none is in two of them at once. IPv4 and IPv6 are kept apart, since a browser may use both at once."""
        version, place = _place(facts)
        used = self._used.get((thumbprint, version))
        if used is None or used.place == place:
            before = (used.before, used.before_at) if used else (b"", None)
            self._used[thumbprint, version] = _KeyPlaces(place, now, *before)
            return False
        back = used.before == place and used.before_at is not None and now - used.before_at < WITHIN
        self._used[thumbprint, version] = _KeyPlaces(place, now, used.place, used.at)
        return back


def _place(facts: RequestFacts) -> tuple[int, bytes]:
    """A place: a network and a browser."""
    try:
        address = ip_address(facts.remote)
    except ValueError:
        version, network = 0, b""
    else:
        version, network = address.version, address.packed[: _NETWORK_BYTES[address.version]]
    seen = network + b"\n" + facts.user_agent.encode("utf-8", "surrogatepass")
    return version, sha256(seen).digest()[:8]


log = structlog.get_logger()

NONCE_HEADER = "DPoP-Nonce"
NONCE_CHALLENGE = ("WWW-Authenticate", 'DPoP error="use_dpop_nonce"')
ASKS_FOR_NONCE = frozenset(
    {Reason.PROOF_NONCE_MISSING, Reason.PROOF_NONCE_WRONG, Reason.PROOF_STORE_UNAVAILABLE}
)
"""Refusals that another nonce would end (RFC 9449, section 9)."""


class NonceMode(StrEnum):
    """The setting ``attestation.nonces``."""

    OFF = "off"
    OFFER = "offer"
    REQUIRE = "require"


@dataclass(slots=True)
class Prover:
    """Verifies proofs for one gate. ``mode`` and ``is_alone`` may be changed at any time."""

    keyring: Keyring
    nonces: Nonces
    spent: SpentProofs
    metrics: Metrics
    mode: NonceMode = NonceMode.OFFER
    is_alone: Callable[[], bool] = bool
    """Returns whether no other process is known on the store. A client then always comes back to this process."""
    copied_keys: CopiedKeys = field(default_factory=CopiedKeys)

    async def prove(
        self,
        verifier: Verifier,
        incoming: Incoming,
        facts: RequestFacts,
        url: str,
        now: datetime,
        certificate: str = "",
    ) -> AttestationResult | None:
        """Verify the headers of a request. Returns None if they offer nothing. A nonce that is offered is added to the fields of the answer.
        ``certificate`` is the thumbprint of an accepted client certificate, or empty."""
        if not incoming.attestations:
            return None

        def verify() -> Verdict:
            return verifier.verify(
                incoming.attestations,
                incoming.proofs,
                method=facts.method,
                url=url,
                now=now,
                client_cert_thumbprint=certificate or None,
            )

        return await self._settle(await self._with_keys(verify), incoming, now)

    async def recheck(
        self, verifier: Verifier, attestations: Sequence[bytes], now: datetime
    ) -> AttestationResult | None:
        """Verify the token of a running request again: it may have run out, or its key may be revoked."""
        return (await self._with_keys(lambda: verifier.recheck(attestations, now))).result

    async def _with_keys(self, verify: Callable[[], Verdict]) -> Verdict:
        verdict = verify()
        if verdict.missing_key_of and await self.keyring.look_for_missing_key(verdict.missing_key_of):
            verdict = verify()
        return verdict

    async def login(self, tokens: LoginTokens, token: bytes, person: str, now: datetime) -> VerifiedLogin:
        """Verify the token of a login. It is refused too if it is about another than this person."""
        result, login = "accepted", VerifiedLogin("", "", now, refused=True)
        try:
            read = await self._read_login(tokens, token, now)
            if user_text(read.person) == user_text(person):
                login = read
            else:
                result = "another-person"
        except IdTokenError as error:
            result = error.fault.value
        self.metrics.login_tokens.labels(result).inc()
        return login

    async def _read_login(self, tokens: LoginTokens, token: bytes, now: datetime) -> VerifiedLogin:
        """The login of a token. Raises IdTokenError. A missing key is looked for once."""
        try:
            return tokens.verify(token, self.keyring.of_logins(tokens.source), now)
        except IdTokenError as error:
            if error.fault is not TokenFault.KEY or not await self.keyring.look_for_missing_key(
                tokens.source
            ):
                raise
        return tokens.verify(token, self.keyring.of_logins(tokens.source), now)

    async def prove_key(
        self, verifier: Verifier, incoming: Incoming, url: str, now: datetime, *, with_body: bool = False
    ) -> AttestationResult:
        """Verify a proof without a token. The result has its key, or the reason why it is refused. ``with_body``: it has to sign the body too.

        A client that sends no proof yet is given a nonce: a device needs one before its hardware makes the key.
        """
        method = incoming.facts.method
        signed = incoming.body if with_body else b""
        verdict = verifier.verify_key(incoming.proofs, method=method, url=url, now=now, signed=signed)
        result = await self._settle(verdict, incoming, now)
        assert result is not None
        if result.refused is Reason.PROOF_MISSING and self.mode is not NonceMode.OFF:
            nonce = self.nonces.make(now, bound=self.mode is NonceMode.REQUIRE)
            incoming.answer_fields.append((NONCE_HEADER, nonce))
        return result

    def with_places(
        self, client: Client, proof: AttestationResult | None, facts: RequestFacts, now: datetime
    ) -> Client:
        """The client, with a finding if the key of a good attestation is in use in another place at the same time."""
        good = proof if proof is not None and proof.refused is None else None
        if good is None or not self.copied_keys.moved_back(good.key_thumbprint, facts, now):
            return client
        self.metrics.two_places.inc()
        log.warning("key-in-two-places", issuer=good.issuer)
        return replace(client, findings=(*client.findings, FOUND_BESIDE[Reason.KEY_IN_TWO_PLACES]))

    async def _settle(self, verdict: Verdict, incoming: Incoming, now: datetime) -> AttestationResult | None:
        """The result, after the store was asked whether another gate has accepted the proof, and a new nonce was offered if it is due."""
        result = verdict.result
        if verdict.spent is not None and not verdict.spent.is_exclusive:
            result = await self._share(verdict.spent, now) or result
        if offered := self._offer(verdict, result, now):
            incoming.answer_fields.append((NONCE_HEADER, offered))
        return result

    async def _share(self, spent: SpentProof, now: datetime) -> AttestationResult | None:
        """The refusal of a proof that another gate has accepted already; None if no gate has."""
        try:
            new = await self.spent.spend(spent.ticket, spent.until, now)
        except StoreUnavailableError:
            detail = (
                "the store does not answer, so it is unknown whether another gate has accepted this proof"
            )
            return AttestationResult(refused=Reason.PROOF_STORE_UNAVAILABLE, detail=detail)
        if new:
            return None
        return AttestationResult(refused=Reason.PROOF_REPLAYED, detail="another gate has accepted this proof")

    def _offer(self, verdict: Verdict, result: AttestationResult | None, now: datetime) -> str:
        """The nonce for the next proof; empty if the one that came is still good, or if none is offered.

        It is bound to this process while that is alone or the store cannot be reached, and if nonces are required. A client that moves between
        gates gets shared nonces from then on.
        """
        if verdict.nonce is None or self.mode is NonceMode.OFF:
            return ""
        sort, fresh = verdict.nonce
        away = result is not None and result.refused is Reason.PROOF_STORE_UNAVAILABLE
        roams = sort in (NonceOrigin.SHARED, NonceOrigin.FOREIGN)
        bound = away or self.is_alone() or (self.mode is NonceMode.REQUIRE and not roams)
        if fresh and sort is (NonceOrigin.OWN if bound else NonceOrigin.SHARED):
            return ""
        return self.nonces.make(now, bound=bound)
