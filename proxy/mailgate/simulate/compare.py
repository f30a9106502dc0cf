"""One occasion decided by two policies: from which effect to which it moves."""

from collections.abc import Hashable
from dataclasses import dataclass

from mailgate.model import Access
from mailgate.policy.rules import Policy
from mailgate.simulate.judge import UNKNOWN, Judge, Outcome
from mailgate.simulate.worlds import moves

Move = tuple[str, str]
"""Effects before and after."""

Keys = tuple[Hashable, Hashable]
"""Everything of an occasion that the outcomes by both policies can depend on."""


@dataclass(frozen=True, slots=True)
class Occasion:
    """One way in which somebody came, or would come, as either policy's lists make it look."""

    before: Access
    after: Access
    person: str = ""
    """Whom it is about, in one spelling; empty where nobody is named."""
    untold: frozenset[str] = frozenset()
    """Names of variables whose value was not recorded: what stands for it in the accesses is made up."""


@dataclass(frozen=True, slots=True)
class Compared:
    """What both policies do on one occasion. ``move`` is None where it cannot be told whether anything changes."""

    before: Outcome
    after: Outcome
    move: Move | None

    @property
    def label(self) -> str:
        """The effect that is new, ``UNKNOWN`` where that cannot be told; empty where nothing changes."""
        if self.move is None:
            return UNKNOWN
        return self.move[1] if self.move[0] != self.move[1] else ""


class Comparison:
    """Compares two policies on many occasions."""

    def __init__(self, active: Policy, candidate: Policy) -> None:
        self._before, self._after = Judge(active), Judge(candidate)
        self._settled: dict[Hashable, Move | None] = {}

    def keys(self, occasion: Occasion) -> Keys:
        """Occasions with the same keys compare alike."""
        return (
            self._before.key(occasion.before, occasion.untold),
            self._after.key(occasion.after, occasion.untold),
        )

    def of(self, occasion: Occasion, keys: Keys) -> Compared:
        """Decide it by both policies. ``keys`` are those of this occasion."""
        before = self._before.outcome(occasion.before, occasion.untold, keys[0])
        after = self._after.outcome(occasion.after, occasion.untold, keys[1])
        if UNKNOWN in (before.effect, after.effect):
            return Compared(before, after, self._settle(occasion, keys))
        return Compared(before, after, (before.effect, after.effect))

    def _settle(self, occasion: Occasion, keys: Keys) -> Move | None:
        """The move that is the same whatever was not recorded, or ``UNKNOWN`` twice where nothing changes then; else None."""
        if keys not in self._settled:
            old, new, untold = self._before, self._after, occasion.untold
            hanging = old.hanging(occasion.before, untold) | new.hanging(occasion.after, untold)
            found = moves((occasion.before, old.policy), (occasion.after, new.policy), hanging)
            same = bool(found) and all(before == after for before, after in found)
            self._settled[keys] = min(found) if len(found) == 1 else (UNKNOWN, UNKNOWN) if same else None
        return self._settled[keys]
