"""Whether all that becomes of devices in the store is heard of, so that what is in memory may be believed.

A gate looks at the changes four times a second (``app/device_changes.py``). Whoever remembers a device notes before the store is asked
up to where changes were looked at, and what is remembered is followed only if that has not moved until then: a change
that was looked at in between found nothing in memory that it could have changed.
"""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import NamedTuple

HOLDS = timedelta(seconds=0.75)
"""How long a look counts: three of them may be late, and what is reported elsewhere counts within a second all the same."""
BROKEN = timedelta(seconds=5)
"""After so long without a look, the store may be another one: a copy that was put back, a server that took over."""


class Mark(NamedTuple):
    """Since which beginning changes are followed without a gap, and up to which change."""

    beginning: int
    change: int


@dataclass
class Watching:
    """Begins anew whenever a look fails, is missed, or finds that the store has gone back."""

    change: int | None = None
    """Up to which change those that are in memory were found; None before the first question."""
    _beginning: int = 0
    _at: datetime | None = field(default=None)
    """When the last look began that left nothing out; None where there is none to go by."""

    def mark(self) -> Mark | None:
        """Where it stands, before the store is asked; None where nothing is followed."""
        return None if self._at is None or self.change is None else Mark(self._beginning, self.change)

    def since(self, mark: Mark | None) -> int | None:
        """From which beginning on what was asked at ``mark`` is followed; None where it may have been missed."""
        return mark.beginning if mark is not None and mark == self.mark() else None

    def follows(self, beginning: int | None, now: datetime) -> bool:
        """Whether nothing can have become of what was remembered since that beginning without it being known."""
        return beginning == self._beginning and self._at is not None and abs(now - self._at) < HOLDS

    def looked(self, now: datetime) -> None:
        """Everything that had become of devices by now is known."""
        if self._at is None or abs(now - self._at) >= BROKEN:
            self._beginning += 1
        self._at = now

    def broke(self) -> None:
        """A look failed, or the store has gone back: nothing in memory is to be believed for long."""
        self._at = None
