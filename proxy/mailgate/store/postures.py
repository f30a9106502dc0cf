"""What is known of the device behind a request: from its proof, else from the store, mostly from memory."""

from collections.abc import Callable, Coroutine, Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from cachetools import LRUCache

from mailgate.model import AttestationResult, CertificateResult, Client, Posture, PostureState
from mailgate.policy import AppCatalog
from mailgate.store.database import StoreUnavailableError, in_time
from mailgate.store.devices import Device, Devices
from mailgate.store.names import CERT, EAS, KEY, USER, eas_forms, eas_text, forms_of, user_text
from mailgate.store.reports import Reports, report_of
from mailgate.store.states import posture_of, posture_of_person

_FRESH = timedelta(seconds=5)
_REST = timedelta(seconds=1)
"""How long a store that did not answer is left alone, so that not every request waits for it."""
_OVERLAP = timedelta(seconds=10)
"""How far back ``catch_up`` looks: clocks of several gates differ, and a report is written a moment after it came."""

_Name = tuple[str, str]


@dataclass(frozen=True, slots=True)
class _Known:
    """What the store said, and the last proof that was read beside it."""

    device: Device | None
    at: datetime
    proof: AttestationResult | None = None


@dataclass(frozen=True, slots=True)
class _Owned:
    """What the store said of one person's devices, and what was learned of them since."""

    devices: tuple[Device, ...]
    at: datetime


class Postures:
    """Finds and learns postures. ``catalog`` and ``max_age`` may be replaced at any time, as on a reload."""

    def __init__(
        self,
        devices: Devices,
        reports: Reports,
        catalog: AppCatalog,
        max_age: timedelta,
        cache_size: int = 100_000,
    ) -> None:
        self.catalog = catalog
        self.max_age = max_age
        self._devices = devices
        self._reports = reports
        self._known: LRUCache[_Name, _Known] = LRUCache(cache_size)
        self._owned: LRUCache[str, _Owned] = LRUCache(cache_size)
        self._silent_at = datetime.min.replace(tzinfo=UTC)

    async def current(self, client: Client, proof: AttestationResult | None, now: datetime) -> Posture:
        """The posture now. A verified proof is learned first and counts from this request on.

        Without one only an ActiveSync id can name a device. While the store does not answer, what is in
        memory counts until it expires; beyond that the state is ``unavailable``, never ``clean``.
        """
        if proof is not None and proof.refused is None:
            device, answered = await self._proven(proof, now)
        elif client.eas_id:
            device, answered = await self._named(client.eas_id, now)
        else:
            return Posture()
        posture = posture_of(device, self.catalog, self.max_age, now) if device else Posture()
        return posture if answered else _unanswered(posture)

    def _resting(self, now: datetime) -> bool:
        """Whether the store was silent just now. A clock that was put back must not make it a long rest."""
        return abs(now - self._silent_at) < _REST

    async def of_person(self, login: str, now: datetime) -> Posture:
        """The most restrictive posture among a person's phones and tablets, for a client that names no device.

        While the store does not answer, what it said last counts, as in ``current``.
        """
        name = user_text(login)
        known, answered = await self._owned_by(name, now)
        devices = known.devices if known else ()
        posture = posture_of_person(devices, self.catalog, self.max_age, now)
        return posture if answered else _unanswered(posture)

    async def latest(self, client: Client, proof: AttestationResult | None, now: datetime) -> Posture:
        """The posture now, without asking the store where something is in memory: ``catch_up`` keeps that true."""
        name = (EAS, eas_text(client.eas_id))
        if proof is not None and proof.refused is None:
            name = (proof.issuer, proof.device_id)
        known = self._known.get(name)
        if known is None:
            return await self.current(client, proof, now)
        return posture_of(known.device, self.catalog, self.max_age, now) if known.device else Posture()

    async def certified(self, certificate: CertificateResult, now: datetime) -> Posture:
        """The posture of the device that a certificate names: by its thumbprint first, then by the names in it."""
        thumbprint = certificate.thumbprint
        for kind, name in ((CERT, thumbprint), (KEY, thumbprint), *certificate.names):
            device, answered = await self._by_name(kind, name, now)
            if device is not None or not answered:
                posture = posture_of(device, self.catalog, self.max_age, now) if device else Posture()
                return posture if answered else _unanswered(posture)
        return Posture()

    async def _by_name(self, kind: str, name: str, now: datetime) -> tuple[Device | None, bool]:
        """The device with this name, by the newest that is known of it."""
        forms = forms_of(kind, name)
        known, answered = await self._ask((kind, min(forms)), lambda: self._devices.find(kind, forms), now)
        device = known.device if known else None
        if device is not None:
            other = self._known.setdefault((device.source, device.id), _Known(device, now)).device
            device = other if other is not None and other.replaces(device) else device
        return device, answered

    async def catch_up(self, now: datetime) -> None:
        """Learn what other processes have stored lately of devices that are in memory. Never raises for a store that is down."""
        if self._resting(now):
            return
        try:
            lately = await self._devices.seen_since(now - _OVERLAP)
        except StoreUnavailableError:
            self._silent_at = now
            return
        for device in lately:
            names = {(EAS, name) for kind, name in device.names if kind == EAS}
            for name in names | {(device.source, device.id)}:
                known = self._known.get(name)
                if known is not None and (known.device is None or device.replaces(known.device)):
                    self._known[name] = replace(known, device=device)

    async def _proven(self, proof: AttestationResult, now: datetime) -> tuple[Device | None, bool]:
        name = (proof.issuer, proof.device_id)
        known, answered = await self._ask(name, lambda: self._devices.get(*name), now)
        if known is not None and known.proof is proof:
            return known.device, answered
        device = known.device if known else None
        report = report_of(proof, self.catalog, now)
        if device is None or report.replaces(device):
            device = report
            self._learn(report, now)
        self._known[name] = _Known(device, known.at if known and not answered else now, proof)
        return device, answered

    async def _named(self, eas_id: str, now: datetime) -> tuple[Device | None, bool]:
        known, answered = await self._ask(
            (EAS, eas_text(eas_id)), lambda: self._devices.find(EAS, eas_forms(eas_id)), now
        )
        return (known.device if known else None), answered

    def _learn(self, report: Device, now: datetime) -> None:
        """Queue a new report, and let the next request by an ActiveSync id of the device find it."""
        self._reports.put((report.source, report.id), report)
        for kind, name in report.names:
            other = self._known.get((EAS, name))
            if kind == EAS and (other is None or other.device is None or report.age >= other.device.age):
                self._known[EAS, name] = _Known(report, now)
            if kind == USER and name in self._owned:
                owned = self._owned[name]
                self._owned[name] = _Owned(_newest_of(name, owned.devices, [report]), owned.at)

    async def _owned_by(self, name: str, now: datetime) -> tuple[_Owned | None, bool]:
        """A person's devices, and whether the store has answered for them lately."""
        known = self._owned.get(name)
        if known is not None and abs(now - known.at) < _FRESH:
            return known, True
        if self._resting(now):
            return known, False
        try:
            stored = await in_time(self._devices.owned(name))
        except StoreUnavailableError:
            self._silent_at = now
            return known, False
        # What was learned meanwhile counts, and what is still on its way to the store.
        learned = self._owned.get(name, _Owned((), now)).devices
        held = [device for device in learned if self._reports.holds((device.source, device.id))]
        self._owned[name] = _Owned(_newest_of(name, stored, [*held, *self._reports.waiting()]), now)
        return self._owned[name], True

    async def _ask(
        self, name: _Name, read: Callable[[], Coroutine[None, None, Device | None]], now: datetime
    ) -> tuple[_Known | None, bool]:
        """What is known under a name, and whether the store has answered for it lately."""
        known = self._known.get(name)
        if known is not None and abs(now - known.at) < _FRESH:
            return known, True
        if self._resting(now):
            return known, False
        try:
            device = await in_time(read())
        except StoreUnavailableError:
            self._silent_at = now
            return self._known.get(name), False
        if self._known.get(name) is known:  # else another request learned something meanwhile
            self._known[name] = self._newest(known, device, now)
        return self._known[name], True

    def _newest(self, known: _Known | None, stored: Device | None, now: datetime) -> _Known:
        """What the store has, unless something newer is still on its way there."""
        device = known.device if known else None
        if known is None or device is None or not self._reports.holds((device.source, device.id)):
            return _Known(stored, now)
        if stored is None or device.replaces(stored):
            return replace(known, at=now)
        return _Known(stored, now)


def _unanswered(posture: Posture) -> Posture:
    """A posture from memory while the store does not answer: what is not known may be in the store."""
    if posture.state not in (PostureState.MISSING, PostureState.STALE):
        return posture
    last = posture.state if posture.reported_at else None
    return replace(posture, state=PostureState.UNAVAILABLE, last_state=last)


def _newest_of(owner: str, devices: Iterable[Device], news: Iterable[Device]) -> tuple[Device, ...]:
    """The devices of ``owner`` after newer reports, which may also say that a device is somebody else's now."""
    newest = {(device.source, device.id): device for device in devices}
    for report in news:
        old = newest.get((report.source, report.id))
        if (old is not None or (USER, owner) in report.names) and (old is None or report.replaces(old)):
            newest[report.source, report.id] = report
    return tuple(device for device in newest.values() if (USER, owner) in device.names)
