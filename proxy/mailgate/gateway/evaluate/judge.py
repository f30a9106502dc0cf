"""Decides what a request gets and why. It finds out the person and the device, by its attestation or ActiveSync id and by its TLS client
certificate, and carries nothing out."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from time import perf_counter

from mailgate.attest.client_certs import CertificateVerifier
from mailgate.classify import as_claimed, classify, is_checked, prepare, with_attestation, with_device
from mailgate.classify.attestation import with_certificate
from mailgate.devices.names import user_text
from mailgate.devices.posture import against, by_person, is_a_browser_alone, strictest
from mailgate.gateway.evaluate.facts import Incoming
from mailgate.gateway.evaluate.proving import Prover
from mailgate.gateway.live import InForce
from mailgate.gateway.metrics import Metrics
from mailgate.gateway.waiting import Soon, settled
from mailgate.model import (
    FOUND_BESIDE,
    Access,
    AttestationResult,
    CertificateResult,
    Claim,
    Client,
    Decision,
    Kind,
    Posture,
    PostureState,
    Reason,
    RequestFacts,
    User,
    VerifiedLogin,
)
from mailgate.policy.decide import decide
from mailgate.store.postures import Postures

_Device = tuple[Client, Posture]
"""A client, and the posture of its device."""

PostureByName = Callable[[Client, AttestationResult | None, datetime], Awaitable[Posture]]


@dataclass(frozen=True, slots=True)
class Judge:
    """Judges requests by the rules and settings in force at that moment."""

    in_force: InForce
    prover: Prover
    postures: Postures
    metrics: Metrics
    public_url: str
    clock: Callable[[], datetime]

    def __post_init__(self) -> None:
        prepare()

    async def verdict(self, incoming: Incoming, now: datetime) -> tuple[Access, Decision]:
        """What ``judge`` finds, waited for."""
        return await settled(self.judge(incoming, now))

    def judge(self, incoming: Incoming, now: datetime) -> Soon[tuple[Access, Decision]]:
        """Find out the person and what is known of the device, and decide by the policy: at once if nothing is offered that
        has to be verified and the store need not be asked."""
        started = perf_counter()
        facts = self.in_force.live.browser_probe.with_earlier_finding(incoming.facts, now)
        client = classify(facts)
        offers = incoming.attestations or incoming.certificate or incoming.login_token
        posture = None if offers else self.postures.at_once(client, now)
        if posture is None or as_claimed(facts, client) or self._goes_by_person(facts, client, posture):
            return self._judge_device(incoming, facts, client, now, started)
        return self._decide(incoming, facts, client, posture, None, None, None, None, now, started)

    async def _judge_device(
        self, incoming: Incoming, facts: RequestFacts, seen: Client, now: datetime, started: float
    ) -> tuple[Access, Decision]:
        live = self.in_force.live
        certificate = certificate_result(live.certificates, incoming.certificate, now)
        url, thumbprint = self.public_url + facts.path, certificate.thumbprint if certificate else ""
        proof = await self.prover.prove(live.verifier, incoming, facts, url, now, thumbprint)
        logins = tuple(filter(None, (incoming.facts.user, incoming.login)))
        client, posture, certificate = await self._identify(
            seen, proof, certificate, now, logins, self.postures.current
        )
        login = await self._login(incoming, now)
        another = len(set(map(user_text, logins))) > 1
        offers = bool(proof or certificate)
        client, posture, claimed = await self._by_login(
            facts, client, posture, login, now, names_another=another, offers=offers
        )
        client = self.prover.with_places(client, proof, facts, now)
        claimed = claimed or await _claimed(facts, client, proof, now, self.postures.current)
        return self._decide(
            incoming, facts, client, posture, claimed, proof, certificate, login, now, started
        )

    def _decide(
        self,
        incoming: Incoming,
        facts: RequestFacts,
        client: Client,
        posture: Posture,
        claimed: _Device | None,
        proof: AttestationResult | None,
        certificate: CertificateResult | None,
        token: VerifiedLogin | None,
        now: datetime,
        started: float,
    ) -> tuple[Access, Decision]:
        live, client = self.in_force.live, with_device(client, posture.kind)
        name, login = _who(incoming, client, proof)
        user, claims = self._readings((client, posture), claimed, name, login)
        access = Access(facts, client, posture, now, user, proof, certificate, token, claims)
        decision = decide(access, live.policy)
        self.metrics.decision_seconds.observe(perf_counter() - started)
        return access, decision

    async def judge_again(
        self,
        before: Access,
        decision: Decision,
        attestations: Sequence[bytes] = (),
        *,
        by_the_clock: bool = False,
    ) -> tuple[Access, Decision] | None:
        """The verdict on a running request by what is known now; None if nothing has changed on which it depends.

        ``attestations`` are those that came with it; ``by_the_clock``: whether the time alone may have changed the verdict.
        """
        now, live = self.clock(), self.in_force.live
        certificate, proof = await self._recheck(before, attestations, now)
        login = next((each.user.name for each in before.claims if each.user.name != before.user.name), "")
        if certificate is None is before.certificate and proof == before.attestation:
            client, posture = before.client, await self.postures.latest(before.client, proof, now)
        else:
            by_proof = before.attestation is not None and before.attestation.user == before.user.name
            person = before.facts.user or ("" if by_proof else before.user.name)
            logins = tuple(filter(None, (person, login)))
            client, posture, certificate = await self._identify(
                classify(before.facts), proof, certificate, now, logins, self.postures.latest
            )
            client = with_earlier_facts(before.client, client)
        token = before.login
        if token is not None and token.expires <= now:
            token = replace(token, device="", refused=True)
        another = any(each.reason is Reason.DEVICE_OF_ANOTHER for each in before.client.findings)
        client, posture, claimed = await self._by_login(
            before.facts,
            client,
            posture,
            token,
            now,
            names_another=another,
            offers=bool(proof or certificate),
        )
        if lost_proof(before, proof):
            followed = await self.postures.latest(before.client, before.attestation, now)
            posture = strictest((posture, followed))
        claimed = claimed or await _claimed(before.facts, client, proof, now, self.postures.latest)
        client = with_device(client, posture.kind)
        user, claims = self._readings((client, posture), claimed, before.user.name, login)
        access = replace(before, client=client, posture=posture, user=user, attestation=proof, claims=claims)
        by_the_same = (live.policy.version, live.policy.reliefs.serial) == (
            decision.policy_version,
            decision.reliefs,
        )
        if access == before and by_the_same and not by_the_clock:
            return None
        access = replace(access, now=now, certificate=certificate, login=token)
        return access, decide(access, live.policy)

    async def _login(self, incoming: Incoming, now: datetime) -> VerifiedLogin | None:
        """What the token of the login says of the person whom the proxy names; None if there is no token, or no such person."""
        tokens, person = self.in_force.live.login_tokens, incoming.facts.user
        if tokens is None or not incoming.login_token or not person:
            return None
        return await self.prover.login(tokens, incoming.login_token, person, now)

    async def _by_login(
        self,
        facts: RequestFacts,
        client: Client,
        posture: Posture,
        token: VerifiedLogin | None,
        now: datetime,
        *,
        names_another: bool,
        offers: bool,
    ) -> tuple[Client, Posture, _Device | None]:
        """The client and the posture by what a trusted proxy has found out at the login: the device on which it was made, or else
        the person. ``offers``: whether the request has a proof or a certificate, which counts before it.

        Whose proof, certificate or token leaves the device unknown, because it is refused or nobody knows the device, may be on any: the
        others of the person make it no milder, and the request is also read as by the person, so that nobody gains by a bad proof. If
        credentials beside that name somebody else, the webmail may open the mail of that person, so the request is also read as
        if the device were none of theirs.
        """
        tells = token is not None and bool(token.device or token.refused)
        by_token = token is not None and bool(token.device) and posture == Posture() and not offers
        if token is not None and by_token:
            posture = await self.postures.in_directory(token.device, now)
            if is_of_another((token.person,), posture.owner):
                return _of_another(client), against(posture), None
            if client.handheld and posture.kind is Kind.LAPTOP:  # so the session was taken here from there
                return client, against(posture), None
        if self._goes_by_person(facts, client, posture):
            known = by_person(await self.postures.of_person(facts.user or "", now))
            if tells or offers:
                return client, posture, (client, known)
            posture = known
        elif not by_token:
            return client, posture, None
        if not names_another:
            return client, posture, None
        client = _of_another(client)
        return client, posture, (client, against(posture))

    def _goes_by_person(self, facts: RequestFacts, client: Client, posture: Posture) -> bool:
        """Whether this browser goes by what is known of its person, whom a trusted proxy has to name: nobody else checks a login
        at a web page."""
        known = self.postures.terms.by_person and bool(facts.user)
        return known and is_a_browser_alone(client, posture)

    async def _recheck(
        self, before: Access, attestations: Sequence[bytes], now: datetime
    ) -> tuple[CertificateResult | None, AttestationResult | None]:
        """The proofs of a running request by what is known now. A refused one stays refused."""
        live, certificate, proof = self.in_force.live, before.certificate, before.attestation
        if proof is not None and proof.refused is None:
            proof = await self.prover.recheck(live.verifier, attestations, now)
        if certificate is not None:
            certificate = live.certificates.recheck(certificate, now) if live.certificates else None
            proof = still_bound(proof, before.certificate, certificate)
        return certificate, proof

    def _readings(
        self, known: _Device, claimed: _Device | None, name: str, login: str
    ) -> tuple[User, tuple[Claim, ...]]:
        """The person by what is known, and the other readings of the request: by each name that it claims, of a person and of
        a device, alone and together."""
        groups = self.in_force.live.groups
        if not (claimed or login):
            return groups.user(name, known[1].owner), ()
        user, *others = (
            Claim(groups.user(person, posture.owner), client, posture)
            for client, posture in (known, *([claimed] if claimed else ()))
            for person in dict.fromkeys((name, login or name))
        )
        return user.user, tuple(others)

    async def _identify(
        self,
        seen: Client,
        proof: AttestationResult | None,
        certificate: CertificateResult | None,
        now: datetime,
        logins: Sequence[str],
        named: PostureByName,
    ) -> tuple[Client, Posture, CertificateResult | None]:
        seen, certified = with_attestation(seen, proof), self.postures.certified
        return await identify(seen, proof, certificate, now, logins=logins, named=named, certified=certified)


def _of_another(client: Client) -> Client:
    found = FOUND_BESIDE[Reason.DEVICE_OF_ANOTHER]
    return client if found in client.findings else replace(client, findings=(*client.findings, found))


def lost_proof(before: Access, proof: AttestationResult | None) -> bool:
    """Whether a proof that was good before is refused by now. The device that it named is still at the other end."""
    earlier = before.attestation
    was_good = earlier is not None and earlier.refused is None
    return was_good and proof is not None and proof.refused is not None


def _who(incoming: Incoming, client: Client, proof: AttestationResult | None) -> tuple[str, str]:
    """The person of a request, and the name that it claims if that is not the person's.

    The person is named by a trusted proxy, otherwise in the device's proof, otherwise by the login of a mail app where the webmail
    checks the same credentials. Anywhere else a name is a claim: a client with a session's cookie could name anyone and so choose
    whose rules apply.
    """
    if incoming.facts.user:
        return incoming.facts.user, ""
    if proof is not None and proof.refused is None and proof.user:
        return proof.user, ""
    login = incoming.login or ""
    return (login, "") if is_checked(incoming.facts, client) else ("", login)


async def _claimed(
    facts: RequestFacts, client: Client, proof: AttestationResult | None, now: datetime, named: PostureByName
) -> _Device | None:
    """The device that a request names where nobody checks that; None if it names none, or has proved which it is."""
    claimed = as_claimed(facts, client) if proof is None or proof.refused is not None else None
    if claimed is None:
        return None
    posture = await named(claimed, None, now)
    return with_device(claimed, posture.kind), posture


"""Returns the posture of the device that a proof or an ActiveSync id names (``Postures.current``,
``Postures.latest``)."""
PostureByCertificate = Callable[[CertificateResult, datetime], Awaitable[Posture]]
"""Returns the posture of the device that a certificate names (``Postures.certified``)."""


def certificate_result(
    certificates: CertificateVerifier | None, came: tuple[bytes, ...] | CertificateResult, now: datetime
) -> CertificateResult | None:
    """Verify the client's certificates. Returns None if the client sent none, or if the gate accepts none."""
    if isinstance(came, CertificateResult):
        return came
    return certificates.verify(came, now) if certificates is not None and came else None


def still_bound(
    proof: AttestationResult | None, before: CertificateResult | None, now: CertificateResult | None
) -> AttestationResult | None:
    """The proof after its certificate was checked again: one that is bound to a certificate that counts no more proves nothing."""
    bound = proof is not None and before is not None and proof.key_thumbprint == before.thumbprint != ""
    if not bound or (now is not None and now.refused is None):
        return proof
    return AttestationResult(
        refused=Reason.PROOF_MISSING, detail="the token's certificate is no longer accepted"
    )


def with_earlier_facts(before: Client, client: Client) -> Client:
    """The client of a running request with what was known of it before: the findings about places, which are looked for only
    when a request comes, and that it proved to be a handheld."""
    found = [finding for finding in before.findings if finding.reason is Reason.KEY_IN_TWO_PLACES]
    if before.handheld and not client.handheld:
        client = replace(client, kind=before.kind, handheld=True)
    return replace(client, findings=(*client.findings, *found)) if found else client


async def identify(
    seen: Client,
    proof: AttestationResult | None,
    certificate: CertificateResult | None,
    now: datetime,
    *,
    logins: Sequence[str] = (),
    named: PostureByName,
    certified: PostureByCertificate,
) -> tuple[Client, Posture, CertificateResult | None]:
    """The client with what its certificate says, the posture of the device, and what the certificate is worth.

    A certificate is the stronger name, since anybody can send an ActiveSync id. If the two name different devices, that
    is a finding, and the more restrictive posture is used. A certificate of an unknown device
    does not change the posture. If the store cannot be asked about the certificate, the posture is ``unavailable``, unless
    the request names another device. ``logins`` are the persons whom the request names: if the device is another's, or the
    certificate was issued for another, the certificate is refused and only what speaks against the device counts.
    """
    posture = await named(seen, proof, now)
    if certificate is None:
        return seen, posture, None
    own = Posture() if certificate.refused else await certified(certificate, now)
    if is_of_another(logins, own.owner, certificate.persons):
        found = FOUND_BESIDE[Reason.DEVICE_OF_ANOTHER]
        refused = CertificateResult(refused=found.reason, detail=found.detail)
        client = with_certificate(seen, refused, own)
        known = strictest((posture, against(own))) if posture.device_id else against(own)
        return replace(client, findings=(*client.findings, found)), known, refused
    client = with_certificate(seen, certificate, own)
    if not own.device_id:
        lost = own.state is PostureState.UNAVAILABLE and not posture.device_id
        return client, own if lost else posture, certificate
    if posture.device_id in ("", own.device_id):
        return client, own, certificate
    found = FOUND_BESIDE[Reason.TWO_DEVICES]
    return replace(client, findings=(*client.findings, found)), strictest((own, posture)), certificate


def is_of_another(logins: Sequence[str], owner: str, persons: Sequence[str] = ()) -> bool:
    """Whether one of these logins is surely not the owner of a device, or none of ``persons``. Nobody is another where nothing
    is known."""
    owners, issued_for = {user_text(owner)} - {""}, set(map(user_text, persons))
    return any(who and user_text(each) not in who for each in logins for who in (owners, issued_for))
