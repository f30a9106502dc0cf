"""Keeps devices in memory under every name by which they were asked for. A change to one shows under all of its names."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import NamedTuple
from weakref import WeakValueDictionary

from cachetools import LRUCache

from mailgate.devices.device import Device
from mailgate.devices.names import FORMER, MDM, USER, Name, user_text
from mailgate.model import AttestationResult
from mailgate.policy import AppCatalog


class _Cell:
    """The current state of one device, shared by all its names. ``device`` is None if it does not exist."""

    __slots__ = ("__weakref__", "changes", "device", "names")

    def __init__(self, device: Device | None) -> None:
        self.device = device
        self.changes = 0
        """How often the device has changed. After that the store has to confirm that a name is still its."""
        self.names: frozenset[Name] | None = None
        """Its names when the store last told a change of it; None if it has had others since, or if the store never did."""


class ReadProof(NamedTuple):
    """A proof that was read, and the list of apps at that time. Apps that were not on the list were not kept."""

    proof: AttestationResult
    catalog: AppCatalog

    def has(self, proof: AttestationResult, catalog: AppCatalog) -> bool:
        """Whether reading this proof with this list of apps would bring nothing new."""
        return self.proof is proof and self.catalog is catalog


@dataclass(slots=True)
class CachedDevice:
    """The device that has one name, when the store was asked for it, and the last proof that was read for it."""

    cell: _Cell
    at: datetime
    read: ReadProof | None = None
    beginning: int | None = None
    """The reading of changes that follows it (``changes.py``); None if there is none."""
    changes: int = 0
    """The value of the cell's ``changes`` when the store was asked."""

    @property
    def device(self) -> Device | None:
        return self.cell.device

    @property
    def changed(self) -> bool:
        """Whether the device has changed since the store was asked. It may no longer have the name."""
        return self.changes != self.cell.changes

    def lead_to(self, cell: _Cell) -> None:
        """Assign the name to another device."""
        if cell is not self.cell:
            self.cell, self.beginning, self.changes = cell, None, cell.changes


@dataclass(slots=True)
class CachedPerson:
    """One person's devices, and the time when the store was asked for them."""

    cells: dict[str, _Cell]
    at: datetime
    beginning: int | None = None
    """As in ``CachedDevice``."""
    changed: bool = False
    """Whether one of them has changed, or another one was added, since the store was asked."""

    @property
    def devices(self) -> list[Device]:
        return [cell.device for cell in self.cells.values() if cell.device is not None]


class DeviceCache:
    """Keeps the ``size`` names that were used last, and as many people."""

    def __init__(self, size: int) -> None:
        self._known: LRUCache[Name, CachedDevice] = LRUCache(size)
        self._owned: LRUCache[str, CachedPerson] = LRUCache(size)
        self._cells: WeakValueDictionary[str, _Cell] = WeakValueDictionary()

    def get(self, name: Name) -> CachedDevice | None:
        """The entry for a name: a source with its id for the device, or a kind of name with its text."""
        return self._known.get(name)

    def owned(self, person: str) -> CachedPerson | None:
        return self._owned.get(person)

    def device(self, device_id: str) -> Device | None:
        """The device with this id; None if it is not in memory."""
        cell = self._cells.get(device_id)
        return cell.device if cell else None

    def waits_for(self, kind: str, text: str) -> bool:
        """Whether this name, person or former id is in memory, so that a change to its device has to be learned."""
        if kind == FORMER:
            return text in self._cells
        return text in self._owned if kind == USER else (kind, text) in self._known

    def newest(self, stored: Device) -> Device:
        """The device as it was read, or as it is in memory if that is newer."""
        known = self.device(stored.id)
        return stored if known is None or known.changed <= stored.changed else known

    def outdate(self) -> None:
        """Note that the number of changes went back: from now on the store's answers count as newer than the devices in memory."""
        for cell in list(self._cells.values()):
            if cell.device is not None:
                cell.device = replace(cell.device, changed=0)

    def remember(
        self,
        name: Name,
        device: Device | None,
        at: datetime,
        read: ReadProof | None = None,
        beginning: int | None = None,
    ) -> None:
        cell = _Cell(None) if device is None else self._cell_of(device)
        self._known[name] = CachedDevice(cell, at, read, beginning, cell.changes)

    def remember_owned(
        self, person: str, devices: Iterable[Device], at: datetime, beginning: int | None = None
    ) -> CachedPerson:
        cells = {each.id: self._cell_of(each) for each in devices}
        owned = self._owned[person] = CachedPerson(cells, at, beginning)
        return owned

    def change(self, device: Device) -> None:
        """Replace a device that changed in the store, like ``learn``. The next request by one of its names asks the store
        again, unless it is in memory as it is now, under the same names: a report that came here and was stored."""
        before = self.device(device.id)
        self.learn(device)
        cell, names = self._cell_of(device), device.names
        same, cell.names = before == device and cell.names == names, names
        if same:
            return
        cell.changes += 1
        for report in device.reports:
            owned = self._owned.get(user_text(report.owner))
            if owned is not None:
                owned.changed = True

    def learn(self, device: Device) -> None:
        """Add a new or changed device. It is found at once by every name and person that was asked for."""
        for former in device.former_ids:
            cell = self._cells.pop(former, None)
            if cell is not None:
                cell.device, cell.changes = device, cell.changes + 1
        cell = self._cell_of(device)
        if cell.names != device.names:
            cell.names = None
        for name in (*device.names, *((MDM, report.id) for report in device.reports)):
            known = self._known.get(name)
            if known is not None:
                known.lead_to(cell)
        for report in device.reports:
            for_slot, owned = self._known.get(report.key), self._owned.get(user_text(report.owner))
            if for_slot is not None:
                for_slot.lead_to(cell)
            if owned is not None:
                owned.cells[device.id] = cell

    def forget(self, device_id: str) -> None:
        cell = self._cells.pop(device_id, None)
        if cell is not None:
            cell.device, cell.changes = None, cell.changes + 1

    def _cell_of(self, device: Device) -> _Cell:
        cell = self._cells.get(device.id)
        if cell is None:
            cell = self._cells[device.id] = _Cell(device)
        cell.device = device
        return cell
