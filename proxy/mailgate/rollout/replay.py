"""The people and devices that rules are tried on: every known device, and every sighting of the last days, each turned into the
access that would be decided now.

Whatever was recorded has the value that it had, and what was not recorded is named: nothing is made up for a decision to go by.
"""

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from functools import lru_cache
from typing import TypeVar

from cachetools import LRUCache

from mailgate.classify import classify, with_attestation, with_device
from mailgate.classify.attestation import with_certificate
from mailgate.config import Settings
from mailgate.devices.device import Device, Report
from mailgate.devices.names import EAS, eas_forms, user_text
from mailgate.devices.posture import (
    belongs_to,
    by_person,
    is_a_browser_alone,
    owner_of,
    posture_of,
    posture_of_person,
    sources_away,
)
from mailgate.devices.trust import vouches
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
from mailgate.policy.people import NO_GROUPS, Groups
from mailgate.policy.simulate.impact import Subject
from mailgate.policy.simulate.judge import Occasion
from mailgate.policy.variables import VARIABLES, KeptBy
from mailgate.store import ClientFacts, Proofs, SeenClient, Store
from mailgate.store.sightings import ACCEPTED

_NEVER_KEPT = frozenset(name for name, each in VARIABLES.items() if each.kept_by is KeptBy.NOTHING)
_OF_A_DEVICE = frozenset(name for name in VARIABLES if name.startswith("device."))
_OF_A_CLIENT = frozenset(name for name in VARIABLES if name.startswith("client."))
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
    """The variables that are not known of a recorded request. Of two devices only one is kept, so those of both together are
    not known. A person whom nobody has checked is not kept, and may restrict all the same."""
    if seen.proofs is None:
        return _ALL_BUT_THE_TIME
    missing = _NEVER_KEPT | _OF_A_PERSON if seen.proofs.names_others else _NEVER_KEPT
    found = seen.proofs.findings
    if Reason.DEVICE_OF_ANOTHER in found:  # what counted of the device spoke against it, and is not kept
        return missing | _OF_A_DEVICE | _OF_A_CLIENT
    return missing | _OF_A_DEVICE if Reason.TWO_DEVICES in found else missing


def assumed_of(posture: Posture) -> frozenset[str]:
    """The variables whose values are assumed of a device that never asked: that it asks with its proof, and names its system
    and form as its sources do. The guard takes them for unknown. Of a device without an owner anybody may ask."""
    return _assumed(posture.kind, bool(posture.owner))


@lru_cache
def _assumed(kind: Kind | None, owned: bool) -> frozenset[str]:
    found = ASSUMED if owned else ASSUMED | _OF_A_PERSON
    if kind in (None, Kind.UNKNOWN):
        return found | _OF_THE_KIND
    return found - {"client.form"} if kind is Kind.LAPTOP else found


def access_again(
    seen: ClientFacts, name: str, postures: Sequence[Posture], groups: Groups, now: datetime
) -> Access:
    """A recorded request of the person ``name``, as it would come now, its proofs with the outcome of then, by the steps of
    ``gateway/evaluate/judge.py``. ``postures`` has those of the known devices, of one that is ``by_person`` alone."""
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
        extension=told.extension,
    )


def _certificate(told: Proofs) -> CertificateResult | None:
    if told.certificate in ("", ACCEPTED):
        return CertificateResult(_MADE_BY_A_PROOF) if told.certificate else None
    return CertificateResult(refused=Reason(told.certificate))


def _certified(told: Proofs) -> Posture:
    if not told.certified_kind:
        return Posture()
    return Posture(
        device_id=_MADE_BY_A_PROOF,
        kind=Kind(told.certified_kind),
        os=told.certified_os,
        os_version=told.certified_os_version,
    )


def proof_of(device: Device, posture: Posture) -> AttestationResult:
    """The result of a device's token, for a device that asks with it, as far as it was kept: never the token."""
    told = next((each for each in device.reports if each.source == posture.source), device.reports[0])
    return AttestationResult(told.id, told.source, kind=told.kind, os=told.os, status=told.status)


def client_of(facts: RequestFacts, posture: Posture, proof: AttestationResult | None = None) -> Client:
    """The client of a request from a device of this posture, without another proof than this."""
    return with_device(with_attestation(classify(facts), proof), posture.kind)


@lru_cache(maxsize=4096)
def reported(kind: Kind | None, os: str, os_version: str) -> Client:
    """The client that a report describes: the device, and nothing about how it asks."""
    told = AttestationResult("device", kind=kind, os=os, os_version=os_version)
    return with_attestation(classify(PAGE_LOAD), told)


def asking(device: Device, posture: Posture, groups: Groups, now: datetime) -> Access:
    """What comes from a device that never asked: it is assumed to ask with its proof."""
    client = reported(posture.kind, posture.os, posture.os_version)
    proof = proof_of(device, posture) if device.reports else None
    return Access(PAGE_LOAD, client, posture, now, groups.user(posture.owner), proof)


@dataclass(frozen=True, slots=True)
class PostureInputs:
    """What stored reports are judged by: the listed apps, and how far reports are believed."""

    catalog: AppCatalog
    terms: PostureTerms

    def posture(self, device: Device, now: datetime) -> Posture:
        return posture_of(device, self.catalog, self.terms, now)

    def postures(self, known: Iterable[Device], now: datetime, *, alone: bool) -> list[Posture]:
        """The postures of these devices now; that of their person, for a browser ``alone`` (``goes_by_person``)."""
        postures = [self.posture(each, now) for each in known]
        return [by_person(posture_of_person(postures))] if alone else postures


def goes_by_person(seen: ClientFacts, terms: PostureTerms) -> bool:
    """Whether a recorded request is of a browser that goes by its person's devices, as ``gateway/evaluate/judge.py`` finds."""
    told = seen.proofs
    offered = told is None or _offered(told) or Reason.DEVICE_OF_ANOTHER in told.findings
    return not offered and _of_a_person(seen, terms)


def unrecorded_of_person(seen: ClientFacts, known: Sequence[Device], terms: PostureTerms) -> frozenset[str]:
    """The variables that are not known of such a browser beside those of ``unrecorded_in``: if a proof of it told nothing, it was read by
    its person as well, which is not kept."""
    told = seen.proofs
    also = told is not None and not known and _offered(told) and _of_a_person(seen, terms)
    return _OF_A_DEVICE if also else frozenset()


def _offered(told: Proofs) -> bool:
    return bool(told.attestation or told.certificate or told.login)


def _of_a_person(seen: ClientFacts, terms: PostureTerms) -> bool:
    named = seen.proofs is not None and seen.proofs.named_by == "proxy"
    return terms.by_person and named and is_a_browser_alone(classify(seen.facts), Posture())


async def away_now(store: Store, settings: Settings) -> Away:
    """The sources that cannot be asked now, as every gate on the store knows it. Raises StoreUnavailableError."""
    return sources_away(await store.connectors.states(), settings.connectors)


def posture_for(client: Client, postures: Sequence[Posture]) -> Posture:
    """The posture of the device that a client named, or of its person; at the side door, of the person's phones and tablets."""
    if client.protocol not in LOGIN_PROTOCOLS:
        return postures[0] if postures else Posture()
    return Posture() if client.kind is Kind.LAPTOP else posture_of_person(postures)


PAGE = 2000
AT_ONCE = 32
"""How many devices or clients are made into subjects before others have their turn: the loop of a gate serves mail meanwhile."""

Each = TypeVar("Each")


@dataclass(frozen=True, slots=True)
class Population:
    """The devices and sightings of one store, with the apps that the lists of two policies name."""

    store: Store
    before: PostureInputs
    after: PostureInputs
    since: date
    now: datetime
    groups: Groups = NO_GROUPS
    """The groups by the first policy."""
    groups_after: Groups | None = None
    """The groups by the second policy, if they differ."""
    _owned: LRUCache[str, list[Device]] = field(default_factory=lambda: LRUCache(10_000))

    async def devices(self, behind: str, until: str | None) -> AsyncIterator[list[Subject]]:
        """Pages of devices in the order of their ids, after ``behind`` and up to ``until``, each with all its clients, and with
        its report alone if none came in these days, or none with its owner: anybody can send its ActiveSync id."""
        while page := await self.store.devices.summaries(behind, PAGE):
            behind = page[-1].id
            ended = next((n for n, each in enumerate(page, 1) if each.id == until), 0)
            page = page[: ended or None]
            called = {name: device.id for device in page for name in (device.id, *device.former_ids)}
            yield await self._devices(page, called, await self.store.seen_clients.of([*called], self.since))
            if ended:
                return

    async def strangers(self) -> AsyncIterator[list[Subject]]:
        """Pages of clients without a known device."""
        last = ("", "")
        while strangers := await self.store.seen_clients.strangers(self.since, last, PAGE):
            last = (strangers[-1].client_id, strangers[-1].user)
            yield [await self._stranger(seen_client) async for seen_client in _in_turns(strangers)]

    async def person(self, login: str) -> list[Subject]:
        """The subjects of one person: their devices, and their sightings of these days on any device."""
        owned = await self.store.people.devices(login, self.now, self.before.terms.precedence)
        called = {name: device.id for device in owned for name in (device.id, *device.former_ids)}
        seen_clients = await self.store.seen_clients.by(login, self.since)
        subjects = await self._devices(
            owned, called, [seen_client for seen_client in seen_clients if seen_client.device in called]
        )
        others = [seen_client for seen_client in seen_clients if seen_client.device not in called]
        known = await self.called({seen_client.device for seen_client in others})
        async for seen_client in _in_turns(others):
            name = seen_client.device or seen_client.client_id
            subjects.append(Subject(name, False, (await self.seen(seen_client, known),)))
        return subjects

    async def called(self, names: Iterable[str]) -> dict[str, Device]:
        """The devices with these names from sightings."""
        known: dict[str, Device] = {}
        for name in filter(None, names):
            for device in await self.store.devices.called(name):
                known[name] = device
        return known

    async def seen(self, seen_client: SeenClient, known: Mapping[str, Device]) -> Occasion:
        """The occasion of one recorded client. ``known`` has the devices by the names that sightings use."""
        if seen_client.device in known:
            return await self._seen(seen_client, [known[seen_client.device]])
        return (await self._stranger(seen_client)).occasions[0]

    async def _devices(
        self, page: Iterable[Device], called: Mapping[str, str], seen_clients: Iterable[SeenClient]
    ) -> list[Subject]:
        came: dict[str, list[SeenClient]] = defaultdict(list)
        for seen_client in seen_clients:
            came[called[seen_client.device]].append(seen_client)
        subjects = []
        async for device in _in_turns(page):
            came_by = came.get(device.id)
            seen = [await self._seen(each, [device]) async for each in _in_turns(came_by)] if came_by else []
            if not seen or ((owner := self.owner(device)) and all(each.person != owner for each in seen)):
                seen.append(self.unseen(device))  # whoever names the device does not stand for its owner
            vouched = any(map(vouches, device.reports))
            subjects.append(Subject(device.id, True, tuple(seen), vouched))
        return subjects

    async def _stranger(self, seen_client: SeenClient) -> Subject:
        eas_id = seen_client.client.eas_id
        found = await self.store.devices.find(EAS, eas_forms(eas_id)) if eas_id else []
        return Subject(
            eas_id or f"client {seen_client.client_id[:8]}", False, (await self._seen(seen_client, found),)
        )

    async def _seen(self, seen_client: SeenClient, devices: Sequence[Device]) -> Occasion:
        told = seen_client.client
        alone = goes_by_person(told, self.before.terms)
        of_person = alone or told.protocol in LOGIN_PROTOCOLS
        known = await self._devices_of(seen_client.user) if of_person else devices
        postures = self.before.postures(known, self.now, alone=alone)
        before = access_again(told, seen_client.user, postures, self.groups, self.now)
        named = told.proofs is not None and told.proofs.named_by != ""
        unrecorded = unrecorded_in(told) | unrecorded_of_person(told, known, self.before.terms)
        return self._occasion(before, seen_client.user, known, unrecorded, named=named)

    def owner(self, device: Device) -> str:
        """The owner of a device, in one spelling; empty if nobody knows."""
        return user_text(owner_of(device, self.now, self.before.terms.precedence))

    def unreported(self, owner: str, kind: Kind, os: str) -> Occasion:
        """A device of this person of which no report is left."""
        return self.unseen(Device("", (Report("", "", owner=owner, kind=kind, os=os),)))

    def unseen(self, device: Device) -> Occasion:
        posture = self.before.posture(device, self.now)
        before, assumed = asking(device, posture, self.groups, self.now), assumed_of(posture)
        return self._occasion(before, posture.owner, [device], UNRECORDED_IN_DEVICES, assumed)

    def _occasion(
        self,
        before: Access,
        name: str,
        known: Sequence[Device],
        unrecorded: frozenset[str],
        assumed: frozenset[str] = frozenset(),
        *,
        named: bool = False,
    ) -> Occasion:
        """An occasion of the likely person ``name``; ``named``: a proxy or an issuer's proof names them."""
        after = before
        if self.after is not self.before:
            postures = self.after.postures(known, self.now, alone=before.posture.by_person)
            posture = posture_for(before.client, postures)
            after = replace(before, posture=posture)
        if self.groups_after is not None:
            after = replace(after, user=self.groups_after.user(name, after.posture.owner))
        person = user_text(before.user.name) or user_text(before.posture.owner)
        return Occasion(before, after, person, unrecorded, assumed, named or _is_vouched(person, known))

    async def _devices_of(self, person: str) -> list[Device]:
        """The devices of a person, since a client at the side door is known by its person alone."""
        if person not in self._owned:
            owned = await self.store.devices.owned(person)
            order = self.before.terms.precedence
            self._owned[person] = [each for each in owned if belongs_to(each, person, self.now, order)]
        return self._owned[person]


async def _in_turns(found: Iterable[Each]) -> AsyncIterator[Each]:
    for number, each in enumerate(found, 1):
        if number % AT_ONCE == 0:
            await asyncio.sleep(0)
        yield each


def _is_vouched(person: str, devices: Iterable[Device]) -> bool:
    return any(
        user_text(each.owner) == person and vouches(each) for device in devices for each in device.reports
    )
