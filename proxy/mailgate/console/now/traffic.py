"""The verdicts of all gates within the last hour, day or weeks, as facts. Those of this gate are read from the metrics of its workers and
added to the counts in the store."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping
from datetime import datetime, timedelta
from typing import Literal

from prometheus_client.parser import text_string_to_metric_families

from mailgate.model.fact import Fact, Instant
from mailgate.store import Store, StoreError
from mailgate.store.counts import Cell, VerdictKey, start_of

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


Range = Literal["1h", "24h", "14d", "60d"]
RANGES: dict[Range, tuple[str, int, timedelta]] = {
    "1h": ("minute", 60, timedelta(minutes=1)),
    "24h": ("hour", 24, timedelta(hours=1)),
    "14d": ("day", 14, timedelta(days=1)),
    "60d": ("day", 60, timedelta(days=1)),
}
"""The length of each range, as a number of minutes, hours or UTC days."""
MOST = 12
"""How many rules are listed."""


class TrafficSpan(Fact):
    """The verdicts of one minute, hour or day."""

    at: Instant
    """When it began."""
    effect: dict[str, int]
    """The number of verdicts by effect."""
    kind: dict[str, int]
    """The number of verdicts by kind of client."""


class RuleTraffic(Fact):
    """The number of verdicts of a rule other than `allow`."""

    rule: str
    """The rule's id."""
    effect: str
    """The effect: warn, challenge or block."""
    reason: str
    """Why, as a reason code."""
    times: int
    """The number of verdicts."""


class Traffic(Fact):
    """The verdicts of all gates."""

    range: Range
    """The range."""
    spans: list[TrafficSpan]
    """Every minute, hour or day, the oldest first."""
    rules: list[RuleTraffic]
    """The rules that warned or refused, the most frequent first."""


async def traffic_of(store: Store, asked: Range, now: datetime) -> Traffic:
    """Read the verdicts of a range. Raises StoreUnavailableError."""
    span, since = RANGES[asked][0], _begin(asked, now)
    effects, kinds = [await store.verdicts.by(part, span, since) for part in ("effect", "kind")]
    return _traffic(asked, now, effects, kinds, await store.verdicts.refusals(span, since, MOST))


def waiting_traffic(waiting: ByMinute, now: datetime) -> Traffic:
    """The last hour of verdicts that the store does not have."""
    since = _begin("1h", now)
    told = [(at, *each) for at, counted in waiting.items() if at >= since for each in counted.items()]
    effects, kinds = (
        [Cell(at, getattr(key, part), times) for at, key, times in told if key.kind]
        for part in ("effect", "kind")
    )
    refused = Counter[VerdictKey]()
    for _, key, times in told:
        if not key.kind:
            refused[key] += times
    return _traffic("1h", now, effects, kinds, refused.most_common(MOST))


async def refused_within_hour(store: Store, rules: Collection[str], now: datetime) -> int:
    """How many requests these rules warned or refused within the last hour. Raises StoreUnavailableError."""
    cells = await store.verdicts.by("rule", "minute", _begin("1h", now))
    return sum(each.times for each in cells if each.name in rules)


def _begin(asked: Range, now: datetime) -> datetime:
    span, count, long = RANGES[asked]
    return start_of(span, now) - long * (count - 1)


def _traffic(
    asked: Range,
    now: datetime,
    effects: Iterable[Cell],
    kinds: Iterable[Cell],
    refused: Iterable[tuple[VerdictKey, int]],
) -> Traffic:
    _, count, long = RANGES[asked]
    effect, kind, since = _by_time(effects), _by_time(kinds), _begin(asked, now)
    return Traffic(
        range=asked,
        spans=[
            TrafficSpan(at=at, effect=dict(effect.get(at, {})), kind=dict(kind.get(at, {})))
            for at in (since + long * place for place in range(count))
        ],
        rules=[RuleTraffic.taken_from(each, times=times) for each, times in refused],
    )


def _by_time(cells: Iterable[Cell]) -> dict[datetime, Counter[str]]:
    found: dict[datetime, Counter[str]] = {}
    for each in cells:
        found.setdefault(each.at, Counter())[each.name] += each.times
    return found
