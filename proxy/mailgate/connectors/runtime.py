"""What a connector is handed of the world: the clock, waiting, chance, and where it counts what it does."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime


@dataclass(slots=True)
class Tally:
    """What one run has done so far, for metrics and the progress bar."""

    pages: int = 0
    """Answers with devices or apps in them."""
    throttled: int = 0
    """Times it was asked to wait."""
    unreadable: int = 0
    """Devices of which not even the name could be read: while there are any, none is taken for gone."""
    total: int | None = None
    """How many devices there are, where the API tells it."""


@dataclass(frozen=True, slots=True)
class Runtime:
    """The clock, waiting and chance of one run, and its tally."""

    now: Callable[[], datetime]
    sleep: Callable[[float], Awaitable[None]]
    chance: Callable[[], float]
    """A number from 0 to 1, another each time."""
    tally: Tally = field(default_factory=Tally)
