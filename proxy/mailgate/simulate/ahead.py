"""What a candidate does later on: its stages have started, every grace is over, and no rule is out for everybody."""

from collections.abc import Hashable, Iterable, Sequence
from dataclasses import replace
from datetime import datetime

from mailgate.model import Access, PostureState
from mailgate.policy.rules import Policy, Rule
from mailgate.simulate.compare import Compared, Comparison, Keys, Occasion
from mailgate.simulate.moments import limits

_REMEMBERED = 50_000
"""Kinds of occasions that are kept; with a condition on an age every device may be one of its own."""

Turn = tuple[datetime, Compared]


def turns(policies: Iterable[Policy], now: datetime) -> tuple[datetime, ...]:
    """The moments from ``now`` on at which one of these policies decides otherwise by itself.

    They are the starts of stages, the times that stand in conditions, and the end of the last exemption. ``now`` itself is one
    where a rule has a grace or is out: what it does once that is over.
    """
    found = set()
    for policy in policies:
        found |= {moment for rule in policy.rules for moment in _dates(rule) if moment > now}
        ends = [each.until for each in policy.reliefs.exemptions(now) if each.until]
        found |= {max(ends)} if ends else set()
        if policy.reliefs.for_everybody(now) or any(rule.grace for rule in policy.rules):
            found.add(now)
    return tuple(sorted(found))


def _dates(rule: Rule) -> list[datetime]:
    starts = [start for _, start in rule.stages.starts()] if rule.stages else []
    return starts + [each for each in limits(rule.when) if isinstance(each, datetime)]


class Ahead:
    """Compares two policies at later moments. Who is new to a rule has had the grace that there is, and what is out is back."""

    def __init__(self, active: Policy, candidate: Policy, moments: Sequence[datetime]) -> None:
        self._comparison = Comparison(_back(active), _back(candidate))
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


def _back(policy: Policy) -> Policy:
    """The policy once whatever halted or was turned off counts again, which somebody may bring about at any time."""
    return replace(policy, reliefs=policy.reliefs.of_some())


def _at(access: Access, moment: datetime) -> Access:
    """The same access then, with no grace left. What is known of the device stays as it is: it reports again."""
    return replace(access, now=moment, posture=replace(access.posture, first_seen=None))


def _runs_out(access: Access) -> datetime | None:
    """What the keys of an access do not have in full: until when what was last known counts."""
    posture = access.posture
    return posture.expires_at if posture.state is PostureState.UNAVAILABLE else None
