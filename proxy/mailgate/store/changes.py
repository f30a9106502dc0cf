"""Changes of the store: seen by numbers in one query, and tracked for the devices in memory."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import NamedTuple

from sqlalchemy import func, select

from mailgate.store.database import Database
from mailgate.store.schema import activations, audit_head, device_changes, phone_changes, relief_changes

_QUESTION = select(
    select(func.max(activations.c.serial)).scalar_subquery(),
    relief_changes.c.number,
    device_changes.c.number,
    phone_changes.c.number,
    select(audit_head.c.number).scalar_subquery(),
    select(audit_head.c.digest).scalar_subquery(),
)


class ChangeNumbers(NamedTuple):
    """One number for each input of decisions, and the head of the audit log. It changes whenever the input changes."""

    activation: int
    """The serial of the newest activation; 0 if there is none."""
    reliefs: int
    devices: int
    phones: int
    """How often a phone of somebody's came which nobody had reported (``person_records.UnreportedPhones``)."""
    audit: str
    """The last entry, as ``AuditHead`` is written. Acts of people have one, such as a revoked key."""


async def change_numbers(database: Database) -> ChangeNumbers:
    """The current numbers, by the driver alone, since gates read them four times a second. Raises StoreUnavailableError."""
    ((*numbers, number, digest),) = await database.ask(_QUESTION, {})
    activation, reliefs, devices, phones = (int(each or 0) for each in numbers)
    return ChangeNumbers(activation, reliefs, devices, phones, f"{number or 0}:{digest or ''}")


VALID_FOR = timedelta(seconds=0.75)
"""How long a look is valid. Three looks may be late, and a report at another gate is still seen within a second."""
DISTRUSTED_FOR = timedelta(seconds=5)
"""After this time without a look the store may be another one: a restored copy, or a server that took over."""


class ReadMark(NamedTuple):
    """The number of the current gapless reading of changes, and the last change that was read."""

    beginning: int
    change: int


@dataclass
class ChangeWatch:
    """Follows the changes. It starts again if a look fails, is missed, or finds an earlier state of the store."""

    change: int | None = None
    """The last change that devices in memory include; None before the first look."""
    _beginning: int = 0
    _at: datetime | None = field(default=None)
    """When the last complete look began; None if no look is valid."""

    def mark(self) -> ReadMark | None:
        """The current mark; None if changes are not followed. It is taken before the store is asked."""
        return None if self._at is None or self.change is None else ReadMark(self._beginning, self.change)

    def since(self, mark: ReadMark | None) -> int | None:
        """The reading that follows what the store answered after ``mark``; None if a change may have been missed."""
        return mark.beginning if mark is not None and mark == self.mark() else None

    def follows(self, beginning: int | None, now: datetime) -> bool:
        """Whether the reading ``beginning`` still goes on without a gap, so that a device in memory is up to date."""
        return beginning == self._beginning and self._at is not None and abs(now - self._at) < VALID_FOR

    def caught_up(self, now: datetime) -> None:
        """Note that all changes up to ``now`` are known."""
        if self._at is None or abs(now - self._at) >= DISTRUSTED_FOR:
            self._beginning += 1
        self._at = now

    def lost_track(self) -> None:
        """Note that a look failed or found an earlier state of the store, so that devices in memory are used only for a short time."""
        self._at = None
