"""Decide over many: what another policy would change, for whom. Pure, like ``decide``, which it calls."""

from mailgate.simulate.impact import DIMENSIONS, TOUCHED, Impact, Move, Occasion, Sample, Subject, Tally
from mailgate.simulate.judge import UNKNOWN, Judge, Outcome

__all__ = [
    "DIMENSIONS",
    "TOUCHED",
    "UNKNOWN",
    "Impact",
    "Judge",
    "Move",
    "Occasion",
    "Outcome",
    "Sample",
    "Subject",
    "Tally",
]
