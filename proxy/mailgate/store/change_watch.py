"""Tracks whether the gate hears of every change to devices in the store, so that devices in memory may be believed.

A gate reads the changes four times a second (``app/device_changes.py``). Before the store is asked for a device, the caller notes
up to which change the gate has read. The device in memory counts as followed only if that mark has not moved when it is
remembered: a change that was read in between could not update it, since it was not in memory yet.
"""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import NamedTuple

HOLDS = timedelta(seconds=0.75)
"""How long a look counts. Three looks may be late, and still a report at another gate counts within a second."""
BROKEN = timedelta(seconds=5)
"""After this time without a look the store may be another one: a restored copy, or a server that took over."""


class Mark(NamedTuple):
    """The beginning since which changes are followed without a gap, and the last change that was read."""

    beginning: int
    change: int


@dataclass
class Watching:
    """Follows the changes. It begins again when a look fails, is missed, or finds that the store has gone back."""

    change: int | None = None
    """The last change as of which devices in memory were read. None before the first question."""
    _beginning: int = 0
    _at: datetime | None = field(default=None)
    """When the last complete look began. None if there is none that counts."""

    def mark(self) -> Mark | None:
        """The current mark, to be taken before the store is asked. None if changes are not followed."""
        return None if self._at is None or self.change is None else Mark(self._beginning, self.change)

    def since(self, mark: Mark | None) -> int | None:
        """The beginning since which an answer to a question at ``mark`` is followed. None if a change may have been missed."""
        return mark.beginning if mark is not None and mark == self.mark() else None

    def follows(self, beginning: int | None, now: datetime) -> bool:
        """Whether every change since that beginning is known, so that what was remembered then still counts."""
        return beginning == self._beginning and self._at is not None and abs(now - self._at) < HOLDS

    def looked(self, now: datetime) -> None:
        """Take note that all changes up to ``now`` are known."""
        if self._at is None or abs(now - self._at) >= BROKEN:
            self._beginning += 1
        self._at = now

    def broke(self) -> None:
        """Take note that a look failed or the store has gone back. From then on, devices in memory count for a short time only."""
        self._at = None
