"""Everybody whom rules may be about: every known device, and every sighting of the last days."""

from collections import defaultdict
from collections.abc import AsyncIterator, Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime

from cachetools import LRUCache

from mailgate.model import LOGINS, Access, User
from mailgate.rollout.recorded import (
    PAGE_LOAD,
    UNTOLD_OF_A_DEVICE,
    UNTOLD_OF_A_SIGHTING,
    Lists,
    proof_of,
    recognise,
    reported,
)
from mailgate.simulate import Occasion, Subject
from mailgate.store import Device, Store, Way
from mailgate.store.names import EAS, eas_forms, user_text

PAGE = 2000

Place = tuple[str, str]
"""Id and source of a device."""


@dataclass(frozen=True, slots=True)
class Population:
    """The devices and sightings of one store, as the lists of two policies make them look."""

    store: Store
    before: Lists
    after: Lists
    since: date
    now: datetime
    _owned: LRUCache[str, list[Device]] = field(default_factory=lambda: LRUCache(10_000))

    async def devices(self, behind: Place, until: Place | None) -> AsyncIterator[list[Subject]]:
        """Pages of devices in the order of id and source, from just behind one up to another, with all their ways.

        A device that was not seen in these days comes with what it reported.
        """
        while page := await self.store.devices.page(behind, PAGE):
            behind = (page[-1].id, page[-1].source)
            ended = next((n for n, each in enumerate(page, 1) if (each.id, each.source) == until), 0)
            page = page[: ended or None]
            ways = await self.store.sightings.ways([device.id for device in page], self.since)
            yield await self._devices(page, ways)
            if ended:
                return

    async def strangers(self) -> AsyncIterator[list[Subject]]:
        """Pages of clients of which no device is known."""
        last = ("", "")
        while strangers := await self.store.sightings.strangers(self.since, last, PAGE):
            last = (strangers[-1].client_id, strangers[-1].user)
            yield [await self._stranger(way) for way in strangers]

    async def _devices(self, page: Iterable[Device], ways: Iterable[Way]) -> list[Subject]:
        came: dict[str, list[Way]] = defaultdict(list)
        for way in ways:
            came[way.device].append(way)
        subjects = []
        for device in page:
            seen = [await self._seen(way, [device]) for way in came.get(device.id, ())]
            subjects.append(Subject(device.id, True, tuple(seen) or (self._unseen(device),)))
        return subjects

    async def _stranger(self, way: Way) -> Subject:
        """A client that named no device, or one that is not known any more."""
        eas_id = way.client.eas_id
        found = await self.store.devices.find(EAS, eas_forms(eas_id)) if eas_id else None
        occasion = await self._seen(way, [found] if found else [])
        return Subject(eas_id or f"client {way.client_id[:8]}", False, (occasion,))

    async def _seen(self, way: Way, devices: Sequence[Device]) -> Occasion:
        known = await self._devices_of(way.user) if way.client.protocol in LOGINS else devices
        client, proof = recognise(way.client, known)
        posture = self.before.posture(client, known, self.now)
        before = Access(way.client.facts, client, posture, self.now, User(way.user), proof)
        return self._occasion(before, known, UNTOLD_OF_A_SIGHTING)

    def _unseen(self, device: Device) -> Occasion:
        client = reported(device.kind, device.os, device.os_version)
        posture = self.before.posture(client, [device], self.now)
        before = Access(PAGE_LOAD, client, posture, self.now, User(device.owner), proof_of(device))
        return self._occasion(before, [device], UNTOLD_OF_A_DEVICE)

    def _occasion(self, before: Access, known: Sequence[Device], untold: frozenset[str]) -> Occasion:
        after = before
        if self.after is not self.before:
            after = replace(before, posture=self.after.posture(before.client, known, self.now))
        return Occasion(before, after, user_text(before.user.name or before.posture.owner), untold)

    async def _devices_of(self, person: str) -> list[Device]:
        """Of a client at the side door only the person is known."""
        if person not in self._owned:
            self._owned[person] = await self.store.devices.owned(person) if person else []
        return self._owned[person]
