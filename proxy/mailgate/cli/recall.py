"""A request that the gate itself recorded, put together again from its sighting and its device."""

from dataclasses import dataclass
from datetime import datetime

from mailgate.classify import classify, with_attestation
from mailgate.config import Bundle
from mailgate.decide import decide
from mailgate.model import Access, Assurance, AttestationResult, Decision, Posture, User
from mailgate.store import Device, Recorded, Store, posture_of


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
    named = await store.devices.called(seen.device) if seen.device else []
    device = named[0] if named else None
    proof = _proof(device) if device and seen.client.assurance == Assurance.ATTESTED else None
    client = with_attestation(classify(seen.client.facts), proof)
    posture = (
        posture_of(device, bundle.policy.catalog, bundle.settings.posture.max_age, now)
        if device
        else Posture()
    )
    access = Access(seen.client.facts, client, posture, now, User(seen.user), proof)
    return Recalled(then, access, decide(access, bundle.policy))


def _proof(device: Device) -> AttestationResult:
    """What the device proved then; the token itself is never kept."""
    return AttestationResult(
        device_id=device.id, issuer=device.source, kind=device.kind, os=device.os, status=device.status
    )
