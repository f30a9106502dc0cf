"""The hit rates of the gate's caches, by its own counters. Pure.

A cache is counted if the metrics have a pair of counters ``…_hits_total`` and ``…_misses_total``.
"""

import re
from collections.abc import Mapping

_COUNTER = re.compile(r"^mailgate_(\w+)_(hits|misses)_total(?:\{[^}]*\})? ([0-9.e+]+)$", re.MULTILINE)


def counted(metrics: str) -> dict[tuple[str, str], float]:
    """The hits and misses of each cache so far."""
    found: dict[tuple[str, str], float] = {}
    for name, which, value in _COUNTER.findall(metrics):
        found[name, which] = found.get((name, which), 0.0) + float(value)
    return found


def rates(
    before: Mapping[tuple[str, str], float], after: Mapping[tuple[str, str], float]
) -> dict[str, float]:
    """The share of hits between two readings, of every cache that was used."""
    grown = {key: value - before.get(key, 0.0) for key, value in after.items()}
    names = {name for name, _ in grown}
    asked = {name: grown.get((name, "hits"), 0.0) + grown.get((name, "misses"), 0.0) for name in names}
    return {name: grown.get((name, "hits"), 0.0) / all_ for name, all_ in asked.items() if all_}
