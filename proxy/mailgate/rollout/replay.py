"""Turns a stored sighting or device into the access that would be decided now."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache

from mailgate.classify import classify, with_attestation, with_device
from mailgate.config import Settings
from mailgate.devices.device import Device
from mailgate.devices.posture import Away, PostureTerms, posture_of, posture_of_person, sources_away
from mailgate.model import LOGIN_PROTOCOLS, Assurance, AttestationResult, Client, Kind, Posture, RequestFacts
from mailgate.policy import AppCatalog
from mailgate.policy.variables import VARIABLES, DependsOn
from mailgate.store import ClientFacts, Store

_NEVER_KEPT = {DependsOn.REMOTE, DependsOn.HOST, DependsOn.PATH, DependsOn.SCHEME}
UNRECORDED_IN_SIGHTINGS = frozenset(
    {name for name, each in VARIABLES.items() if each.depends_on in _NEVER_KEPT} | {"attestation.refused"}
)
"""The variables whose values no sighting keeps (``store/client_facts.py``)."""
_TOLD_BY_A_REPORT = frozenset(
    "client.kind client.handheld client.assurance client.form client.os client.os_version client.contradicted client.findings".split()
)
UNRECORDED_IN_DEVICES = UNRECORDED_IN_SIGHTINGS | {
    name
    for name in VARIABLES
    if name.startswith(("client.", "certificate.", "request.")) and name not in _TOLD_BY_A_REPORT
}
"""Variables that no report contains. A device without a sighting is assumed to ask with its proof, and to be of the
kind that the proof says."""

PAGE_LOAD = RequestFacts()


def recognise(
    seen: ClientFacts, known: Sequence[Device], postures: Sequence[Posture]
) -> tuple[Client, AttestationResult | None]:
    """A recorded client, and the result of the proof that its device gave then. ``postures`` has the postures of the
    known devices."""
    proof = proof_of(known[0], postures[0]) if known and seen.assurance == Assurance.ATTESTED else None
    client = with_attestation(classify(seen.facts), proof)
    return with_device(client, posture_for(client, postures).kind), proof


def proof_of(device: Device, posture: Posture) -> AttestationResult:
    """The result of a device's token, for a device that asks with it, as far as the result was kept. The token itself
    is never kept."""
    told = next((each for each in device.reports if each.source == posture.source), device.reports[0])
    return AttestationResult(told.id, told.source, kind=told.kind, os=told.os, status=told.status)


@lru_cache(maxsize=4096)
def reported(kind: Kind | None, os: str, os_version: str) -> Client:
    """The client that a report describes: the device, and nothing about how it asks."""
    told = AttestationResult("device", kind=kind, os=os, os_version=os_version)
    return with_attestation(classify(PAGE_LOAD), told)


@dataclass(frozen=True, slots=True)
class PostureInputs:
    """What stored reports are judged by: the listed apps, and how far reports are believed."""

    catalog: AppCatalog
    terms: PostureTerms

    def posture(self, device: Device, now: datetime) -> Posture:
        """The posture of a device now."""
        return posture_of(device, self.catalog, self.terms, now)


async def away_now(store: Store, settings: Settings) -> Away:
    """The sources that cannot be asked now, as every gate on the store knows it. Raises StoreUnavailableError."""
    return sources_away(await store.connectors.states(), settings.connectors)


def posture_for(client: Client, postures: Sequence[Posture]) -> Posture:
    """The posture of the device that a client named; at the side door, of the phones and tablets of its person."""
    if client.protocol not in LOGIN_PROTOCOLS:
        return postures[0] if postures else Posture()
    return Posture() if client.kind is Kind.LAPTOP else posture_of_person(postures)
