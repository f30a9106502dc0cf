"""Tracks whether a gate has read every change to devices in the store, so that devices in memory are up to date.

A gate reads the changes four times a second (``app/device_changes.py``). Before it asks the store for a device, the
caller notes the last change that the gate has read (``mark``). The changes to the device are followed only if the gate
reads no further change until the device is in memory: such a change could not update it there.
"""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import NamedTuple

VALID_FOR = timedelta(seconds=0.75)
"""How long a look is valid. Three looks may be late, and a report at another gate is still seen within a second."""
DISTRUSTED_FOR = timedelta(seconds=5)
"""After this time without a look the store may be another one: a restored copy, or a server that took over."""


class Mark(NamedTuple):
    """The number of the current gapless reading of changes, and the last change that was read."""

    beginning: int
    change: int


@dataclass
class ChangeWatch:
    """Follows the changes. It starts again if a look fails, is missed, or finds an earlier state of the store, such as
    a restored backup."""

    change: int | None = None
    """The last change that devices in memory include; None before the first look."""
    _beginning: int = 0
    _at: datetime | None = field(default=None)
    """When the last complete look began; None if no look is valid."""

    def mark(self) -> Mark | None:
        """The current mark; None if changes are not followed. It is taken before the store is asked."""
        return None if self._at is None or self.change is None else Mark(self._beginning, self.change)

    def since(self, mark: Mark | None) -> int | None:
        """The reading that follows the changes to an answer of the store, if the store was asked after ``mark`` was
        taken; None if a change may have been missed."""
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
        """Note that a look failed or found an earlier state of the store. From then on, devices in memory are used only
        for a short time."""
        self._at = None
