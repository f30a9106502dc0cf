"""A request that the gate itself recorded, put together again from its sighting and its device."""

from dataclasses import dataclass
from datetime import datetime

from mailgate.classify import classify, with_attestation
from mailgate.classify.certified import recorded, with_certificate
from mailgate.config import Bundle
from mailgate.decide import decide
from mailgate.model import LOGINS, Access, Assurance, AttestationResult, Client, Decision, Kind, Posture, User
from mailgate.store import Device, Recorded, Sighting, Store, is_of, posture_of, posture_of_person


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
    known = await _devices(store, seen, bundle)
    postures = [posture_now(each, bundle, now) for each in known]
    proof = _proof(known[0], postures[0]) if known and seen.client.assurance == Assurance.ATTESTED else None
    client = with_attestation(classify(seen.client.facts), proof)
    posture = _posture(postures, client)
    certificate = recorded(seen.client.facts.headers)
    if certificate is not None:
        client = with_certificate(client, certificate, Posture())
    access = Access(seen.client.facts, client, posture, now, User(seen.user), proof, certificate)
    return Recalled(then, access, decide(access, bundle.policy))


def posture_now(device: Device, bundle: Bundle, now: datetime) -> Posture:
    """The posture that the gate of these files gives this device."""
    catalog, posture = bundle.policy.catalog, bundle.settings.posture
    return posture_of(device, catalog, posture.max_age, now, precedence=posture.precedence)


async def _devices(store: Store, seen: Sighting, bundle: Bundle) -> list[Device]:
    """The device that asked, or where none can be told: those of the person."""
    if seen.client.protocol not in LOGINS:
        return await store.devices.called(seen.device) if seen.device else []
    owned = await store.devices.owned(seen.user)
    return [each for each in owned if is_of(each, seen.user, bundle.settings.posture.precedence)]


def _posture(postures: list[Posture], client: Client) -> Posture:
    if client.protocol not in LOGINS:
        return postures[0] if postures else Posture()
    return Posture() if client.kind is Kind.LAPTOP else posture_of_person(postures)


def _proof(device: Device, posture: Posture) -> AttestationResult:
    """What the device proved then, as far as it was kept; the token itself never is."""
    report = next((each for each in device.reports if each.source == posture.source), device.reports[0])
    return AttestationResult(
        device_id=report.id, issuer=report.source, kind=report.kind, os=report.os, status=report.status
    )
