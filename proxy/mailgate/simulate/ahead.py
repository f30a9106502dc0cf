"""What a candidate does later on, when its stages have started and every grace is over: whom it will move by then."""

from collections.abc import Hashable, Iterable, Sequence
from dataclasses import replace
from datetime import datetime

from mailgate.model import Access, PostureState
from mailgate.policy.rules import Policy
from mailgate.simulate.compare import Compared, Comparison, Keys, Occasion
from mailgate.simulate.moments import limits

_REMEMBERED = 50_000
"""Kinds of occasions that are kept; with a condition on an age every device may be one of its own."""

Turn = tuple[datetime, Compared]


def turns(policies: Iterable[Policy], now: datetime) -> tuple[datetime, ...]:
    """The moments from ``now`` on at which one of these policies gets stricter, or milder, by itself.

    They are the starts of stages and the times that stand in conditions. ``now`` itself is one where a rule has a grace: what it does
    once that is over.
    """
    found = set()
    for policy in policies:
        for rule in policy.rules:
            if rule.grace:
                found.add(now)
            starts = [start for _, start in rule.stages.starts()] if rule.stages else []
            dates = [each for each in limits(rule.when) if isinstance(each, datetime)]
            found |= {moment for moment in (*starts, *dates) if moment > now}
    return tuple(sorted(found))


class Ahead:
    """Compares two policies at later moments. Who is new to a rule by then has had the grace that there is."""

    def __init__(self, comparison: Comparison, moments: Sequence[datetime]) -> None:
        self._comparison = comparison
        self._moments = moments
        self._known: dict[Hashable, tuple[Turn, ...]] = {}

    def moved(self, occasion: Occasion, keys: Keys) -> tuple[Turn, ...]:
        """The moments at which the occasion moves, with what either policy does then. ``keys`` are those of now."""
        if not self._moments:
            return ()
        key = (keys, _runs_out(occasion.before), _runs_out(occasion.after))
        found = self._known.get(key)
        if found is None:
            if len(self._known) >= _REMEMBERED:
                self._known.clear()
            found = self._known[key] = tuple(self._compared(occasion))
        return found

    def _compared(self, occasion: Occasion) -> Iterable[Turn]:
        for moment in self._moments:
            then = replace(occasion, before=_at(occasion.before, moment), after=_at(occasion.after, moment))
            compared = self._comparison.of(then, self._comparison.keys(then))
            if compared.label:
                yield moment, compared


def _at(access: Access, moment: datetime) -> Access:
    """The same access then, with no grace left. What is known of the device stays as it is: it reports again."""
    return replace(access, now=moment, posture=replace(access.posture, first_seen=None))


def _runs_out(access: Access) -> datetime | None:
    """What the keys of an access do not have in full: until when what was last known counts."""
    posture = access.posture
    return posture.expires_at if posture.state is PostureState.UNAVAILABLE else None
