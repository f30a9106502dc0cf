"""Decide again and again: what another policy would change, for whom, and what would change one verdict. Pure, like ``decide``."""

from mailgate.simulate.flip import KEPT_OUT, LET_IN, MOST, Flip, Flips, both_ways, flips
from mailgate.simulate.impact import DIMENSIONS, TOUCHED, Impact, Move, Occasion, Sample, Subject, Tally
from mailgate.simulate.judge import UNKNOWN, Judge, Outcome

__all__ = [
    "DIMENSIONS",
    "KEPT_OUT",
    "LET_IN",
    "MOST",
    "TOUCHED",
    "UNKNOWN",
    "Flip",
    "Flips",
    "Impact",
    "Judge",
    "Move",
    "Occasion",
    "Outcome",
    "Sample",
    "Subject",
    "Tally",
    "both_ways",
    "flips",
]
