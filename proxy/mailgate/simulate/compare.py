"""One occasion decided by two policies: from which effect to which it moves."""

from collections.abc import Hashable
from dataclasses import dataclass

from mailgate.model import Access, Effect
from mailgate.policy.rules import Policy
from mailgate.simulate.judge import UNKNOWN, Judge, Key, Outcome
from mailgate.simulate.unknowns import Move as Move
from mailgate.simulate.unknowns import moves

_REMEMBERED = 50_000
"""Kinds of occasions of which it is kept whether anything changes."""

Keys = tuple[Key, Key]
"""Everything of an occasion that the outcomes by both policies can depend on."""

_HARD = {Effect.CHALLENGE.value: 1, Effect.BLOCK.value: 2}
"""What keeps people out, the harder the higher."""


@dataclass(frozen=True, slots=True)
class Occasion:
    """One way in which somebody came, or would come, as either policy's lists make it look."""

    before: Access
    after: Access
    person: str = ""
    """Whom it is about, in one spelling; empty where nobody is named."""
    untold: frozenset[str] = frozenset()
    """Names of variables whose value was not recorded: what stands for it in the accesses is made up."""
    known: bool = False
    """Whether more than their own word tells that there is such a person."""


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

    @property
    def keeps_out(self) -> bool:
        """Whether it newly keeps somebody out, for all that can be told."""
        return self.move is None or newly_out(self.move)


def newly_out(move: Move) -> bool:
    """Whether a move keeps people out who were let in or warned, or wholly out who could prove themselves."""
    before, after = move
    return _HARD.get(after, 0) > _HARD.get(before, 0)


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
            if len(self._settled) >= _REMEMBERED:
                self._settled.clear()
            old, new, untold = self._before, self._after, occasion.untold
            found = moves(
                (occasion.before, old.settled, old.hanging(occasion.before, untold)),
                (occasion.after, new.settled, new.hanging(occasion.after, untold)),
            )
            same = all(before == after for before, after in found)
            self._settled[keys] = min(found) if len(found) == 1 else (UNKNOWN, UNKNOWN) if same else None
        return self._settled[keys]
