"""What was decided at all gates within the last hour, day or weeks, as typed facts."""

from collections import Counter
from datetime import datetime, timedelta
from typing import Literal

from mailgate.model.fact import Fact, Instant
from mailgate.store import Store
from mailgate.store.verdict_counts import Cell, start_of

Range = Literal["1h", "24h", "14d", "60d"]
RANGES: dict[Range, tuple[str, int, timedelta]] = {
    "1h": ("minute", 60, timedelta(minutes=1)),
    "24h": ("hour", 24, timedelta(hours=1)),
    "14d": ("day", 14, timedelta(days=1)),
    "60d": ("day", 60, timedelta(days=1)),
}
"""How far back each reaches: in so many minutes, hours or UTC days."""
MOST = 12
"""Rules that are listed."""


class TrafficSpan(Fact):
    """One minute, hour or day."""

    at: Instant
    """When it began."""
    effect: dict[str, int]
    """Verdicts by effect."""
    kind: dict[str, int]
    """Verdicts by kind of client."""


class RuleTraffic(Fact):
    """How often a rule did something else than let in."""

    rule: str
    """The rule's id."""
    effect: str
    """What it did: warn, challenge or block."""
    reason: str
    """Why, as a reason code."""
    times: int
    """How often."""


class Traffic(Fact):
    """What was decided at all gates."""

    range: Range
    """How far back it reaches."""
    spans: list[TrafficSpan]
    """Every minute, hour or day, the oldest first."""
    rules: list[RuleTraffic]
    """What rules did else than let in, the most frequent first."""


async def traffic_of(store: Store, asked: Range, now: datetime) -> Traffic:
    """Read it. Raises StoreUnavailableError."""
    span, count, long = RANGES[asked]
    since = start_of(span, now) - long * (count - 1)
    effects, kinds = [_by_time(await store.verdicts.by(part, span, since)) for part in ("effect", "kind")]
    starts = [since + long * place for place in range(count)]
    refused = await store.verdicts.refusals(span, since, MOST)
    return Traffic(
        range=asked,
        spans=[
            TrafficSpan(at=at, effect=dict(effects.get(at, {})), kind=dict(kinds.get(at, {})))
            for at in starts
        ],
        rules=[
            RuleTraffic(rule=each.rule, effect=each.effect, reason=each.reason, times=times)
            for each, times in refused
        ],
    )


def _by_time(cells: list[Cell]) -> dict[datetime, Counter[str]]:
    found: dict[datetime, Counter[str]] = {}
    for each in cells:
        found.setdefault(each.at, Counter())[each.name] += each.times
    return found
