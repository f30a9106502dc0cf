"""A request that the gate itself recorded, put together again from its sighting and its device."""

from dataclasses import dataclass
from datetime import datetime

from mailgate.classify.certified import as_recorded
from mailgate.config import Bundle
from mailgate.decide import decide
from mailgate.model import LOGINS, Access, Decision, Posture
from mailgate.rollout.recorded import Lists, posture_for, recognise
from mailgate.store import Device, Recorded, Sighting, Store, is_of


@dataclass(frozen=True, slots=True)
class Recalled:
    """What was decided then, and what the same client would get now."""

    then: Recorded
    access: Access
    decision: Decision


async def recall(store: Store, bundle: Bundle, name: str, now: datetime) -> Recalled | None:
    """The sighting with this id or reference id, decided again by the rules of the bundle on what is known now."""
    then = await store.sightings.find(name)
    if then is None:
        return None
    seen = then.sighting
    known = await _devices(store, seen, bundle)
    postures = [posture_now(each, bundle, now) for each in known]
    client, proof = recognise(seen.client, known, postures)
    posture = posture_for(client, postures)
    client, certificate = as_recorded(client, seen.client.facts.headers)
    user = bundle.groups.user(seen.user, posture.owner)
    access = Access(seen.client.facts, client, posture, now, user, proof, certificate)
    return Recalled(then, access, decide(access, bundle.policy))


def posture_now(device: Device, bundle: Bundle, now: datetime) -> Posture:
    """The posture that the gate of these files gives this device."""
    posture = bundle.settings.posture
    return Lists(bundle.policy.catalog, posture.max_age, posture.precedence).posture(device, now)


async def _devices(store: Store, seen: Sighting, bundle: Bundle) -> list[Device]:
    """The device that asked, or where none can be told: those of the person."""
    if seen.client.protocol not in LOGINS:
        return await store.devices.called(seen.device) if seen.device else []
    owned = await store.devices.owned(seen.user)
    return [each for each in owned if is_of(each, seen.user, bundle.settings.posture.precedence)]
