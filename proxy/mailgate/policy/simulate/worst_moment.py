"""Decides whether somebody may newly be kept out at any future moment, whatever is unknown now.

The future is cut into intervals at the moments that can be predicted: the starts of stages, the times with which
conditions compare ``now``, the ends of somebody's graces. Within an interval everything else may be either way: other
uses of the clock, the age of a report and whether it is still valid, whether an exemption or a halt was ended, what was
not recorded, and how a device asks that never did.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Collection, Hashable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime

from mailgate.classify.attestation import HANDHELD_KINDS
from mailgate.model import Access, Kind, PostureState
from mailgate.policy.reliefs import NO_RELIEFS
from mailgate.policy.rules import OnUnavailable, Policy, Rule
from mailgate.policy.simulate.compare import Keys, Occasion, newly_out
from mailgate.policy.simulate.judge import Cache
from mailgate.policy.simulate.moments import starts
from mailgate.policy.simulate.unknowns import PolicySide, PolicyVariants, moves, undetermined_rules
from mailgate.policy.simulate.what_if import asked_by, with_expired_report, with_last_known_posture


class WorstMoment:
    """Compares two policies at every moment from ``now`` on. Occasions with the same keys are compared once."""

    def __init__(self, active: Policy, candidate: Policy) -> None:
        passing = frozenset(
            rule.when.text for rule in active.rules if rule.on_unavailable is OnUnavailable.ALLOW
        )
        self._before, self._after = _Later(active, passing), _Later(candidate, passing)
        self._outage = any(_handles_unavailable(rule) for rule in (*active.rules, *candidate.rules))
        self._policies = (active, candidate)
        self._reads_state = any("device.state" in each.reads for each in self._policies)
        self._starts: dict[datetime, tuple[datetime, ...]] = {}
        self._known = Cache[Hashable, bool]()

    def keeps_out(self, occasion: Occasion, keys: Keys) -> bool:
        """Whether the second policy may keep the occasion out at some moment at which the first would not. ``keys``
        are the keys of both decisions now."""
        common = self._common(occasion.before.now)
        ends = (self._before.ends(occasion.before), self._after.ends(occasion.after))
        lasting = [key for key, _ in keys]
        key = (occasion.before.now, *lasting, occasion.assumed, _reported(occasion), _order(common, ends))
        found = self._known.get(key)
        if found is None:
            moments = {occasion.before.now, *common, *ends[0], *ends[1]}
            found = self._known.keep(
                key, any(self._at(each, moment) for each in self._kinds(occasion) for moment in moments)
            )
        return found

    def _kinds(self, occasion: Occasion) -> Iterator[Occasion]:
        """The occasion in all ways in which it may come: as it is; if it never came, also with nobody named and by any
        handheld client of a handheld device; and each with an unavailable posture, and after the report has expired, since
        a device may stop reporting."""
        asks = [occasion]
        if occasion.assumed and occasion.before.client.kind in HANDHELD_KINDS:
            asks = [_by_client(occasion, kind) for kind in HANDHELD_KINDS]
        for each in asks:
            yield from self._postures(each)
            if occasion.assumed and occasion.before.user.name:
                nameless = replace(each, before=asked_by(each.before, ""), after=asked_by(each.after, ""))
                yield from self._postures(nameless)

    def _postures(self, occasion: Occasion) -> Iterator[Occasion]:
        yield occasion
        if self._outage and occasion.before.posture.state is not PostureState.UNAVAILABLE:
            yield replace(
                occasion,
                before=with_last_known_posture(occasion.before),
                after=with_last_known_posture(occasion.after),
            )
        if self._reads_state:
            yield replace(
                occasion,
                before=with_expired_report(occasion.before),
                after=with_expired_report(occasion.after),
            )

    def _at(self, occasion: Occasion, moment: datetime) -> bool:
        unknown = occasion.unrecorded | occasion.assumed
        before = self._before.side(occasion.before, moment, unknown)
        found = moves(before, self._after.side(occasion.after, moment, unknown))
        return found is None or any(map(newly_out, found))

    def _common(self, now: datetime) -> tuple[datetime, ...]:
        """The moments at which either policy changes for everybody."""
        if now not in self._starts:
            self._starts[now] = tuple(sorted(starts(self._policies, now)))
        return self._starts[now]


class _Later:
    """One policy at future moments."""

    def __init__(self, policy: Policy, passing: Collection[str]) -> None:
        """``passing`` has the conditions of rules that allow while the posture is unavailable."""
        self._rules, self._reliefs = policy.rules, policy.reliefs
        away = tuple(_at_its_worst(rule, passing) for rule in policy.rules)
        self._away = PolicyVariants(replace(policy, rules=away, reliefs=NO_RELIEFS))
        self._graces = [rule.grace for rule in policy.rules if rule.grace]
        self._settled = PolicyVariants(replace(policy, reliefs=NO_RELIEFS))

    def side(self, access: Access, moment: datetime, unrecorded: frozenset[str]) -> PolicySide:
        then = replace(access, now=moment)
        away = access.posture.state is PostureState.UNAVAILABLE
        undetermined = undetermined_rules(self._rules, then, unrecorded, ahead=True)
        return PolicySide(
            then, self._away if away else self._settled, undetermined, self._reliefs.about(access)
        )

    def ends(self, access: Access) -> list[datetime]:
        """The ends that concern this access alone: its graces, and the end of its last known posture."""
        posture = access.posture
        new = [posture.first_seen + grace for grace in self._graces] if posture.first_seen else []
        last = (
            [posture.expires_at] if posture.state is PostureState.UNAVAILABLE and posture.expires_at else []
        )
        return [end for end in (*new, *last) if end > access.now]


def _by_client(occasion: Occasion, kind: Kind) -> Occasion:
    """The occasion with another kind of client on the same device."""
    before, after = (
        replace(each, client=replace(each.client, kind=kind)) for each in (occasion.before, occasion.after)
    )
    return replace(occasion, before=before, after=after)


def _handles_unavailable(rule: Rule) -> bool:
    """Whether the rule itself says what it does while the posture is unavailable: its condition names that state, or it
    sets ``on_unavailable``."""
    named = PostureState.UNAVAILABLE in rule.when.names.get("device.state", ())
    return named or rule.on_unavailable is not OnUnavailable.LAST_KNOWN


def _at_its_worst(rule: Rule, passing: Collection[str]) -> Rule:
    """The rule as it is for a device without a last known posture, which the rule then blocks. Only a rule is changed
    that would use the last known posture, and whose condition names the state or is in ``passing``."""
    if rule.on_unavailable is not OnUnavailable.LAST_KNOWN or not (
        _handles_unavailable(rule) or rule.when.text in passing
    ):
        return rule
    return rule.model_copy(update={"on_unavailable": OnUnavailable.BLOCK})


def _reported(occasion: Occasion) -> tuple[bool, bool]:
    """Whether each policy has a report. Only the age of a report grows."""
    return occasion.before.posture.reported_at is not None, occasion.after.posture.reported_at is not None


def _order(common: Sequence[datetime], ends: tuple[list[datetime], list[datetime]]) -> Hashable:
    """The places of the ends among the moments for everybody and among each other. Nothing else matters within an
    interval."""
    own = sorted({*ends[0], *ends[1]})
    places = {end: (bisect_left(common, end), bisect_right(common, end), own.index(end)) for end in own}
    return tuple(tuple(places[end] for end in each) for each in ends) if own else ()
