"""The verdicts of this gate in each of the last minutes: read from the metrics of its workers, kept in a bounded window
and added to the counts of all gates in the store."""

import asyncio
from collections import Counter, deque
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import NamedTuple

from prometheus_client.parser import text_string_to_metric_families

from mailgate.store import StoreError
from mailgate.store.counts import VerdictKey

MINUTES = 60
"""The length of the window, in minutes."""
POLL_SECONDS = 5.0
"""The seconds between two readings of the metrics."""

_DECISIONS, _REFUSALS = "mailgate_decisions_total", "mailgate_refusals_total"

MAX_WAITING_MINUTES = 600
"""How many minutes wait at most while the store accepts nothing."""

Texts = Callable[[], Awaitable[Mapping[int, str]]]
"""Returns the metrics of every worker that answers, in Prometheus text format."""
Add = Callable[[Mapping[datetime, Mapping[VerdictKey, int]]], Awaitable[None]]
"""Adds counts to those in the store. Raises StoreError."""


class KindVerdict(NamedTuple):
    """An effect on a kind of client."""

    effect: str
    kind: str


class Refusal(NamedTuple):
    """A verdict other than `allow`, with its rule and reason."""

    rule: str
    effect: str
    reason: str


@dataclass(slots=True)
class VerdictMinute:
    """The counts of one minute."""

    at: datetime
    verdicts: Counter[KindVerdict] = field(default_factory=Counter)
    refusals: Counter[Refusal] = field(default_factory=Counter)

    @property
    def total(self) -> int:
        return self.verdicts.total()

    def by(self, part: str) -> Counter[str]:
        """The number of verdicts by ``effect`` or ``kind``."""
        counted: Counter[str] = Counter()
        for verdict, count in self.verdicts.items():
            counted[getattr(verdict, part)] += count
        return counted


class VerdictRates:
    """The last minutes. ``note`` takes the metrics of the workers."""

    def __init__(self) -> None:
        self._minutes: deque[VerdictMinute] = deque(maxlen=MINUTES)
        self._known: dict[int, Counter[tuple[str, ...]]] = {}
        self._waiting: dict[datetime, Counter[VerdictKey]] = {}
        self.turn = 0
        """The number of readings, by which a page sees that there are new counts."""

    def note(self, texts: Mapping[int, str], now: datetime) -> None:
        """Add the difference to the last reading. Counts from before a worker's first reading are left out."""
        minute = self._minute(now)
        for worker, text in texts.items():
            counted = _counted(text)
            before = self._known.get(worker)
            self._known[worker] = counted
            if before is None:
                continue
            restarted = any(counted[key] < count for key, count in before.items())
            news = +counted if restarted else counted - before
            waiting = self._waiting.setdefault(minute.at, Counter()) if news else Counter[VerdictKey]()
            for (family, *labels), count in news.items():
                if family == _DECISIONS:
                    minute.verdicts[verdict := KindVerdict(*labels)] += count
                    waiting[VerdictKey(verdict.effect, kind=verdict.kind)] += count
                else:
                    minute.refusals[refusal := Refusal(*labels)] += count
                    waiting[VerdictKey(refusal.effect, rule=refusal.rule, reason=refusal.reason)] += count
        self.turn += 1

    def minutes(self, now: datetime) -> list[VerdictMinute]:
        """Every minute of the window, the oldest first, also those without verdicts."""
        this = _start(now)
        known = {minute.at: minute for minute in self._minutes}
        starts = [this - timedelta(minutes=back) for back in range(MINUTES - 1, -1, -1)]
        return [known.get(at) or VerdictMinute(at) for at in starts]

    def refusals(self, now: datetime) -> Counter[Refusal]:
        """The refusals of the whole window."""
        return sum((minute.refusals for minute in self.minutes(now)), Counter())

    async def flush(self, add: Add) -> None:
        """Add the waiting counts to the store. If it accepts nothing, the newest minutes keep waiting."""
        news, self._waiting = self._waiting, {}
        try:
            await add(news)
        except StoreError:  # /readyz reports it
            for at, counted in self._waiting.items():
                news.setdefault(at, Counter()).update(counted)
            self._waiting = dict(sorted(news.items())[-MAX_WAITING_MINUTES:])

    async def run(self, texts: Texts, clock: Callable[[], datetime], add: Add) -> None:
        """Read the metrics as long as the gate runs."""
        while True:
            self.note(await texts(), clock())
            await self.flush(add)
            await asyncio.sleep(POLL_SECONDS)

    def _minute(self, now: datetime) -> VerdictMinute:
        start = _start(now)
        if not self._minutes or self._minutes[-1].at < start:
            self._minutes.append(VerdictMinute(start))
        return self._minutes[-1]


def _start(now: datetime) -> datetime:
    return now.replace(second=0, microsecond=0)


def _counted(text: str) -> Counter[tuple[str, ...]]:
    """Counts by metric and labels."""
    wanted = "\n".join(line for line in text.splitlines() if line.startswith((_DECISIONS, _REFUSALS)))
    found: Counter[tuple[str, ...]] = Counter()
    for family in text_string_to_metric_families(wanted + "\n"):
        for sample in family.samples:
            names = KindVerdict._fields if sample.name == _DECISIONS else Refusal._fields
            if sample.name in (_DECISIONS, _REFUSALS):
                found[(sample.name, *(sample.labels[name] for name in names))] += int(sample.value)
    return found
