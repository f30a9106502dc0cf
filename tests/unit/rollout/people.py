"""A store with people: devices that reported, and sightings of them and of strangers."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime, timedelta

from tests.unit.store.examples import NOW

from mailgate.classify import classify, with_attestation
from mailgate.devices.device import new_id
from mailgate.model import (
    LOGIN_PROTOCOLS,
    Access,
    AppsReport,
    AttestationResult,
    Kind,
    Posture,
    Protocol,
    RequestFacts,
    User,
)
from mailgate.model.device import PostureTerms
from mailgate.policy import Policy
from mailgate.policy.decide import decide
from mailgate.store import Store

IPHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.5 Mobile/15E148 Safari/604.1"
WINDOWS = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/138.0.0.0 Safari/537.36"
ISSUER = "https://mdm.example.com"
TERMS = PostureTerms(timedelta(hours=24))


def page_load(agent: str) -> RequestFacts:
    return RequestFacts(target="/mail/7", headers={"user-agent": agent})


def mail_app(eas_id: str) -> RequestFacts:
    target = f"/Microsoft-Server-ActiveSync?Cmd=Sync&DeviceId={eas_id}&DeviceType=iPhone&User=x"
    return RequestFacts("POST", target, headers={"user-agent": "Apple-iPhone14C2/2105.80"})


def imap(client: str = "iPhone Mail") -> RequestFacts:
    return RequestFacts("LOGIN", "/", "imap", headers={"imap-id": f'"name" "{client}"'})


def phone(
    number: int, *apps: str, owner: str = "", at: datetime = NOW, kind: Kind = Kind.PHONE
) -> AttestationResult:
    """The proof of a phone with these apps, looked at ``at``."""
    return AttestationResult(
        device_id=f"phone-{number}",
        issuer=ISSUER,
        key_thumbprint=f"key-{number}",
        kind=kind,
        os="ios",
        os_version="26.1",
        user=owner,
        eas_ids=(f"EAS{number}",),
        apps=AppsReport(frozenset(apps), True, at),
        status="affirming",
        expires=NOW + timedelta(days=7),
    )


def device(number: int) -> str:
    """The id under which the store has the phone with this number."""
    return new_id((ISSUER, f"phone-{number}"))


async def know(store: Store, policy: Policy, proofs: Iterable[AttestationResult]) -> None:
    """Store reports of devices without sightings."""
    postures = store.postures(policy.catalog, TERMS)
    for proof in proofs:
        client = with_attestation(classify(RequestFacts()), proof)
        await postures.current(client, proof, NOW)
    await store.reports.flush()


async def see(
    store: Store,
    policy: Policy,
    facts: RequestFacts,
    user: str,
    proof: AttestationResult | None = None,
    at: datetime = NOW,
    known_as: User | None = None,
) -> None:
    """Decide and record a request like a gate. A person is named by a trusted proxy, a mail app or the mail server;
    ``known_as`` is the user with their groups."""
    postures = store.postures(policy.catalog, TERMS)
    client = with_attestation(classify(facts), proof)
    if client.protocol in LOGIN_PROTOCOLS:
        posture = Posture() if client.kind is Kind.LAPTOP else await postures.of_person(user, at)
    else:
        posture = await postures.current(client, proof, at)
    if user and not proof and client.protocol is not Protocol.ACTIVESYNC:
        facts = replace(facts, user=user)
    access = Access(facts, client, posture, at, known_as or User(user), proof)
    store.ledger.record(access, decide(access, policy))
    await store.reports.flush()
    await store.ledger.flush()
