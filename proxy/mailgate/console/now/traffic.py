"""The verdicts of all gates within the last hour, day or weeks, as facts."""

from collections import Counter
from datetime import datetime, timedelta
from typing import Literal

from mailgate.model.fact import Fact, Instant
from mailgate.store import Store
from mailgate.store.counts import Cell, start_of

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
