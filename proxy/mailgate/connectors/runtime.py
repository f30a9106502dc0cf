"""The tools of a connector: the clock, a way to wait, random numbers, and a tally."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime


@dataclass(slots=True)
class RunTally:
    """The progress of one run, for metrics and the progress bar."""

    pages: int = 0
    """The number of answers with devices or apps."""
    throttled: int = 0
    """How often it was asked to wait."""
    unreadable: int = 0
    """The number of devices whose name could not be read. While there are any, no device is treated as gone."""
    total: int | None = None
    """The number of all devices, if the API has it."""
    retrying: str = ""
    """The trouble for which a request is sent again; empty once the source has answered."""
    retry_at: datetime | None = None
    """When that request is sent again."""


@dataclass(frozen=True, slots=True)
class Runtime:
    """The clock, a way to wait, random numbers and the tally of one run."""

    now: Callable[[], datetime]
    sleep: Callable[[float], Awaitable[None]]
    chance: Callable[[], float]
    """Returns a random number from 0 to 1."""
    tally: RunTally = field(default_factory=RunTally)
