"""Simulation by repeated decisions: what another policy would change, for whom, and what would turn one verdict over.
Pure, like ``decide``."""

from mailgate.simulate.clock import undated
from mailgate.simulate.compare import Move, Occasion
from mailgate.simulate.flip import KEPT_OUT, LET_IN, MOST, Flip, Flips, both_ways, flips
from mailgate.simulate.impact import (
    DIMENSIONS,
    KNOWN,
    LATER,
    OUT,
    SAMPLED,
    TOUCHED,
    UNDATED,
    WHOLE,
    Impact,
    Sample,
    Subject,
    Tally,
    later,
)
from mailgate.simulate.judge import UNKNOWN, Judge, Outcome
from mailgate.simulate.later import turns
from mailgate.simulate.moments import sampled
from mailgate.simulate.movers import Mover

__all__ = [
    "DIMENSIONS",
    "KEPT_OUT",
    "KNOWN",
    "LATER",
    "LET_IN",
    "MOST",
    "OUT",
    "SAMPLED",
    "TOUCHED",
    "UNDATED",
    "UNKNOWN",
    "WHOLE",
    "Flip",
    "Flips",
    "Impact",
    "Judge",
    "Move",
    "Mover",
    "Occasion",
    "Outcome",
    "Sample",
    "Subject",
    "Tally",
    "both_ways",
    "flips",
    "later",
    "sampled",
    "turns",
    "undated",
]
