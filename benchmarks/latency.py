"""What a list of latencies comes to. Pure."""

import math
from collections.abc import Sequence

SHARES = {"p50": 0.5, "p99": 0.99, "p999": 0.999}


def percentile(ordered: Sequence[float], share: float) -> float:
    """The least of the values, in order, that so many of all do not exceed ("nearest rank"): a latency that was there."""
    if not ordered:
        raise ValueError("no latencies")
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)]


def summary(samples: Sequence[float]) -> dict[str, float]:
    """Percentiles, the slowest, and of how many."""
    ordered = sorted(samples)
    cuts = {name: percentile(ordered, share) for name, share in SHARES.items()}
    return {**cuts, "most": ordered[-1], "count": len(ordered)}
