"""Summarises a list of latencies. Pure."""

import math
from collections.abc import Sequence

SHARES = {"p50": 0.5, "p99": 0.99, "p999": 0.999}


def percentile(ordered: Sequence[float], share: float) -> float:
    """The smallest of the ordered values that this share of all does not exceed ("nearest rank"), so it is a real
    latency."""
    if not ordered:
        raise ValueError("no latencies")
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)]


def summary(samples: Sequence[float]) -> dict[str, float]:
    """Percentiles, the maximum, and the number of samples."""
    ordered = sorted(samples)
    cuts = {name: percentile(ordered, share) for name, share in SHARES.items()}
    return {**cuts, "most": ordered[-1], "count": len(ordered)}
