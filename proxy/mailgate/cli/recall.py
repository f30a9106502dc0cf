"""A request that the gate itself recorded, put together again from its sighting and its device."""

from dataclasses import dataclass
from datetime import datetime

from mailgate.classify import classify, with_attestation
from mailgate.classify.certified import recorded, with_certificate
from mailgate.config import Bundle
from mailgate.decide import decide
from mailgate.model import LOGINS, Access, Assurance, AttestationResult, Client, Decision, Kind, Posture, User
from mailgate.store import Device, Recorded, Sighting, Store, posture_of, posture_of_person


@dataclass(frozen=True, slots=True)
class Recalled:
    """What was decided then, and what the same client would get now."""

    then: Recorded
    access: Access
    decision: Decision


async def recall(store: Store, bundle: Bundle, name: str, now: datetime) -> Recalled | None:
    """The sighting with this id or reference id, decided again by today's rules on what is known today."""
    then = await store.sightings.find(name)
    if then is None:
        return None
    seen = then.sighting
    known = await _devices(store, seen)
    proof = _proof(known[0]) if known and seen.client.assurance == Assurance.ATTESTED else None
    client = with_attestation(classify(seen.client.facts), proof)
    posture = _posture(known, client, bundle, now)
    certificate = recorded(seen.client.facts.headers)
    if certificate is not None:
        client = with_certificate(client, certificate, Posture())
    access = Access(seen.client.facts, client, posture, now, User(seen.user), proof, certificate)
    return Recalled(then, access, decide(access, bundle.policy))


async def _devices(store: Store, seen: Sighting) -> list[Device]:
    """The device that asked, or where none can be told: those of the person."""
    if seen.client.protocol in LOGINS:
        return await store.devices.owned(seen.user)
    return await store.devices.called(seen.device) if seen.device else []


def _posture(known: list[Device], client: Client, bundle: Bundle, now: datetime) -> Posture:
    catalog, max_age = bundle.policy.catalog, bundle.settings.posture.max_age
    if client.protocol not in LOGINS:
        return posture_of(known[0], catalog, max_age, now) if known else Posture()
    return Posture() if client.kind is Kind.LAPTOP else posture_of_person(known, catalog, max_age, now)


def _proof(device: Device) -> AttestationResult:
    """What the device proved then; the token itself is never kept."""
    return AttestationResult(
        device_id=device.id, issuer=device.source, kind=device.kind, os=device.os, status=device.status
    )
