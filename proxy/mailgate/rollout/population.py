"""The people and devices that rules are tried on: every known device, and every sighting of the last days."""

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import TypeVar

from cachetools import LRUCache

from mailgate.devices.device import Device
from mailgate.devices.names import EAS, eas_forms, user_text
from mailgate.devices.posture import belongs_to
from mailgate.devices.trust import vouches
from mailgate.model import LOGIN_PROTOCOLS, Access
from mailgate.policy.groups import NO_GROUPS, Groups
from mailgate.policy.simulate.compare import Occasion
from mailgate.policy.simulate.impact import Subject
from mailgate.rollout.replay import (
    PAGE_LOAD,
    UNRECORDED_IN_DEVICES,
    PostureInputs,
    access_again,
    assumed_of,
    posture_for,
    proof_of,
    reported,
    unrecorded_in,
)
from mailgate.store import SeenClient, Store

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
        """Pages of devices in the order of their ids, after ``behind`` and up to ``until``, each with all its clients.
        A device is tried with its report alone, too, if it has no sighting in these days, or none with its owner: anybody can send its
        ActiveSync id beside another name."""
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
            subjects.append(
                Subject(
                    seen_client.device or seen_client.client_id, False, (await self.seen(seen_client, known),)
                )
            )
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
            came_by = _in_turns(came.get(device.id, ()))
            seen = [await self._seen(seen_client, [device]) async for seen_client in came_by]
            owner = user_text(seen[0].before.posture.owner) if seen else ""
            if not seen or (owner and all(each.person != owner for each in seen)):
                seen.append(self.unseen(device))  # whoever names the device does not stand for its owner
            vouched = any(map(vouches, device.reports))
            subjects.append(Subject(device.id, True, tuple(seen), vouched))
        return subjects

    async def _stranger(self, seen_client: SeenClient) -> Subject:
        """The subject of a client that named no device, or whose device is no longer known."""
        eas_id = seen_client.client.eas_id
        found = await self.store.devices.find(EAS, eas_forms(eas_id)) if eas_id else []
        return Subject(
            eas_id or f"client {seen_client.client_id[:8]}", False, (await self._seen(seen_client, found),)
        )

    async def _seen(self, seen_client: SeenClient, devices: Sequence[Device]) -> Occasion:
        known = (
            await self._devices_of(seen_client.user)
            if seen_client.client.protocol in LOGIN_PROTOCOLS
            else devices
        )
        postures = [self.before.posture(each, self.now) for each in known]
        told = seen_client.client
        before = access_again(told, seen_client.user, postures, self.groups, self.now)
        named = told.proofs is not None and told.proofs.named_by != ""
        return self._occasion(before, seen_client.user, known, unrecorded_in(told), named=named)

    def unseen(self, device: Device) -> Occasion:
        """The occasion of a device that never asked."""
        posture = self.before.posture(device, self.now)
        client = reported(posture.kind, posture.os, posture.os_version)
        proof = proof_of(device, posture) if device.reports else None
        before = Access(PAGE_LOAD, client, posture, self.now, self.groups.user(posture.owner), proof)
        occasion = self._occasion(before, posture.owner, [device], UNRECORDED_IN_DEVICES)
        return replace(occasion, assumed=assumed_of(posture))

    def _occasion(
        self,
        before: Access,
        name: str,
        known: Sequence[Device],
        unrecorded: frozenset[str],
        *,
        named: bool = False,
    ) -> Occasion:
        """An occasion with its person. ``name`` is the likely person; ``named`` says whether a proxy or an issuer's proof
        names them."""
        after = before
        if self.after is not self.before:
            posture = posture_for(before.client, [self.after.posture(each, self.now) for each in known])
            after = replace(before, posture=posture)
        if self.groups_after is not None:
            after = replace(after, user=self.groups_after.user(name, after.posture.owner))
        person = user_text(before.user.name) or user_text(before.posture.owner)
        return Occasion(before, after, person, unrecorded, known=named or _is_vouched(person, known))

    async def _devices_of(self, person: str) -> list[Device]:
        """The devices of a person, since a client at the side door is known by its person alone."""
        if person not in self._owned:
            owned = await self.store.devices.owned(person)
            order = self.before.terms.precedence
            self._owned[person] = [each for each in owned if belongs_to(each, person, self.now, order)]
        return self._owned[person]


async def _in_turns(found: Iterable[Each]) -> AsyncIterator[Each]:
    """The same, with turns for others between them."""
    for number, each in enumerate(found, 1):
        if number % AT_ONCE == 0:
            await asyncio.sleep(0)
        yield each


def _is_vouched(person: str, devices: Iterable[Device]) -> bool:
    """Whether somebody else names this person as the owner of one of the devices."""
    reports = (report for device in devices for report in device.reports)
    return any(vouches(each) and user_text(each.owner) == person for each in reports)
