"""Whether somebody is newly kept out at any moment to come, whatever then is that cannot be known now.

Time to come falls into stretches by what can be told: the starts of stages, the times with which conditions compare ``now``,
the ends of somebody's graces. In each of them everything else may be one way or another: what conditions do with the clock beside,
how old a report is and whether it still counts, whether an exemption or a halt has been ended, and what was not recorded.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Hashable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime

from mailgate.model import Access, PostureState
from mailgate.policy.reliefs import NO_RELIEFS
from mailgate.policy.rules import Policy
from mailgate.simulate.altered import run_out
from mailgate.simulate.compare import Keys, Occasion, newly_out
from mailgate.simulate.hanging import hanging_ahead
from mailgate.simulate.moments import starts
from mailgate.simulate.worlds import Settled, Side, moves

_REMEMBERED = 50_000
"""Kinds of occasions that are kept."""


class Worst:
    """Compares two policies at every moment from ``now`` on. Those who look alike to both are compared once."""

    def __init__(self, active: Policy, candidate: Policy) -> None:
        self._before, self._after = _Later(active), _Later(candidate)
        self._policies = (active, candidate)
        self._reads_state = any("device.state" in each.reads for each in self._policies)
        self._starts: dict[datetime, tuple[datetime, ...]] = {}
        self._known: dict[Hashable, bool] = {}

    def keeps_out(self, occasion: Occasion, keys: Keys) -> bool:
        """Whether the second policy may keep the occasion out at some moment at which the first would not. ``keys`` are those of now."""
        common = self._common(occasion.before.now)
        ends = (self._before.ends(occasion.before), self._after.ends(occasion.after))
        lasting = [key for key, _ in keys]
        key = (occasion.before.now, *lasting, _reported(occasion), _order(common, ends))
        found = self._known.get(key)
        if found is None:
            if len(self._known) >= _REMEMBERED:
                self._known.clear()
            moments = sorted({occasion.before.now, *common, *ends[0], *ends[1]})
            found = self._known[key] = any(
                self._at(each, moment) for each in self._kinds(occasion) for moment in moments
            )
        return found

    def _kinds(self, occasion: Occasion) -> Iterator[Occasion]:
        """As it is known now, and once its report has run out, which may be at any time: whoever has reported may stop to."""
        yield occasion
        silent = replace(occasion, before=run_out(occasion.before), after=run_out(occasion.after))
        if self._reads_state and silent != occasion:
            yield silent

    def _at(self, occasion: Occasion, moment: datetime) -> bool:
        before = self._before.side(occasion.before, moment, occasion.untold)
        after = self._after.side(occasion.after, moment, occasion.untold)
        return any(newly_out(move) for move in moves(before, after))

    def _common(self, now: datetime) -> tuple[datetime, ...]:
        """The moments at which either policy begins to decide otherwise for everybody."""
        if now not in self._starts:
            self._starts[now] = tuple(sorted(starts(self._policies, now)))
        return self._starts[now]


class _Later:
    """One policy at moments to come."""

    def __init__(self, policy: Policy) -> None:
        self._rules, self._reliefs = policy.rules, policy.reliefs
        self._graces = [rule.grace for rule in policy.rules if rule.grace]
        self._settled = Settled(replace(policy, reliefs=NO_RELIEFS))

    def side(self, access: Access, moment: datetime, untold: frozenset[str]) -> Side:
        reliefs = self._reliefs.about(access)
        then = replace(access, now=moment)
        return then, self._settled, hanging_ahead(self._rules, then, untold, reliefs)

    def ends(self, access: Access) -> list[datetime]:
        """The ends of what is for this access alone: its graces, and until when what was last known of it counts."""
        posture = access.posture
        new = [posture.first_seen + grace for grace in self._graces] if posture.first_seen else []
        last = (
            [posture.expires_at] if posture.state is PostureState.UNAVAILABLE and posture.expires_at else []
        )
        return [end for end in (*new, *last) if end > access.now]


def _reported(occasion: Occasion) -> tuple[bool, bool]:
    """Whether the age of a report is anything else than that of none."""
    return occasion.before.posture.reported_at is not None, occasion.after.posture.reported_at is not None


def _order(common: Sequence[datetime], ends: tuple[list[datetime], list[datetime]]) -> Hashable:
    """Where the ends fall among the moments for everybody, and among each other: all that is to them in any stretch."""
    if not ends[0] and not ends[1]:
        return ()
    own = sorted({*ends[0], *ends[1]})
    return tuple(
        tuple((bisect_left(common, end), bisect_right(common, end), own.index(end)) for end in each)
        for each in ends
    )
