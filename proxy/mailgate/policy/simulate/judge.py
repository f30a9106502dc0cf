"""Decides many occasions by one policy as ``decide`` would, or by two to compare them. Occasions with the same key are decided once.

Values that were not recorded stay unknown, and a decision that depends on them is unknown too.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Hashable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import cache
from typing import TypeVar

from mailgate.classify import classify
from mailgate.model import Access, Client, Decision, Effect, Posture, Reason, RequestFacts, Stage
from mailgate.policy.decide import decide
from mailgate.policy.decision_key import DecisionKey
from mailgate.policy.reliefs import relief_from
from mailgate.policy.rule_states import effect_now
from mailgate.policy.rules import Policy, Rule
from mailgate.policy.simulate.clock import ages, unpredictable_clocks
from mailgate.policy.simulate.unknowns import Move as Move
from mailgate.policy.simulate.unknowns import (
    PolicySide,
    PolicyVariants,
    is_undetermined,
    moves,
    rules_read,
    undetermined_rules,
)
from mailgate.policy.variables import VARIABLES

UNKNOWN = "unknown"
"""Stands for an effect that depends on values that were not recorded."""

CACHE_SIZE = 50_000
"""How much is kept of what is the same for many occasions. With a condition on a name, every person may be one of a kind."""

Key = tuple[Hashable, Hashable]
"""The parts of an access that last, and those that change with time."""

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


class Cache(dict[K, V]):
    """Keeps what was found for a key, and forgets everything once it is full."""

    def keep(self, key: K, found: V) -> V:
        if len(self) >= CACHE_SIZE:
            self.clear()
        self[key] = found
        return found


@dataclass(frozen=True, slots=True)
class OccasionOutcome:
    """The outcome of one policy on one occasion. ``effect`` is an effect's word, or ``UNKNOWN``."""

    effect: str
    rule: str
    reason: Reason
    matched: tuple[str, ...] = ()
    """Rules that match, including those that only report, and rules that may match if the effect is unknown."""
    unrecorded: tuple[str, ...] = ()
    """The variables that the effect depends on, if it is unknown."""


class OccasionJudge:
    """Decides many occasions by one policy."""

    def __init__(self, policy: Policy) -> None:
        self.policy = policy
        self._decision_key = DecisionKey(policy)
        self._variants = PolicyVariants(policy)
        self._ages = _ages(policy)
        self._known = Cache[Key, OccasionOutcome]()
        self._calendar = [rule for rule in policy.rules if "now" in unpredictable_clocks(rule.when)]

    def outcome(
        self, access: Access, unrecorded: frozenset[str] = frozenset(), key: Key | None = None
    ) -> OccasionOutcome:
        """The decision of ``decide``, or unknown if it depends on values that were not recorded. ``key`` is that of both, if it
        is known."""
        key = key or self.key(access, unrecorded)
        return self._known.get(key) or self._known.keep(key, self._decide(access, unrecorded))

    def key(self, access: Access, unrecorded: frozenset[str]) -> Key:
        """The key of an access: the parts that last, and those that change with time."""
        passing = tuple([self._band(value) for value in self._decision_key.times(access)])
        return (unrecorded, self._decision_key.of(access, dates=False)), passing

    def side(self, access: Access, unrecorded: frozenset[str], *, calendar: bool = False) -> PolicySide:
        """The access with the rules whose conditions may come out either way with unknown values. ``calendar``: also those that may
        decide otherwise at moments that nobody can date."""
        found = undetermined_rules(self.policy.rules, access, unrecorded)
        if calendar:
            found |= undetermined_rules(self._calendar, access, unrecorded | {"now"})
        return PolicySide(access, self._variants, found)

    def _decide(self, access: Access, unrecorded: frozenset[str]) -> OccasionOutcome:
        decision = decide(access, self.policy)
        tried = self.policy.rules[: rules_read(access, decision, len(self.policy.rules))]
        matched = {trial.rule for trial in decision.trials if trial.matched}
        undetermined_rules = [
            rule
            for rule in tried
            if rule.when.reads & unrecorded and is_undetermined(rule, access, rule.when.reads & unrecorded)
        ]
        matched |= {rule.id for rule in undetermined_rules}
        may = tuple(rule.id for rule in tried if rule.id in matched)
        deciding = [rule for rule in undetermined_rules if self._may_decide(rule, access, decision)]
        if not deciding:
            return OccasionOutcome(decision.effect.value, decision.rule, decision.reason, may)
        names = sorted({name for rule in deciding for name in rule.when.reads & unrecorded})
        return OccasionOutcome(UNKNOWN, deciding[0].id, decision.reason, may, tuple(names))

    def _may_decide(self, rule: Rule, access: Access, decision: Decision) -> bool:
        """Whether the decision depends on the rule. A rule that is out only keeps the decision from getting harder."""
        stage = rule.stage_at(access.now)
        out = relief_from(
            self.policy.reliefs.about(access), rule.id, rule.effect, offers=rule.self_service is not None
        )
        softens = effect_now(rule, stage, access).severity < decision.effect.severity
        return stage is not Stage.REPORT_ONLY and (not out or softens or rule.id == decision.rule)

    def _band(self, value: Hashable) -> Hashable:
        """The place of an age among those in conditions; the value itself if a condition does more than compare it."""
        if self._ages is None or not isinstance(value, timedelta):
            return value
        return bisect_left(self._ages, value), bisect_right(self._ages, value)


def _ages(policy: Policy) -> list[timedelta] | None:
    found = [ages(rule.when) for rule in policy.rules if "device.age" in rule.when.reads]
    return sorted(age for each in found if each for age in each) if None not in found else None


_LAPTOP = RequestFacts(
    headers={
        "user-agent": "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/138.0.0.0 Safari/537.36"
    }
)
_SAME_FOR_EVERY_LAPTOP = frozenset(
    "client.kind client.handheld client.contradicted request.protocol now".split()
)
_DIFFERS_BETWEEN_LAPTOPS = frozenset(VARIABLES) - _SAME_FOR_EVERY_LAPTOP
"""Variables in which laptops differ. This one is made up, so an answer that depends on one of them is none."""


@cache
def _laptop_client() -> Client:
    """The client of that laptop. Who never asks about laptops need not load the patterns of user agents for it."""
    return classify(_LAPTOP)


def lets_in_laptops(judge: OccasionJudge, at: datetime) -> bool:
    """Whether every laptop browser is let in at this moment; false if that depends on the laptop or its person."""
    laptop = Access(_LAPTOP, _laptop_client(), Posture(), at)
    return judge.outcome(laptop, _DIFFERS_BETWEEN_LAPTOPS).effect == Effect.ALLOW


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
    """Variables whose values are assumed, to find people by name. Whether somebody may be kept out does not go by them."""
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
        both = replace(active, rules=(*active.rules, *[r for r in candidate.rules if r not in active.rules]))
        self._both = OccasionJudge(both) if active.reliefs == candidate.reliefs else None
        self._settled = Cache[Keys, Move | None]()

    def keys(self, occasion: Occasion) -> Keys:
        """The keys of an occasion. Occasions with the same keys are compared once. An access that is the same for both policies has one
        key, of what either reads, in a form that no key of one policy has."""
        if self._both and occasion.before is occasion.after:
            lasting, passing = self._both.key(occasion.before, occasion.unrecorded)
            return (((lasting,), passing),) * 2
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
        """The move, if it does not depend on what was not recorded; ``UNKNOWN`` twice if nothing changes; otherwise None."""
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
