"""The verdicts of each of the last minutes, by the counters of the workers."""

import asyncio
from collections import Counter, deque
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import NamedTuple

from prometheus_client.parser import text_string_to_metric_families

MINUTES = 60
"""How far back the window reaches."""
LOOK = 5.0
"""Seconds between two looks at the counters."""

_DECISIONS, _REFUSALS = "mailgate_decisions_total", "mailgate_refusals_total"

Texts = Callable[[], Awaitable[Mapping[int, str]]]
"""The metrics of every worker that answers, as Prometheus reads them."""


class Verdict(NamedTuple):
    """A kind of verdict: its effect, its reason and the kind of client."""

    effect: str
    kind: str


class Refusal(NamedTuple):
    """Verdicts other than allow."""

    rule: str
    effect: str
    reason: str


@dataclass(slots=True)
class Minute:
    """The counts of one minute."""

    at: datetime
    verdicts: Counter[Verdict] = field(default_factory=Counter)
    refusals: Counter[Refusal] = field(default_factory=Counter)

    @property
    def total(self) -> int:
        return self.verdicts.total()

    def by(self, part: str) -> Counter[str]:
        """Verdicts by their ``effect`` or their ``kind``."""
        counted: Counter[str] = Counter()
        for verdict, count in self.verdicts.items():
            counted[getattr(verdict, part)] += count
        return counted


class VerdictRates:
    """The window of the last minutes. ``note`` takes the counters of a worker since its start."""

    def __init__(self) -> None:
        self._minutes: deque[Minute] = deque(maxlen=MINUTES)
        self._known: dict[int, Counter[tuple[str, ...]]] = {}
        self.turn = 0
        """The number of the last look, by which a page sees that there is news."""

    def note(self, texts: Mapping[int, str], now: datetime) -> None:
        """Add the counts since the last look. Counts before the first look at a worker are left out."""
        minute = self._minute(now)
        for worker, text in texts.items():
            counted = _counted(text)
            before = self._known.get(worker)
            self._known[worker] = counted
            if before is None:
                continue
            restarted = any(counted[key] < count for key, count in before.items())
            news = +counted if restarted else counted - before
            for (family, *labels), count in news.items():
                if family == _DECISIONS:
                    minute.verdicts[Verdict(*labels)] += count
                else:
                    minute.refusals[Refusal(*labels)] += count
        self.turn += 1

    def minutes(self, now: datetime) -> list[Minute]:
        """Every minute of the window up to now, the oldest first, including empty ones."""
        this = _start(now)
        known = {minute.at: minute for minute in self._minutes}
        starts = [this - timedelta(minutes=back) for back in range(MINUTES - 1, -1, -1)]
        return [known.get(at) or Minute(at) for at in starts]

    def refusals(self, now: datetime) -> Counter[Refusal]:
        """All of the window."""
        return sum((minute.refusals for minute in self.minutes(now)), Counter())

    async def run(self, texts: Texts, clock: Callable[[], datetime]) -> None:
        """Look for as long as the gate runs."""
        while True:
            self.note(await texts(), clock())
            await asyncio.sleep(LOOK)

    def _minute(self, now: datetime) -> Minute:
        start = _start(now)
        if not self._minutes or self._minutes[-1].at < start:
            self._minutes.append(Minute(start))
        return self._minutes[-1]


def _start(now: datetime) -> datetime:
    return now.replace(second=0, microsecond=0)


def _counted(text: str) -> Counter[tuple[str, ...]]:
    """Counts by family and labels."""
    wanted = "\n".join(line for line in text.splitlines() if line.startswith((_DECISIONS, _REFUSALS)))
    found: Counter[tuple[str, ...]] = Counter()
    for family in text_string_to_metric_families(wanted + "\n"):
        for sample in family.samples:
            names = Verdict._fields if sample.name == _DECISIONS else Refusal._fields
            if sample.name in (_DECISIONS, _REFUSALS):
                found[(sample.name, *(sample.labels[name] for name in names))] += int(sample.value)
    return found
