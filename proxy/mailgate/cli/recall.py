"""A request that the gate itself recorded, put together again from its sighting and its device."""

from dataclasses import dataclass
from datetime import datetime

from mailgate.config import Bundle
from mailgate.decide import decide
from mailgate.model import LOGINS, Access, Decision, User
from mailgate.rollout.recorded import Lists, recognise
from mailgate.store import Device, Recorded, Sighting, Store


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
    client, proof = recognise(seen.client, known)
    posture = Lists(bundle.policy.catalog, bundle.settings.posture.max_age).posture(client, known, now)
    access = Access(seen.client.facts, client, posture, now, User(seen.user), proof)
    return Recalled(then, access, decide(access, bundle.policy))


async def _devices(store: Store, seen: Sighting) -> list[Device]:
    """The device that asked, or where none can be told: those of the person."""
    if seen.client.protocol in LOGINS:
        return await store.devices.owned(seen.user)
    return await store.devices.called(seen.device) if seen.device else []
