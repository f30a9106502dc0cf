"""Restores a request that the gate recorded, from its sighting and its device, and decides it again."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from mailgate.classify import classify, with_device
from mailgate.config import Bundle
from mailgate.devices.device import Device
from mailgate.devices.posture import belongs_to, posture_of
from mailgate.devices.typed_text import references
from mailgate.engine.decide import decide
from mailgate.model import LOGIN_PROTOCOLS, Access, Decision, Posture, RequestFacts
from mailgate.rollout.replay import PAGE_LOAD, access_again, proof_of, reported
from mailgate.store import Recorded, Sighting, Store


@dataclass(frozen=True, slots=True)
class RedecidedRequest:
    """The decision at the time of the request, and the decision on the same client now."""

    then: Recorded
    access: Access
    decision: Decision


async def redecide(store: Store, bundle: Bundle, name: str, now: datetime) -> RedecidedRequest | None:
    """The sighting with this id or reference, decided again by the rules of ``bundle`` with what is known now; None if
    it is not found."""
    for each in references(name):
        if (then := await store.sightings.find(each)) is not None:
            return await redecide_sighting(store, bundle, then, now)
    return None


async def redecide_sighting(store: Store, bundle: Bundle, then: Recorded, now: datetime) -> RedecidedRequest:
    """A sighting, decided again by the rules of ``bundle`` with what is known now."""
    seen = then.sighting
    known = await _devices(store, seen, bundle, now)
    postures = [posture_now(each, bundle, now) for each in known]
    access = access_again(seen.client, seen.user, postures, bundle.groups, now)
    return RedecidedRequest(then, access, decide(access, bundle.policy))


async def decide_last_request(
    store: Store, bundle: Bundle, device: Device, seen: Sequence[Recorded], now: datetime
) -> tuple[Access, Decision]:
    """The current decision for a request like the device's last one. A device that never asked is assumed to ask with
    its proof."""
    if seen:
        again = await redecide_sighting(store, bundle, seen[0], now)
        return again.access, again.decision
    posture = posture_now(device, bundle, now)
    client = reported(posture.kind, posture.os, posture.os_version)
    proof = proof_of(device, posture) if device.reports else None
    access = Access(PAGE_LOAD, client, posture, now, bundle.groups.user(posture.owner), proof)
    return access, decide(access, bundle.policy)


async def sightings_of(store: Store, device: Device, size: int) -> list[Recorded]:
    """The decisions about a device under all its ids, the newest first."""
    ids = [device.id, *sorted(device.former_ids)]
    seen = [row for each in ids for row in await store.sightings.latest(device=each, size=size)]
    return sorted(seen, key=lambda row: row.tally.last, reverse=True)[:size]


def decide_without_proof(
    device: Device, bundle: Bundle, facts: RequestFacts, now: datetime
) -> tuple[Access, Decision]:
    """The decision on a request from this device without its proof."""
    posture = posture_now(device, bundle, now)
    client = with_device(classify(facts), posture.kind)
    user = bundle.groups.user(bundle.settings.logins.person(facts.user or ""), posture.owner)
    access = Access(facts, client, posture, now, user)
    return access, decide(access, bundle.policy)


def posture_now(device: Device, bundle: Bundle, now: datetime) -> Posture:
    """The posture of this device by these settings."""
    return posture_of(device, bundle.policy.catalog, bundle.posture_terms, now)


async def _devices(store: Store, seen: Sighting, bundle: Bundle, now: datetime) -> list[Device]:
    """The device that asked. If it is unknown, the devices of the person."""
    if seen.client.protocol not in LOGIN_PROTOCOLS:
        return await store.devices.called(seen.device) if seen.device else []
    owned = await store.devices.owned(seen.user)
    order = bundle.settings.posture.precedence
    return [each for each in owned if belongs_to(each, seen.user, now, order)]
