"""The verdicts of this gate, read from the metrics of its workers and added to the counts of all gates in the store."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime

from prometheus_client.parser import text_string_to_metric_families

from mailgate.store import StoreError
from mailgate.store.counts import VerdictKey, start_of

POLL_SECONDS = 5.0
"""The seconds between two readings of the metrics."""

_LABELS = {
    "mailgate_decisions_total": ("effect", "kind"),
    "mailgate_refusals_total": ("effect", "rule", "reason"),
}
"""The metrics that are read, and what is counted of each."""

MAX_WAITING_MINUTES = 600
"""How many minutes wait at most while the store accepts nothing."""

Texts = Callable[[], Awaitable[Mapping[int, str]]]
"""Returns the metrics of every worker that answers, in Prometheus text format."""
ByMinute = Mapping[datetime, Mapping[VerdictKey, int]]
Add = Callable[[ByMinute], Awaitable[None]]
"""Adds counts to those in the store. Raises StoreError."""


class VerdictRates:
    """``note`` takes the metrics of the workers, and ``flush`` adds what is ``waiting`` to the store."""

    def __init__(self) -> None:
        self._known: dict[int, Counter[VerdictKey]] = {}
        self.waiting: dict[datetime, Counter[VerdictKey]] = {}
        """The counts that the store does not have yet, by minute."""

    def note(self, texts: Mapping[int, str], now: datetime) -> None:
        """Add the difference to the last reading. Counts from before a worker's first reading are left out."""
        for worker, text in texts.items():
            counted, before = _counted(text), self._known.get(worker)
            self._known[worker] = counted
            if before is None:
                continue
            restarted = any(counted[key] < count for key, count in before.items())
            if news := +counted if restarted else counted - before:
                self.waiting.setdefault(start_of("minute", now), Counter()).update(news)

    async def flush(self, add: Add) -> None:
        """Add the waiting counts to the store. If it accepts nothing, the newest minutes keep waiting."""
        try:
            await add(self.waiting)
            self.waiting = {}
        except StoreError:  # /readyz reports it
            self.waiting = dict(sorted(self.waiting.items())[-MAX_WAITING_MINUTES:])

    async def run(self, texts: Texts, clock: Callable[[], datetime], add: Add) -> None:
        """Read the metrics as long as the gate runs."""
        while True:
            self.note(await texts(), clock())
            await self.flush(add)
            await asyncio.sleep(POLL_SECONDS)


def _counted(text: str) -> Counter[VerdictKey]:
    wanted = "\n".join(line for line in text.splitlines() if line.startswith(tuple(_LABELS)))
    found: Counter[VerdictKey] = Counter()
    for family in text_string_to_metric_families(wanted + "\n"):
        for sample in family.samples:
            if names := _LABELS.get(sample.name):
                found[VerdictKey(**{name: sample.labels[name] for name in names})] += int(sample.value)
    return found
