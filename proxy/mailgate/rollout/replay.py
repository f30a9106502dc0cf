"""Turns a stored sighting or device into the access that would be decided now.

Whatever was recorded has the value that it had, and what was not recorded is named: nothing is made up for a decision to go by.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import lru_cache

from mailgate.classify import classify, with_attestation, with_device
from mailgate.classify.attestation import with_certificate
from mailgate.config import Settings
from mailgate.devices.device import Device
from mailgate.devices.posture import posture_of, posture_of_person, sources_away
from mailgate.model import (
    FOUND_BESIDE,
    LOGIN_PROTOCOLS,
    Access,
    AttestationResult,
    CertificateResult,
    Client,
    Kind,
    Posture,
    Reason,
    RequestFacts,
)
from mailgate.model.device import Away, PostureTerms
from mailgate.policy import AppCatalog
from mailgate.policy.groups import Groups
from mailgate.policy.variables import VARIABLES, KeptBy
from mailgate.store import ClientFacts, Proofs, Store
from mailgate.store.client_facts import ACCEPTED

_NEVER_KEPT = frozenset(name for name, each in VARIABLES.items() if each.kept_by is KeptBy.NOTHING)
_OF_A_DEVICE = frozenset(name for name in VARIABLES if name.startswith("device."))
_OF_A_PERSON = frozenset(name for name in VARIABLES if name.startswith("user."))
_ALL_BUT_THE_TIME = frozenset(VARIABLES) - {"now"}
_NOT_REPORTED = frozenset(name for name, each in VARIABLES.items() if each.kept_by is not KeptBy.REPORT)
ASSUMED = frozenset(
    "client.assurance client.contradicted client.findings client.form client.os client.os_version attestation.valid "
    "attestation.status attestation.issuer attestation.refused".split()
)
_OF_THE_KIND = frozenset({"client.kind", "client.handheld"})
UNRECORDED_IN_DEVICES = _NOT_REPORTED - ASSUMED - {"user.name"}
"""The variables that are not known of a device that never asked. Its owner is assumed to ask, and may be named or not, and
a phone or tablet may ask by a mail app (``policy/simulate/later.py``)."""
_MADE_BY_A_PROOF = "recorded"
"""The name of the device in a proof that is decided by again. The name itself is not kept, and no rule reads it."""

PAGE_LOAD = RequestFacts()


def unrecorded_in(seen: ClientFacts) -> frozenset[str]:
    """The variables that are not known of a recorded request.

    Of two devices only one is kept, so the apps and the state of both together are not known. A person whom nobody has checked
    is not kept, and may restrict all the same.
    """
    if seen.proofs is None:
        return _ALL_BUT_THE_TIME
    missing = _NEVER_KEPT | _OF_A_PERSON if seen.proofs.names_others else _NEVER_KEPT
    return missing | _OF_A_DEVICE if Reason.TWO_DEVICES in seen.proofs.findings else missing


def assumed_of(posture: Posture) -> frozenset[str]:
    """The variables whose values are assumed of a device that never asked: that it asks with its proof, and names its system
    and form as its sources do. The guard takes them for unknown. Of a device without an owner anybody may ask."""
    found = ASSUMED if posture.owner else ASSUMED | _OF_A_PERSON
    if posture.kind in (None, Kind.UNKNOWN):
        return found | _OF_THE_KIND
    return found - {"client.form"} if posture.kind is Kind.LAPTOP else found


def access_again(
    seen: ClientFacts, name: str, postures: Sequence[Posture], groups: Groups, now: datetime
) -> Access:
    """A recorded request of the person ``name``, as it would come now. Its proofs have the outcome that they had then.

    The steps are those of ``gateway/evaluate/judge.py``, in its order. ``postures`` has the postures of the known devices.
    """
    told = seen.proofs or Proofs()
    proof, certificate = _attestation(told), _certificate(told)
    client = with_attestation(classify(seen.facts), proof)
    if certificate is not None:
        client = with_certificate(client, certificate, _certified(told))
    found = tuple(FOUND_BESIDE[Reason(each)] for each in told.findings)
    client = replace(client, findings=(*client.findings, *found)) if found else client
    posture = posture_for(client, postures)
    client, user = with_device(client, posture.kind), groups.user(name, posture.owner)
    return Access(seen.facts, client, posture, now, user, proof, certificate)


def _attestation(told: Proofs) -> AttestationResult | None:
    if not told.attestation:
        return None
    if told.attestation != ACCEPTED:
        return AttestationResult(refused=Reason(told.attestation))
    return AttestationResult(
        _MADE_BY_A_PROOF,
        told.issuer,
        kind=Kind(told.kind) if told.kind else None,
        os=told.os,
        os_version=told.os_version,
        status=told.status,
        self_reported=told.self_reported,
    )


def _certificate(told: Proofs) -> CertificateResult | None:
    if told.certificate in ("", ACCEPTED):
        return CertificateResult(_MADE_BY_A_PROOF) if told.certificate else None
    return CertificateResult(refused=Reason(told.certificate))


def _certified(told: Proofs) -> Posture:
    """The record of the device that the certificate named, as it was then."""
    if not told.certified_kind:
        return Posture()
    return Posture(
        device_id=_MADE_BY_A_PROOF,
        kind=Kind(told.certified_kind),
        os=told.certified_os,
        os_version=told.certified_os_version,
    )


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
