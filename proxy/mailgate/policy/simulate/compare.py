"""Compares two policies on one occasion: the effect before, and the effect after."""

from dataclasses import dataclass

from mailgate.model import Access, Effect
from mailgate.policy.rules import Policy
from mailgate.policy.simulate.judge import UNKNOWN, Cache, Key, OccasionJudge, OccasionOutcome
from mailgate.policy.simulate.unknowns import Move as Move
from mailgate.policy.simulate.unknowns import moves

Keys = tuple[Key, Key]
"""The keys of an occasion by both policies, which determine the outcomes."""

_OUT = (Effect.CHALLENGE.value, Effect.BLOCK.value)
"""The effects that keep people out, in increasing severity."""


@dataclass(frozen=True, slots=True)
class Occasion:
    """One way in which somebody asked, or would ask, seen with the lists of each policy."""

    before: Access
    after: Access
    person: str = ""
    """The person, in one spelling; empty if unknown."""
    unrecorded: frozenset[str] = frozenset()
    """Variables that were not recorded. Their values in the accesses are made up."""
    assumed: frozenset[str] = frozenset()
    """Variables whose values are assumed, so that people are found by name. Whether somebody may be kept out does not go by
    them."""
    known: bool = False
    """Whether more than the client's own word says that this person exists."""


@dataclass(frozen=True, slots=True)
class ComparisonResult:
    """The outcomes of both policies on one occasion. ``move`` is None if it is unknown whether anything changes."""

    before: OccasionOutcome
    after: OccasionOutcome
    move: Move | None

    @property
    def label(self) -> str:
        """The new effect; ``UNKNOWN`` if it is unknown; empty if nothing changes."""
        if self.move is None:
            return UNKNOWN
        return self.move[1] if self.move[0] != self.move[1] else ""

    @property
    def keeps_out(self) -> bool:
        """Whether it newly keeps somebody out, or may."""
        return self.move is None or newly_out(self.move)


def newly_out(move: Move) -> bool:
    """Whether a move keeps people out who were let in or warned, or blocks people who could prove themselves before."""
    before, after = move
    return after in _OUT and before not in _OUT[_OUT.index(after) :]


class Comparison:
    """Compares two policies on many occasions."""

    def __init__(self, active: Policy, candidate: Policy) -> None:
        self._before, self._after = OccasionJudge(active), OccasionJudge(candidate)
        self._settled = Cache[Keys, Move | None]()

    def keys(self, occasion: Occasion) -> Keys:
        """The keys of an occasion. Occasions with the same keys are compared once."""
        return (
            self._before.key(occasion.before, occasion.unrecorded),
            self._after.key(occasion.after, occasion.unrecorded),
        )

    def of(self, occasion: Occasion, keys: Keys) -> ComparisonResult:
        """Decide the occasion by both policies. ``keys`` are its keys."""
        before = self._before.outcome(occasion.before, occasion.unrecorded, keys[0])
        after = self._after.outcome(occasion.after, occasion.unrecorded, keys[1])
        if UNKNOWN in (before.effect, after.effect):
            return ComparisonResult(before, after, self._settle(occasion, keys))
        return ComparisonResult(before, after, (before.effect, after.effect))

    def _settle(self, occasion: Occasion, keys: Keys) -> Move | None:
        """The move, if it does not depend on values that were not recorded; ``UNKNOWN`` twice if nothing changes;
        otherwise None."""
        if keys not in self._settled:
            unrecorded = occasion.unrecorded
            before, after = (
                self._before.side(occasion.before, unrecorded),
                self._after.side(occasion.after, unrecorded),
            )
            found = moves(before, after)
            settled = None
            if found is not None and all(old == new for old, new in found):
                settled = (UNKNOWN, UNKNOWN)
            if found is not None and len(found) == 1:
                (settled,) = found
            self._settled.keep(keys, settled)
        return self._settled[keys]
