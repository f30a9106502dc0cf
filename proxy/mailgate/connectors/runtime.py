"""What a connector needs at run time: the clock, a way to wait, random numbers, and a tally."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime


@dataclass(slots=True)
class Tally:
    """What one run has done so far, for metrics and the progress bar."""

    pages: int = 0
    """Answers with devices or apps in them."""
    throttled: int = 0
    """How often it was asked to wait."""
    unreadable: int = 0
    """Devices whose name could not be read. While there are any, no device is taken for gone."""
    total: int | None = None
    """How many devices there are, if the API tells it."""


@dataclass(frozen=True, slots=True)
class Runtime:
    """The clock, a way to wait, random numbers and the tally of one run."""

    now: Callable[[], datetime]
    sleep: Callable[[float], Awaitable[None]]
    chance: Callable[[], float]
    """A random number from 0 to 1."""
    tally: Tally = field(default_factory=Tally)
