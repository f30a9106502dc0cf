"""Simulation by repeated decisions: what another policy would change, for whom, and what would turn one verdict over.
Pure, like ``decide``."""

from mailgate.policy.simulate.clock import unpredictable_clocks
from mailgate.policy.simulate.compare import Move, Occasion
from mailgate.policy.simulate.flip import KEPT_OUT, LET_IN, MAX_STEPS, Flip, Flips, flips, flips_both_ways
from mailgate.policy.simulate.impact import (
    DIMENSIONS,
    HELD_BACK,
    KNOWN,
    LATER,
    OUT,
    TOUCHED,
    UNDATED,
    WHOLE,
    Impact,
    ImpactTally,
    MoverExample,
    Subject,
    later_cell,
)
from mailgate.policy.simulate.judge import UNKNOWN, Judge, Outcome, lets_in_laptops
from mailgate.policy.simulate.later import change_moments, in_full
from mailgate.policy.simulate.moments import at_moment, moments
from mailgate.policy.simulate.movers import Mover

__all__ = [
    "DIMENSIONS",
    "HELD_BACK",
    "KEPT_OUT",
    "KNOWN",
    "LATER",
    "LET_IN",
    "MAX_STEPS",
    "OUT",
    "TOUCHED",
    "UNDATED",
    "UNKNOWN",
    "WHOLE",
    "Flip",
    "Flips",
    "Impact",
    "ImpactTally",
    "Judge",
    "Move",
    "Mover",
    "MoverExample",
    "Occasion",
    "Outcome",
    "Subject",
    "at_moment",
    "change_moments",
    "flips",
    "flips_both_ways",
    "in_full",
    "later_cell",
    "lets_in_laptops",
    "moments",
    "unpredictable_clocks",
]
