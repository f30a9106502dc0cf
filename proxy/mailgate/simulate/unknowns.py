"""Decides whether unknown values matter for what changes: values that were not recorded or cannot be known in advance.

Every condition that depends on them is tried in every way: it holds, it does not hold, and, if it can, it fails. A rule
after the one that decides is not read, so a policy has about as many ways as it has such rules.
"""

from collections.abc import Hashable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from enum import Enum
from functools import lru_cache

from mailgate.engine.decide import decide
from mailgate.model import Access, Effect
from mailgate.policy.condition import Condition, compile_condition
from mailgate.policy.rules import Policy, Rule

Move = tuple[str, str]
"""The effects before and after."""

UnknownId = Hashable
"""A condition on unknown values, or a relief. It comes out one way or another, and the same way in both policies."""


class ConditionOutcome(Enum):
    """The outcomes of an unknown condition, as CEL expressions."""

    HOLDS = "true"
    FAILS = "1 / 0 == 0"
    NOT = "false"


_CACHE_SIZE = 1000
"""How many policies with settled conditions are cached."""

Assignment = Mapping[UnknownId, ConditionOutcome]
"""One outcome for each of some unknown conditions and reliefs."""


@dataclass(frozen=True, slots=True)
class UndeterminedRule:
    """A rule for which it is unknown whether it decides."""

    condition: UnknownId | None = None
    """The identity of its condition; None if the outcome of the condition is known."""
    fails: bool = False
    """Whether the condition may also fail."""
    reliefs: tuple[UnknownId, ...] = ()
    """Reliefs that may keep the rule from deciding, or may be over."""
    out: bool = False
    """Whether a relief is known to keep the rule from deciding."""

    def deciding_outcomes(self) -> tuple[ConditionOutcome | None, ...]:
        """The outcomes of its condition with which the rule decides; None for a condition whose outcome is known."""
        if self.condition is None:
            return (None,)
        return (ConditionOutcome.HOLDS, ConditionOutcome.FAILS) if self.fails else (ConditionOutcome.HOLDS,)

    def deciding(self, outcome: ConditionOutcome | None) -> Assignment:
        """The outcomes that make the rule decide, if its condition has this outcome."""
        over = dict.fromkeys(self.reliefs, ConditionOutcome.NOT)
        return {**over, self.condition: outcome} if outcome else over

    def passing(
        self, effects: Mapping[ConditionOutcome | None, Effect]
    ) -> Iterator[tuple[Assignment, Effect]]:
        """The ways in which the rule does not decide, each excluding the others, with the hardest effect that may
        follow.

        :param effects: the effect of the rule for each outcome of its condition. After a rule that is out and matches,
            nothing harder is allowed.
        """
        relieved = [({self.condition: each} if each else {}, effect) for each, effect in effects.items()]
        missed = (
            [({self.condition: ConditionOutcome.NOT}, Effect.BLOCK)] if self.condition is not None else []
        )
        if all(effect is Effect.BLOCK for effect in effects.values()):
            relieved, lapsed = [({}, Effect.BLOCK)], missed
        else:
            relieved, lapsed = [*relieved, *missed], missed
        over: dict[UnknownId, ConditionOutcome] = {}
        for relief in self.reliefs:
            yield from (({**over, relief: ConditionOutcome.HOLDS, **way}, most) for way, most in relieved)
            over[relief] = ConditionOutcome.NOT
        yield from (({**over, **way}, most) for way, most in (relieved if self.out else lapsed))


class PolicyVariants:
    """Makes policies with some conditions settled, and caches them."""

    def __init__(self, policy: Policy) -> None:
        self._policy = policy
        self._made: dict[frozenset[tuple[str, ConditionOutcome]], Policy] = {}

    def with_outcomes(self, deciding_outcomes: Mapping[str, ConditionOutcome]) -> Policy:
        """The policy in which the conditions of these rules, by id, have these outcomes."""
        if not deciding_outcomes:
            return self._policy
        key = frozenset(deciding_outcomes.items())
        if key not in self._made:
            if len(self._made) >= _CACHE_SIZE:
                self._made.clear()
            rules = tuple(_with(rule, deciding_outcomes.get(rule.id)) for rule in self._policy.rules)
            made = self._made[key] = replace(self._policy, rules=rules)
            vars(made)["version"] = (
                self._policy.version
            )  # the version of such a policy is never used, and computing it takes as long as everything else
        return self._made[key]


def _with(rule: Rule, outcome: ConditionOutcome | None) -> Rule:
    return rule.model_copy(update={"when": _constant(outcome)}) if outcome else rule


@lru_cache
def _constant(outcome: ConditionOutcome) -> Condition:
    return compile_condition(outcome.value, {})


PolicySide = tuple[Access, PolicyVariants, Mapping[str, UndeterminedRule]]
"""An access, a policy without the reliefs that may be over, and its rules that depend on unknown values, by id."""


def moves(before: PolicySide, after: PolicySide) -> set[Move]:
    """Every pair of effects, before and after, that one request may have, over all outcomes of the unknown
    conditions."""
    news = list(_ways(*after))
    return {(old, new) for one, old in _ways(*before) for other, new in news if _together(one, other)}


def _together(one: Assignment, other: Assignment) -> bool:
    return all(other.get(unknown, outcome) is outcome for unknown, outcome in one.items())


def _ways(
    access: Access, policy: PolicyVariants, undetermined: Mapping[str, UndeterminedRule]
) -> Iterator[tuple[Assignment, str]]:
    """All ways in which the policy may decide, each with its effect."""
    none = dict.fromkeys(undetermined, ConditionOutcome.NOT)
    at_last = decide(access, policy.with_outcomes(none))
    passed: list[tuple[Assignment, Effect]] = [({}, Effect.BLOCK)]
    for name in [trial.rule for trial in at_last.trials if trial.rule in undetermined]:
        others = {each: outcome for each, outcome in none.items() if each != name}
        deciding: dict[ConditionOutcome | None, Effect] = {}
        for outcome in undetermined[name].deciding_outcomes():
            decision = decide(access, policy.with_outcomes(others | ({name: outcome} if outcome else {})))
            if decision.rule == name:  # otherwise it only reports, is out, or its condition does not hold
                deciding[outcome] = decision.effect
        if not undetermined[name].out:
            own = [(undetermined[name].deciding(outcome), effect) for outcome, effect in deciding.items()]
            yield from ((way, effect.value) for way, effect in _joined(passed, own))
        if deciding:
            passed = list(_joined(passed, undetermined[name].passing(deciding)))
    yield from ((way, _softer(at_last.effect, most).value) for way, most in passed)


def _joined(
    passed: Iterable[tuple[Assignment, Effect]], own: Iterable[tuple[Assignment, Effect]]
) -> Iterator[tuple[Assignment, Effect]]:
    """The ways of a rule joined with the ways in which it is reached, with the softer effect of both."""
    own = list(own)
    for way, most in passed:
        yield from (({**way, **each}, _softer(effect, most)) for each, effect in own if _together(each, way))


def _softer(one: Effect, other: Effect) -> Effect:
    return min(one, other, key=lambda each: each.severity)
