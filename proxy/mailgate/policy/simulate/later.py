"""The effect of a candidate later: when its stages have started, every grace is over, and no rule is out for
everybody."""

from collections.abc import Collection, Hashable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from mailgate.model import Access, PostureState, Stage
from mailgate.policy.rules import Policy, Rule
from mailgate.policy.simulate.compare import Comparison, ComparisonResult, Keys, Occasion
from mailgate.policy.simulate.judge import Cache
from mailgate.policy.simulate.moments import at_moment, starts

TimedResult = tuple[datetime, ComparisonResult]


def change_moments(policies: Sequence[Policy], now: datetime) -> tuple[datetime, ...]:
    """The moments from ``now`` on at which one of these policies changes by itself, if they can be predicted.

    They are the starts of stages, the times with which conditions compare ``now``, and the end of the last exemption.
    ``now`` itself is a moment if a rule has a grace or is out, and shows the effect of the rule after that.
    """
    found = set(starts(policies, now))
    for policy in policies:
        ends = [each.until for each in policy.reliefs.exemptions(now) if each.until]
        found |= {max(ends)} if ends else set()
        if policy.reliefs.for_everybody(now) or any(rule.grace for rule in policy.rules):
            found.add(now)
    return tuple(sorted(found))


@dataclass(frozen=True, slots=True)
class InFull:
    """Two policies without what holds their rules back: each share is everybody, and each rule is enforced."""

    active: Policy
    candidate: Policy
    rules: tuple[str, ...]
    """The rules of the candidate that were held back."""


def in_full(active: Policy, candidate: Policy, now: datetime) -> InFull | None:
    """Both policies with every rule in full; None if nothing holds a rule of the candidate back.

    A rule of the active policy stays as it is if the candidate has another share or other stages for it, so that whoever
    it leaves out today is found.
    """
    held = {rule.id: rule for rule in candidate.rules if _is_held_back(rule, now)}
    if not held:
        return None
    same = {
        rule.id
        for rule in active.rules
        if rule.id in held and (rule.share, rule.stages) == (held[rule.id].share, held[rule.id].stages)
    }
    return InFull(_widened(active, same), _widened(candidate, held), tuple(held))


def _is_held_back(rule: Rule, now: datetime) -> bool:
    return rule.share < 1 or rule.stage_at(now) is not Stage.ENFORCE


def _widened(policy: Policy, names: Collection[str]) -> Policy:
    whole = {"share": 1.0, "stages": None}
    return replace(
        policy,
        rules=tuple(rule.model_copy(update=whole) if rule.id in names else rule for rule in policy.rules),
    )


class LaterComparison:
    """Compares two policies at later moments, with every grace over and with every rule in force that is out now."""

    def __init__(self, active: Policy, candidate: Policy, moments: Sequence[datetime]) -> None:
        self._comparison = Comparison(_back(active), _back(candidate))
        self._moments = moments
        self._known = Cache[Hashable, tuple[TimedResult, ...]]()

    def moved(self, occasion: Occasion, keys: Keys) -> tuple[TimedResult, ...]:
        """The moments at which the occasion moves, with the decisions of both policies. ``keys`` are the
        keys of both decisions now."""
        key = _key(occasion, keys)
        found = self._known.get(key)
        return self._known.keep(key, tuple(self._compared(occasion))) if found is None else found

    def _compared(self, occasion: Occasion) -> Iterator[TimedResult]:
        for moment in self._moments:
            then = replace(occasion, before=_at(occasion.before, moment), after=_at(occasion.after, moment))
            compared = self._comparison.of(then, self._comparison.keys(then))
            if compared.label:
                yield moment, compared


def _key(occasion: Occasion, keys: Keys) -> Hashable:
    """The key of an occasion at all moments: occasions with the same key move alike."""
    return keys, _runs_out(occasion.before), _runs_out(occasion.after)


def _back(policy: Policy) -> Policy:
    """The policy with every rule in force that halted or was turned off, since somebody may resume them at any time."""
    return replace(policy, reliefs=policy.reliefs.of_some())


def _at(access: Access, moment: datetime) -> Access:
    """The same access at that moment, with no grace left."""
    then = at_moment(access, moment)
    return replace(then, posture=replace(then.posture, first_seen=None))


def _runs_out(access: Access) -> datetime | None:
    """When the last known posture ends; None if the posture is available. The keys of an access do not have this
    time."""
    posture = access.posture
    return posture.expires_at if posture.state is PostureState.UNAVAILABLE else None
