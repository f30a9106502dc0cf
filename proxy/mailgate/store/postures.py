"""Finds the posture of the device behind a request: by its proof, in memory, or in the store."""

from collections.abc import Awaitable, Callable, Iterable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import NamedTuple, TypeVar

from cachetools import LRUCache

from mailgate.devices.device import Device, Report, ReportKey
from mailgate.devices.matching import DeviceSet, ReportChange
from mailgate.devices.names import CERT, DIRECTORY, EAS, KEY, MDM, eas_text, forms_of, user_text
from mailgate.devices.posture import belongs_to, posture_of, posture_of_person, stable_until
from mailgate.devices.trust import source_of
from mailgate.model import AttestationResult, CertificateResult, Client, Posture, PostureState
from mailgate.model.device import PostureTerms
from mailgate.model.proofs import accepted
from mailgate.policy import AppCatalog
from mailgate.store.changes import ChangeWatch
from mailgate.store.database import in_time
from mailgate.store.device_cache import CachedDevice, CachedPerson, DeviceCache, ReadProof
from mailgate.store.devices import Changes, Devices
from mailgate.store.errors import StoreUnavailableError
from mailgate.store.ingest import Reports, report_of

Answer = TypeVar("Answer")

NO_DEVICE = Posture()
"""The posture of a request that names no device."""

_FRESH = timedelta(seconds=5)
"""How long the store's answer is used if the gate may miss changes."""
_RETRY_AFTER = timedelta(seconds=1)
"""How long a store that did not answer is not asked again, so that not every request waits for it."""
_PAGES = 20
"""How many pages of changes are read in one go. A large import is followed, and other work still gets its turn."""


class _Settled(NamedTuple):
    device: Device
    terms: tuple[object, ...]
    since: datetime
    until: datetime
    posture: Posture

    def holds(self, device: Device, terms: tuple[object, ...], now: datetime) -> bool:
        same = all(one is other for one, other in zip(self.terms, terms, strict=True))
        return self.device is device and same and self.since <= now < self.until


class Postures:
    """Finds and learns postures. Attributes without an underscore may be replaced at any time, as on a reload."""

    def __init__(
        self,
        devices: Devices,
        reports: Reports,
        catalog: AppCatalog,
        terms: PostureTerms,
        cache_size: int = 100_000,
    ) -> None:
        self.catalog = catalog
        self.terms = terms
        self._devices = devices
        self._reports = reports
        self._memory = DeviceCache(cache_size)
        self._settled: LRUCache[str, _Settled] = LRUCache(cache_size)
        self._seen: int | None = None
        """The last change up to which everything is learned."""
        self._watching = ChangeWatch()
        self._silent_at = datetime.min.replace(tzinfo=UTC)
        self._silent_since: datetime | None = None
        """Since when the store does not answer; None if it does."""

    async def current(self, client: Client, proof: AttestationResult | None, now: datetime) -> Posture:
        """The current posture. A verified proof is learned first and counts from this request on; without one only an
        ActiveSync id can name a device. If the store does not answer, a posture in memory is used until it expires, and then it
        is ``unavailable``, never ``clean``."""
        if (proof := accepted(proof)) is not None:
            device, answered = await self._proven(proof, now)
        elif not client.eas_id:
            return NO_DEVICE
        else:
            device, answered = await self._named(EAS, client.eas_id, now)
        return self.worth(device, now) if answered else self._unanswered(device, now)

    def at_once(self, client: Client, now: datetime) -> Posture | None:
        """The current posture of a client without a proof; None if the store has to be asked."""
        if not client.eas_id:
            return NO_DEVICE
        known = self._memory.get((EAS, eas_text(client.eas_id)))
        usable = known is not None and self._is_usable(known, now)
        return self.worth(known.device, now) if known is not None and usable else None

    async def of_person(self, login: str, now: datetime) -> Posture:
        """The most restrictive posture among a person's phones and tablets, for a client that names none; if need be the last known."""
        person = user_text(login)
        owned, answered = await self._owned_by(person, now)
        devices = owned.devices if owned else ()
        own = [device for device in devices if belongs_to(device, person, now, self.terms.precedence)]
        worth = self.worth if answered else self._unanswered
        posture = posture_of_person(worth(device, now) for device in own)
        return posture if answered else _unavailable(posture)

    async def owned(self, login: str, now: datetime) -> tuple[Device, ...]:
        """The devices that some source assigns to a person; which of them are theirs, ``belongs_to`` says. Raises
        StoreUnavailableError if the store has to be asked and does not answer."""
        owned, answered = await self._owned_by(user_text(login), now)
        if owned is None or not answered:
            raise StoreUnavailableError("the store does not answer")
        return tuple({each.id: each for each in owned.devices}.values())

    async def latest(self, client: Client, proof: AttestationResult | None, now: datetime) -> Posture:
        """The current posture, by the device in memory, which ``catch_up`` keeps up to date. If it has changed, the store is
        asked whether an ActiveSync id is still its. A proof is not learned again."""
        proven = accepted(proof)
        name = (source_of(proven), proven.device_id) if proven else (EAS, eas_text(client.eas_id))
        known = self._memory.get(name)
        if known is None or (known.changed and not proven):
            return await self.current(client, proof, now)
        return self.worth(known.device, now)

    async def certified(self, certificate: CertificateResult, now: datetime) -> Posture:
        """The posture of the device that a certificate names, first by its thumbprint and then by the names in it."""
        thumbprint = certificate.thumbprint
        for kind, name in ((CERT, thumbprint), (KEY, thumbprint), *certificate.names):
            device, answered = await self._named(kind, name, now)
            if device is not None or not answered:
                return self.worth(device, now) if answered else self._unanswered(device, now)
        return Posture()

    async def in_directory(self, device: str, now: datetime) -> Posture:
        """The posture of the device with this id in the company's directory."""
        found, answered = await self._named(DIRECTORY, device, now)
        return self.worth(found, now) if answered else self._unanswered(found, now)

    async def follow(self, change: int | None, now: datetime) -> None:
        """Learn the changes of devices, if ``change``, the last one at ``now``, is a new one; None if the store did not answer."""
        if change is not None and change == self._seen:
            self._watching.caught_up(now)
        else:
            await self.catch_up(now)

    async def catch_up(self, now: datetime) -> None:
        """Learn the changes to devices in memory that came from other processes, if the store can be reached. If there are more
        than can be learned in one go, devices in memory are used for a short time only."""
        for _ in range(_PAGES):
            holds = self._reports.holding()
            # nothing waits for this query, so it may take as long as the driver allows
            answer = await self._ask(self._news, now, patient=True)
            if answer is None:
                self._watching.lost_track()
                return
            changes, changed = answer
            for gone in changes.forgotten:
                self._memory.forget(gone)
            for device in changed:
                for each in self._device_set([device], holds, now):
                    self._memory.change(each)
            self._seen = changes.number
            if not changes.more:
                self._watching.caught_up(now)
                return

    async def with_pending_reports(
        self, read: Callable[[], Awaitable[list[Device]]], now: datetime
    ) -> list[Device]:
        """The devices that ``read`` finds in the store, with reports that are not stored yet. Raises what ``read`` raises."""
        holds, found = self._reports.holding(), list[Device]()
        for device in await read():
            known = self._device_set([device], holds, now)
            found.append(next((each for each in known if device.id in (each.id, *each.former_ids)), device))
        return found

    def in_memory(self, device_id: str) -> Device | None:
        """The device with this id if it was recently asked for or reported. It may not be stored yet."""
        return self._memory.device(device_id)

    async def _news(self) -> tuple[Changes, list[Device]]:
        before = self._seen or 0
        changes = await self._devices.changes(before)
        numbers = [number for number, _ in changes.changed]
        names = await self._devices.found_by(numbers) if numbers else []
        # devices remembered from here on have later changes, or are not followed (changes.py)
        self._watching.change = changes.number
        if changes.number < before:
            self._watching.lost_track()
            self._memory.outdate()
        asked = {number for number, device_id in changes.changed if self._memory.device(device_id)}
        asked |= {number for number, kind, text in names if self._memory.waits_for(kind, text)}
        return changes, await self._devices.load(asked) if asked else []

    def _is_usable(self, known: CachedDevice | CachedPerson | None, now: datetime) -> bool:
        """Whether an entry in memory may be used without asking the store: it is fresh, or its changes are followed."""
        if known is None or known.changed:
            return False
        return abs(now - known.at) < _FRESH or self._watching.follows(known.beginning, now)

    async def _proven(self, proof: AttestationResult, now: datetime) -> tuple[Device | None, bool]:
        slot = (source_of(proof), proof.device_id)
        known = self._memory.get(slot)
        fresh, mark = self._is_usable(known, now), self._watching.mark()
        read = ReadProof(proof, self.catalog)
        if fresh and known is not None and known.device is not None and known.read and known.read.has(*read):
            return known.device, True
        report = report_of(proof, self.catalog, now)
        if known is not None and known.device is not None and not report.names <= known.device.claims:
            fresh = False  # the new names may belong to another device, which only the store knows
        holds = self._reports.holds if fresh else self._reports.holding()
        stored = None if fresh else await self._ask(lambda: self._devices.around(report), now)
        known = self._memory.get(slot)  # another request may have learned something in between
        device_set = self._device_set_around(report, known, stored, holds, now)
        before, device = list(device_set), device_set.at(slot)
        change = device_set.add(report)
        if change is not ReportChange.SAME:
            before, device = list(device_set), device_set.at(slot)
        # that it came again is not stored, so in memory too it is kept for as long as the store says
        for each in before if change is not ReportChange.SAME or stored is not None else ():
            self._memory.learn(each)
        if stored is not None:
            self._memory.remember(slot, device, now, read, self._watching.since(mark))
        elif known is not None:
            self._memory.remember(slot, device, known.at, read, known.beginning)
        else:
            self._memory.remember(slot, device, now, read)
        if device is not None and change is not ReportChange.SAME:
            self._reports.put(slot, report)
            for kind, text in device.names:  # so that the next request with an ActiveSync id finds it
                if kind == EAS:
                    self._memory.remember((EAS, text), device, now)
        return device, fresh or stored is not None

    async def _named(self, kind: str, text: str, now: datetime) -> tuple[Device | None, bool]:
        forms = forms_of(kind, text)
        if not forms:
            return None, True
        name = (kind, eas_text(text) if kind == EAS else min(forms))
        known = self._memory.get(name)
        if known is not None and self._is_usable(known, now):
            return known.device, True
        holds, mark = self._reports.holding(), self._watching.mark()
        stored = await self._ask(lambda: self._devices.find(kind, forms), now)
        known = self._memory.get(name)
        if stored is None:
            return known.device if known else None, False
        device_set = self._device_set(stored, holds, now, known.device if known else None)
        device = device_set.called(text) if kind == MDM else device_set.named((kind, form) for form in forms)
        for each in device_set:
            self._memory.learn(each)
        # a later device may have any of the forms, and the entry must be found by the form asked for
        beginning = self._watching.since(mark) if device is not None or len(forms) == 1 else None
        self._memory.remember(name, device, now, beginning=beginning)
        return device, True

    async def _owned_by(self, person: str, now: datetime) -> tuple[CachedPerson | None, bool]:
        known = self._memory.owned(person)
        if known is not None and self._is_usable(known, now):
            return known, True
        holds, mark, waiting = self._reports.holding(), self._watching.mark(), list(self._reports.waiting())
        stored = await self._ask(lambda: self._devices.owned(person), now)
        known = self._memory.owned(person)
        if stored is None:
            return known, False
        device_set = self._device_set(stored, holds, now, *(known.devices if known else ()))
        for report in (*waiting, *self._reports.waiting()):
            if user_text(report.owner) == person or device_set.at(report.key):
                device_set.add(report)
        return self._memory.remember_owned(person, device_set, now, self._watching.since(mark)), True

    def _device_set_around(
        self,
        report: Report,
        known: CachedDevice | None,
        stored: list[Device] | None,
        holds: Callable[[ReportKey], bool],
        now: datetime,
    ) -> DeviceSet:
        """The devices that a report may be about, as the store has just returned them, otherwise as in memory."""
        named = [self._memory.get((EAS, text)) for kind, text in report.names if kind == EAS]
        cached = {each.device.id: each.device for each in (known, *named) if each and each.device}
        return self._device_set(cached.values() if stored is None else stored, holds, now, *cached.values())

    def _device_set(
        self,
        stored: Iterable[Device],
        holds: Callable[[ReportKey], bool],
        now: datetime,
        *cached: Device | None,
    ) -> DeviceSet:
        """Stored devices, with reports about them that are not stored yet, as ``holds`` tells (``WriteQueue.holding``)."""
        stored = [self._memory.newest(device) for device in stored]
        device_set = DeviceSet(stored, now)
        for device in (*(self._memory.device(each.id) for each in stored), *cached):
            for report in device.reports if device else ():
                if holds(report.key):
                    device_set.add(report)
        return device_set

    def worth(self, device: Device | None, now: datetime) -> Posture:
        """The current posture of a device, computed again if the reports, the lists or the settings have changed."""
        if device is None:
            return NO_DEVICE
        terms = (self.catalog, self.terms)
        settled = self._settled.get(device.id)
        if settled is not None and settled.holds(device, terms, now):
            return settled.posture
        posture = posture_of(device, self.catalog, self.terms, now)
        until = stable_until(device, self.terms, now)
        self._settled[device.id] = _Settled(device, terms, now, until, posture)
        return posture

    def _unanswered(self, device: Device | None, now: datetime) -> Posture:
        """The posture in memory, for a store that does not answer. No source can be asked as long as that lasts. An unknown
        device may be in the store, so it is ``unavailable``."""
        if device is None or self._silent_since is None:
            return _unavailable(self.worth(device, now))
        silent = dict.fromkeys((report.source for report in device.reports), self._silent_since)
        away = silent | {name: min(since, self._silent_since) for name, since in self.terms.away.items()}
        return _unavailable(posture_of(device, self.catalog, replace(self.terms, away=away), now))

    async def _ask(
        self, read: Callable[[], Awaitable[Answer]], now: datetime, *, patient: bool = False
    ) -> Answer | None:
        # abs: a clock that was put back must not make this a long pause
        if abs(now - self._silent_at) < _RETRY_AFTER:
            return None
        try:
            asked = self._since_a_change(read)
            answer = await (asked if patient else in_time(asked))
        except StoreUnavailableError:
            self._silent_at, self._silent_since = now, min(self._silent_since or now, now)
            return None
        self._silent_since = None
        return answer

    async def _since_a_change(self, read: Callable[[], Awaitable[Answer]]) -> Answer:
        """Read from the store. Before the first query, note the last change, so that ``catch_up`` begins after it."""
        if self._seen is None:
            self._seen = self._watching.change = await self._devices.last_change()
        return await read()


def _unavailable(posture: Posture) -> Posture:
    """The posture, if nobody can say whether the store has something newer."""
    if posture.state not in (PostureState.MISSING, PostureState.STALE):
        return posture
    last = posture.state if posture.state is PostureState.STALE else None
    return replace(posture, state=PostureState.UNAVAILABLE, last_state=last)
