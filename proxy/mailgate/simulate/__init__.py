"""Decide over many: what another policy would change, for whom. Pure, like ``decide``, which it calls."""

from mailgate.simulate.impact import Impact, Occasion, Sample, Subject
from mailgate.simulate.judge import UNKNOWN, Judge, Outcome

__all__ = ["UNKNOWN", "Impact", "Judge", "Occasion", "Outcome", "Sample", "Subject"]
