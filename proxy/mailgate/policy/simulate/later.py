"""The effect of a candidate later: at the moments that can be dated, and at any other."""

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Collection, Hashable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial

from mailgate.classify.attestation import HANDHELD_KINDS
from mailgate.model import Access, Kind, PostureState, Stage
from mailgate.policy.reliefs import NO_RELIEFS
from mailgate.policy.rules import OnUnavailable, Policy, Rule
from mailgate.policy.simulate.clock import starts
from mailgate.policy.simulate.judge import Cache, Comparison, ComparisonResult, Keys, Occasion, newly_out
from mailgate.policy.simulate.unknowns import PolicySide, PolicyVariants, moves, undetermined_rules
from mailgate.policy.simulate.what_if import (
    asked_by,
    judged_again_at,
    with_ended_denial,
    with_expired_report,
    with_expired_verdict,
    with_last_known_posture,
)

TimedResult = tuple[datetime, ComparisonResult]


def change_moments(policies: Sequence[Policy], now: datetime) -> tuple[datetime, ...]:
    """The moments from ``now`` on at which one of these policies changes by itself, as far as that can be predicted: starts of
    stages, times in conditions, and the end of the last exemption. ``now`` is one if a rule has a grace or is out, and shows
    its effect after that."""
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
    """Both policies with every rule in full; None if nothing holds a rule of the candidate back. A rule of the active policy
    stays as it is if the candidate has another share or other stages for it, so that whom it leaves out is found."""
    held = {
        rule.id: rule for rule in candidate.rules if rule.share < 1 or rule.stage_at(now) is not Stage.ENFORCE
    }
    if not held:
        return None
    same = {
        rule.id
        for rule in active.rules
        if rule.id in held and (rule.share, rule.stages) == (held[rule.id].share, held[rule.id].stages)
    }
    return InFull(_widened(active, same), _widened(candidate, held), tuple(held))


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
        """The moments at which the occasion moves, with both decisions then. ``keys`` are those of both decisions now."""
        key = keys, runs_out(occasion)
        found = self._known.get(key)
        return self._known.keep(key, tuple(self._compared(occasion))) if found is None else found

    def _compared(self, occasion: Occasion) -> Iterator[TimedResult]:
        for moment in self._moments:
            then = _with_both(occasion, partial(_at, moment=moment))
            compared = self._comparison.of(then, self._comparison.keys(then))
            if compared.label:
                yield moment, compared


def _back(policy: Policy) -> Policy:
    """The policy with every rule in force that halted or was turned off, since somebody may resume them at any time."""
    return replace(policy, reliefs=policy.reliefs.of_some())


def _at(access: Access, moment: datetime) -> Access:
    then = judged_again_at(access, moment)
    return replace(then, posture=replace(then.posture, first_seen=None))


def runs_out(occasion: Occasion) -> Hashable:
    """When the last known posture ends, which keys do not have: occasions that have the same keys besides move alike at all moments."""
    postures = (occasion.before.posture, occasion.after.posture)
    return tuple([each.expires_at if each.state is PostureState.UNAVAILABLE else None for each in postures])


OF_LOOKS = frozenset({"device.state", "device.absence"})
OF_VERDICTS = frozenset({"device.compliance", "device.compliance_apps", "device.threat"})
"""The variables that change when a report, or a verdict, has expired, though nobody does anything."""


class WorstMoment:
    """Compares two policies at every moment from ``now`` on. Occasions with the same keys are compared once."""

    def __init__(self, active: Policy, candidate: Policy) -> None:
        passing = frozenset(
            rule.when.text for rule in active.rules if rule.on_unavailable is OnUnavailable.ALLOW
        )
        self._before, self._after = _Later(active, passing), _Later(candidate, passing)
        self._outage = any(_handles_unavailable(rule) for rule in (*active.rules, *candidate.rules))
        self._policies = (active, candidate)
        self._alike = active.version == candidate.version and active.reliefs.every == candidate.reliefs.every
        self._reads_look = any(OF_LOOKS & each.reads for each in self._policies)
        self._reads_verdict = any(OF_VERDICTS & each.reads for each in self._policies)
        self._starts: dict[datetime, tuple[datetime, ...]] = {}
        self._known = Cache[Hashable, bool]()

    def keeps_out(self, occasion: Occasion, keys: Keys) -> bool:
        """Whether the second policy may keep the occasion out at a moment at which the first would not. ``keys`` are those of now."""
        rest = self.rest(occasion)
        if rest is None:
            return False  # however the unknown comes out, of which there may be too much to try
        key = (*[lasting for lasting, _ in keys], rest)
        found = self._known.get(key)
        if found is None:
            found = self._known.keep(
                key,
                any(self._at(each, at) for each in self._kinds(occasion) for at in self._moments(occasion)),
            )
        return found

    def rest(self, occasion: Occasion) -> Hashable:
        """What tells an occasion from others with the same keys; None if nothing changes for it."""
        before, after = occasion.before, occasion.after
        if self._alike and (before is after or before == after):
            return None
        ends = (self._before.ends(before), self._after.ends(after))
        held = (before.posture.held, after.posture.held)
        order = _order(self._common(before.now), ends)
        return (before.now, occasion.assumed, _reported(occasion), held, order)

    def _moments(self, occasion: Occasion) -> set[datetime]:
        now = occasion.before.now
        return {
            now,
            *self._common(now),
            *self._before.ends(occasion.before),
            *self._after.ends(occasion.after),
        }

    def _kinds(self, occasion: Occasion) -> Iterator[Occasion]:
        """The occasion in all ways in which it may come: as it is; if it never came, also with nobody named and by any
        handheld client of a handheld device; and each with an unavailable posture, and after the report, the verdict or a denial
        has expired, since a device may stop reporting."""
        asks = [occasion]
        if occasion.assumed and occasion.before.client.kind in HANDHELD_KINDS:
            asks = [_with_both(occasion, partial(_by_client, kind=kind)) for kind in HANDHELD_KINDS]
        if occasion.assumed and occasion.before.user.name:
            asks += [_with_both(each, partial(asked_by, person="")) for each in asks]
        for each in asks:
            yield each
            if self._outage and occasion.before.posture.state is not PostureState.UNAVAILABLE:
                yield _with_both(each, with_last_known_posture)
            held = each.before.posture.held or each.after.posture.held
            if held:
                yield _with_both(each, with_ended_denial)
            if held or self._reads_look:
                yield _with_both(each, with_expired_report)
            if self._reads_verdict:
                yield _with_both(each, with_expired_verdict)
                yield _with_both(each, lambda access: with_expired_report(with_expired_verdict(access)))

    def _at(self, occasion: Occasion, moment: datetime) -> bool:
        unknown = occasion.unrecorded | occasion.assumed
        before = self._before.side(occasion.before, moment, unknown)
        found = moves(before, self._after.side(occasion.after, moment, unknown))
        return found is None or any(map(newly_out, found))

    def _common(self, now: datetime) -> tuple[datetime, ...]:
        if now not in self._starts:
            self._starts[now] = tuple(sorted(starts(self._policies, now)))
        return self._starts[now]


class _Later:
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


def _by_client(access: Access, kind: Kind) -> Access:
    return replace(access, client=replace(access.client, kind=kind))


def _with_both(occasion: Occasion, change: Callable[[Access], Access]) -> Occasion:
    return replace(occasion, before=change(occasion.before), after=change(occasion.after))


def _handles_unavailable(rule: Rule) -> bool:
    """Whether the rule says what it does while the posture is unavailable: by its condition, or by ``on_unavailable``."""
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
    """The places of the ends among the moments for everybody and each other; within an interval nothing else matters."""
    own = sorted({*ends[0], *ends[1]})
    places = {end: (bisect_left(common, end), bisect_right(common, end), own.index(end)) for end in own}
    return tuple(tuple(places[end] for end in each) for each in ends) if own else ()
