"""Everybody once a round, and nobody always first. Pure, but for what it calls."""

from collections.abc import Callable, Mapping
from typing import TypeVar

Sample = TypeVar("Sample")


def interleaved(
    rounds: int, measures: Mapping[str, Callable[[int], Sample]], watch: Callable[[str], None]
) -> dict[str, list[Sample]]:
    """One sample a round of each measure, which is told the number of the round; each round begins with another one."""
    names = list(measures)
    samples: dict[str, list[Sample]] = {name: [] for name in names}
    for turn in range(rounds):
        first = turn % len(names)
        for name in names[first:] + names[:first]:
            watch(name)
            samples[name].append(measures[name](turn))
    return samples
