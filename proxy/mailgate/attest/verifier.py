"""The verifier turns two headers into an `AttestationResult`, in numbered steps that the code repeats.

The device sends ``Device-Attestation`` (a token of its issuer, `passport.py`) and ``DPoP`` (a proof of its
key for this request, `dpop.py`). The steps are tried in order, and the first that fails decides:

1.  There is one ``Device-Attestation`` header. If there is none, nothing is offered.
2.  It is at most 8 KiB.
3.  It is UTF-8. A token whose hash is known, and whose key the issuer still has, goes on at 10.
4.  It is one strictly written JWS, and its header has no key, address or extension.
5.  ``typ`` and ``alg`` are ours, and there is a ``kid``.
6.  ``iss`` is a configured issuer.
7.  ``kid`` names one of that issuer's keys, made for this ``alg``.
8.  That key made the signature.
9.  The claims are there and have allowed types and values.
10. The token is in its time.
11. Its key was not revoked. If it is bound to the TLS client certificate of this request, the check is done. It is also
    done if it is a gate's own token that counts without a proof, and no proof came. Otherwise there is one ``DPoP`` header
    of at most 4 KiB.
12. The proof is one strictly written JWS.
13. Its ``typ`` and ``alg`` are those of a proof; ``jwk`` is a public key.
14. ``jwk`` is the key that the token is bound to.
15. That key made the signature.
16. ``htm`` and ``htu`` are this request's.
17. ``iat`` is close to now.
18. ``ath`` is the token's hash.
19. Its ``nonce`` is not bound to another process, and it comes from a gate if one is required.
20. The proof was not used before.
"""

from collections import OrderedDict
from collections.abc import Callable, Container, Iterator, Mapping, MutableMapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256

from cachetools import LRUCache

from mailgate.attest import Refused
from mailgate.attest.dpop import WINDOW, ExpectedProof, Proof, ProvedKeys, check_proof
from mailgate.attest.keys import KeySet
from mailgate.attest.passport import Anchors, Passport, read_passport
from mailgate.attest.sealing import Nonce, NonceOrigin, Nonces
from mailgate.model import AttestationResult, Reason


class ReplayGuard:
    """Keeps at most ``capacity`` live tickets in this process. Each takes about 150 bytes.

    If it is full of live tickets, it accepts no more: if it forgot one early, the proof of that ticket would count a second
    time. It assumes that tickets end in the order in which they came, which is true if all live equally long.
    """

    def __init__(self, capacity: int = 200_000) -> None:
        self._capacity = capacity
        self._ends: OrderedDict[bytes, datetime] = OrderedDict()

    def __len__(self) -> int:
        return len(self._ends)

    def spend(self, ticket: bytes, *, now: datetime, until: datetime) -> None:
        """Do step 20 here. Raises `Refused`."""
        self._forget_ended(now)
        if ticket in self._ends:
            raise Refused(Reason.PROOF_REPLAYED, "a proof with this jti was used before")
        if len(self._ends) >= self._capacity:
            raise Refused(Reason.PROOF_MEMORY_FULL, "too many proofs at once to detect a replay")
        self._ends[ticket] = until

    def _forget_ended(self, now: datetime) -> None:
        while self._ends:
            ticket, until = next(iter(self._ends.items()))
            if until >= now:
                return
            del self._ends[ticket]


MAX_TOKEN_BYTES = 8192
MAX_PROOF_BYTES = 4096
MAX_REMEMBERED = 16_384
"""How many tokens, and how many keys, are remembered: more than ten thousand browsers have at a time, or each would come just after it
was forgotten."""


@dataclass(frozen=True, slots=True)
class SpentProof:
    """A proof that this process has accepted as new. ``is_exclusive`` says that no other process can have accepted it."""

    ticket: bytes
    until: datetime
    is_exclusive: bool


@dataclass(frozen=True, slots=True)
class Verdict:
    """The outcome of a verification, and the questions that the verifier cannot answer by itself."""

    result: AttestationResult | None
    """The result; None if no attestation is offered."""
    missing_key_of: str = ""
    """The issuer whose keys should be fetched again, since the token names one that is missing; empty if there is none."""
    nonce: Nonce | None = None
    """The nonce of a proof that is good so far."""
    spent: SpentProof | None = None


class Verifier:
    """Checks attestations against the trust anchors. A new one is built when settings or listed apps change.

    ``issuers`` and ``revoked`` (thumbprints of keys) may change at any time. Verified tokens (never proofs) are kept
    by their SHA-256, ``MAX_REMEMBERED`` at most, so that a repeated token costs only its proof. ``replay`` outlives the
    verifier. ``leeway`` is how far an issuer's clock may differ. ``own`` is the issuer whose tokens the gates sign. Only one thread may use it at a time.
    """

    def __init__(
        self,
        *,
        issuers: Mapping[str, KeySet],
        audience: str,
        match_app: Callable[[str, str], str | None],
        replay: ReplayGuard,
        person: Callable[[str], str] = str,
        own: str = "",
        nonces: Nonces | None = None,
        nonce_required: bool = False,
        revoked: Container[str] = (),
        leeway: timedelta = timedelta(seconds=60),
        max_lifetime: timedelta = timedelta(hours=24),
    ) -> None:
        self._anchors = Anchors(issuers, audience, match_app, max_lifetime, own, person)
        self._replay = replay
        self._nonces = nonces
        self._nonce_required = nonce_required
        self._revoked = revoked
        self._leeway = leeway
        self._passports: MutableMapping[bytes, Passport] = LRUCache(MAX_REMEMBERED)
        self._proof_keys: ProvedKeys = LRUCache(MAX_REMEMBERED)

    def verify(
        self,
        attestation_headers: Sequence[bytes],
        proof_headers: Sequence[bytes],
        *,
        method: str,
        url: str,
        now: datetime,
        client_cert_thumbprint: str | None = None,
    ) -> Verdict:
        """Verify the headers of a request. Never raises on input.

        ``url`` is the address that the device asked for, with its origin as seen from outside; query and
        fragment are ignored. ``client_cert_thumbprint`` is the base64url SHA-256 of the DER
        certificate with which the device proved its key in TLS (RFC 8705, section 3.1).
        """
        if not attestation_headers:
            return Verdict(None)
        try:
            token_hash, passport = self._passport(attestation_headers, now)
            # 11. It may be used at all, either without a proof or with one.
            key = passport.result.key_thumbprint
            self._check_revoked(key)
            if passport.by_certificate:
                _check_certificate(key, client_cert_thumbprint)
                return Verdict(passport.result)
            if passport.bearer and not proof_headers:
                return Verdict(passport.result)
            expected = ExpectedProof(key, token_hash, method, url, now)
            _, nonce, spent = self._check_proof(proof_headers, expected)
        except Refused as refusal:
            return _refused(refusal)
        return Verdict(passport.result, nonce=nonce, spent=spent)

    def recheck(self, attestation_headers: Sequence[bytes], now: datetime) -> Verdict:
        """Verify the token of a request that is still running by what is known now. Its proof was for its start alone."""
        try:
            _, passport = self._passport(attestation_headers, now)
            self._check_revoked(passport.result.key_thumbprint)
        except Refused as refusal:
            return _refused(refusal)
        return Verdict(passport.result)

    def verify_key(
        self, proof_headers: Sequence[bytes], *, method: str, url: str, now: datetime, signed: bytes = b""
    ) -> Verdict:
        """Verify a proof without a token. The result has ``key_thumbprint`` and nothing else. Never raises.

        ``signed`` is the body of the request if the proof has to sign it too. Such a proof has a nonce in any case, so that nobody
        can have made it long before.
        """
        try:
            expected = ExpectedProof("", b"", method, url, now, sha256(signed).digest() if signed else b"")
            proof, nonce, spent = self._check_proof(proof_headers, expected)
        except Refused as refusal:
            return _refused(refusal)
        return Verdict(AttestationResult(key_thumbprint=proof.jkt), nonce=nonce, spent=spent)

    def _passport(self, headers: Sequence[bytes], now: datetime) -> tuple[bytes, Passport]:
        # 1. and 2. One header, not too long.
        value = _only_value(headers, Reason.TOKEN_TWO_HEADERS, MAX_TOKEN_BYTES, Reason.TOKEN_OVERSIZE)
        # 3. UTF-8. The known hash of a verified token stands for everything up to 9.
        token = _text(value, Reason.TOKEN_NOT_UTF8)
        token_hash = sha256(value).digest()
        passport = self._passports.pop(token_hash, None)
        if passport is None or not self._stands(passport):
            # 4. to 9.
            with _unforeseen(Reason.TOKEN_MALFORMED):
                passport = read_passport(token, self._anchors)
        # 10. The time is checked at every use.
        passport.check_times(now, self._leeway)
        self._passports[token_hash] = passport
        return token_hash, passport

    def _stands(self, passport: Passport) -> bool:
        keys = self._anchors.issuers.get(passport.result.issuer)
        return keys is not None and keys.get(passport.kid) is passport.key

    def _check_revoked(self, thumbprint: str) -> None:
        if thumbprint in self._revoked:
            raise Refused(Reason.KEY_REVOKED, "the key of this device was revoked")

    def _check_proof(
        self, headers: Sequence[bytes], expected: ExpectedProof
    ) -> tuple[Proof, Nonce, SpentProof]:
        if not headers:
            raise Refused(Reason.PROOF_MISSING, "the key must be proved: expected a DPoP header")
        value = _only_value(headers, Reason.PROOF_TWO_HEADERS, MAX_PROOF_BYTES, Reason.PROOF_OVERSIZE)
        text = _text(value, Reason.PROOF_MALFORMED)
        # 12. to 18.
        with _unforeseen(Reason.PROOF_MALFORMED):
            proof = check_proof(text, expected, self._proof_keys)
        self._check_revoked(proof.jkt)
        # 19. The nonce is bound to this process or shared by all gates; only if none is required may it be missing or invalid.
        required = self._nonce_required or bool(expected.body_hash)
        nonce = self._check_nonce(proof.nonce, expected.now, required=required)
        # 20. Last, so that only a proof that is good in every other way is remembered.
        return proof, nonce, self._spend(proof, expected, alone=nonce.origin is NonceOrigin.OWN)

    def _check_nonce(self, text: str, now: datetime, *, required: bool) -> Nonce:
        nonce = self._nonces.read(text, now) if self._nonces and text else Nonce(NonceOrigin.NONE)
        # the process that gave it may have accepted the proof without telling anybody
        if nonce.origin is NonceOrigin.FOREIGN:
            raise Refused(Reason.PROOF_NONCE_WRONG, "the nonce is valid only at another gate", nonce=nonce)
        if nonce.origin is NonceOrigin.NONE and required:
            reason = Reason.PROOF_NONCE_WRONG if text else Reason.PROOF_NONCE_MISSING
            detail = "expected the nonce of a DPoP-Nonce header from the last minutes"
            raise Refused(reason, detail, nonce=nonce)
        return nonce

    def _spend(self, proof: Proof, expected: ExpectedProof, *, alone: bool) -> SpentProof:
        """Spend a proof. It is remembered for two windows: its iat is at most one window ahead, and it is valid for one window
        after its iat."""
        ticket = sha256(f"{proof.jkt}|{proof.jti}".encode()).digest()
        until = expected.now + 2 * WINDOW
        self._replay.spend(ticket, now=expected.now, until=until)
        return SpentProof(ticket, until, alone)


def _refused(refusal: Refused) -> Verdict:
    return Verdict(
        AttestationResult(refused=refusal.reason, detail=refusal.detail, clock_off=refusal.clock_off),
        missing_key_of=refusal.missing_key_of,
        nonce=refusal.nonce,
    )


def _only_value(headers: Sequence[bytes], two: Reason, longest: int, oversize: Reason) -> bytes:
    """The one value of a header. A JWS has no comma, so a comma shows that two header lines were joined (RFC 9110,
    section 5.3)."""
    value, *more = headers
    if more or b"," in value:
        raise Refused(two, "expected the header once")
    if len(value) > longest:
        raise Refused(oversize, f"expected at most {longest} bytes")
    return value.strip(b" \t")


def _text(value: bytes, reason: Reason) -> str:
    try:
        return value.decode("utf-8")
    except UnicodeDecodeError:
        raise Refused(reason, "expected UTF-8") from None


def _check_certificate(bound_to: str, thumbprint: str | None) -> None:
    if thumbprint is None:
        raise Refused(Reason.PROOF_MISSING, "the token is bound to a TLS client certificate, and none came")
    if thumbprint != bound_to:
        raise Refused(Reason.PROOF_KEY_MISMATCH, "the TLS client certificate is not the token's")


@contextmanager
def _unforeseen(reason: Reason) -> Iterator[None]:
    """Refuse the input if a parser raises an unforeseen error, since the input is at fault."""
    try:
        yield
    except Refused:
        raise
    except Exception as error:
        raise Refused(reason, f"cannot be read ({type(error).__name__})") from error
