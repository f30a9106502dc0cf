"""The limits at which a rule halts by itself, and the count of people whom it keeps out."""

from collections import deque
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Literal, Self

from pydantic import Field, model_validator

from mailgate.model.phrase import phrase
from mailgate.model.wrong_values import wrong_value
from mailgate.policy.apps import Strict
from mailgate.policy.durations import Duration, in_words
from mailgate.policy.stages import Share

_PARTS = 60
"""The number of parts of the window in which requests are counted."""


class HaltWhen(Strict):
    """The limits at which a rule halts by itself. A halted rule restricts nobody until a person resumes it."""

    block_rate: Share | None = None
    """The limit for the part of people or requests that the rule keeps out. Above it the rule halts."""
    of: Literal["people", "requests"] = "people"
    """Whether ``block_rate`` is a share of people or of requests."""
    at_least: int = Field(default=20, ge=1, le=1_000_000)
    """The number of people whom it must have kept out before ``block_rate`` counts."""
    help_requests: int | None = Field(default=None, ge=1, le=1_000_000)
    """The limit for the number of kept-out people who ask for help. At this number the rule halts."""
    within: Duration = timedelta(hours=1)
    """The length of the window that is counted, up to now."""

    @model_validator(mode="after")
    def _has_a_limit(self) -> Self:
        if self.block_rate is None and self.help_requests is None:
            message = phrase("no limit is given; expected `block_rate`, `help_requests` or both")
            raise wrong_value("halt_when", message)
        return self

    def too_many_help_requests(self, people: int) -> str:
        """Why this many requests for help halt the rule, in words; empty if they do not."""
        if self.help_requests is None or people < self.help_requests:
            return ""
        return f"{people} people asked for help within {in_words(self.within)}; the limit is {self.help_requests}"


@dataclass(slots=True)
class HaltCounter:
    """Counts the people who came, and those whom one rule kept out, within its window. A known person counts once,
    however often they come."""

    limits: HaltWhen
    _came: dict[str, datetime] = field(default_factory=dict)
    _stopped: dict[str, datetime] = field(default_factory=dict)
    """When each of them last came, the earliest first."""
    _requests: deque[tuple[datetime, int, int]] = field(default_factory=deque)
    """For each part of the window: its start, the number of requests, and the number of them that were kept out."""

    def count(self, subject: str, *, stopped: bool, now: datetime) -> None:
        """Count one request of a person, or of a device without a known person."""
        for seen in (self._came, self._stopped) if stopped else (self._came,):
            seen.pop(subject, None)
            seen[subject] = now
        if self.limits.of == "requests":
            self._count_request(stopped, now)

    def halt_reason(self, now: datetime) -> str:
        """Why the rule halts, in words; empty if it does not."""
        limit = self.limits.block_rate
        if limit is None:
            return ""
        self._forget(now - self.limits.within)
        came, stopped = len(self._came), len(self._stopped)
        if stopped < self.limits.at_least:
            return ""
        if self.limits.of == "requests":
            came = sum(came for _, came, _ in self._requests)
            stopped = sum(stopped for _, _, stopped in self._requests)
        if stopped <= limit * came:
            return ""
        return f"{stopped} of {came} {self.limits.of} were kept out within {in_words(self.limits.within)}; the limit is {limit * 100:g}%"

    def _count_request(self, stopped: bool, now: datetime) -> None:
        part = self.limits.within / _PARTS
        if not self._requests or now - self._requests[-1][0] >= part:
            self._requests.append((now, 0, 0))
        began, came, kept_out = self._requests.pop()
        self._requests.append((began, came + 1, kept_out + stopped))

    def _forget(self, before: datetime) -> None:
        for seen in (self._came, self._stopped):
            while seen and seen[first := next(iter(seen))] <= before:
                del seen[first]
        while self._requests and self._requests[0][0] <= before:
            self._requests.popleft()
