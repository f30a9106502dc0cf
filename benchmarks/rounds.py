"""Takes the samples of a measurement in interleaved rounds, each with another beginning. Pure, except for the functions
that it calls."""

from collections.abc import Callable, Mapping
from typing import TypeVar

Sample = TypeVar("Sample")


def interleaved(
    rounds: int, measures: Mapping[str, Callable[[int], Sample]], watch: Callable[[str], None]
) -> dict[str, list[Sample]]:
    """One sample per round of each measure, which gets the number of the round. Each round begins with another
    measure."""
    names = list(measures)
    samples: dict[str, list[Sample]] = {name: [] for name in names}
    for turn in range(rounds):
        first = turn % len(names)
        for name in names[first:] + names[:first]:
            watch(name)
            samples[name].append(measures[name](turn))
    return samples
