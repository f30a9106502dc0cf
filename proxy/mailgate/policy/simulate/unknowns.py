"""Conditions on unknown values: values that were not recorded, or cannot be known in advance.

Every condition that may come out either way is tried in every way: it holds, it does not hold, and, if it can, it fails.
A rule after the one that decides is not read, so a policy has about as many ways as it has such rules.
"""

from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import Enum
from functools import lru_cache

from mailgate.model import Access, Effect, PostureState
from mailgate.policy.condition import Condition, EvaluationError, UnknownValueError, compile_condition
from mailgate.policy.decide import decide, is_skipped
from mailgate.policy.reliefs import Relief, relief_from
from mailgate.policy.rules import Policy, Rule
from mailgate.policy.simulate.clock import may_fail, unpredictable_clocks
from mailgate.policy.variables import VARIABLES, cel_activation

Move = tuple[str, str]
"""The effects before and after."""

UnknownId = Hashable
"""A condition on unknown values, or a relief. It comes out one way or another, and the same way in both policies."""


class ConditionOutcome(Enum):
    """The outcomes of an unknown condition, as CEL expressions."""

    HOLDS = "true"
    FAILS = "1 / 0 == 0"
    NOT = "false"


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
        # if these did not exclude each other, two reliefs of many rules would double the ways with each rule
        over: dict[UnknownId, ConditionOutcome] = {}
        for relief in self.reliefs:
            yield from (({**over, relief: ConditionOutcome.HOLDS, **way}, most) for way, most in relieved)
            over[relief] = ConditionOutcome.NOT
        yield from (({**over, **way}, most) for way, most in (relieved if self.out else lapsed))


class PolicyVariants:
    """Makes policies with some conditions settled, and caches them."""

    def __init__(self, policy: Policy) -> None:
        self._policy = policy
        self._of = lru_cache(maxsize=1000)(self._make)

    def with_outcomes(self, outcomes: Mapping[str, ConditionOutcome]) -> Policy:
        """The policy in which the conditions of these rules, by id, have these outcomes."""
        return self._of(frozenset(outcomes.items()))

    def _make(self, outcomes: frozenset[tuple[str, ConditionOutcome]]) -> Policy:
        settled = dict(outcomes)
        rules = tuple(_with(rule, settled.get(rule.id)) for rule in self._policy.rules)
        made = replace(self._policy, rules=rules)
        # nobody uses the version of such a policy, and computing it takes as long as everything else
        vars(made)["version"] = self._policy.version
        return made


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


Unrecorded = frozenset[str]
"""Names of variables whose values are unknown."""


def undetermined_rules(
    rules: Sequence[Rule], access: Access, unrecorded: Unrecorded, reliefs: Sequence[Relief]
) -> dict[str, UndeterminedRule]:
    """The rules whose conditions may come out either way, by id, and the rules that are out by these reliefs."""
    found = {}
    for rule in rules:
        out = relief_from(reliefs, rule.id, rule.effect) is not None
        if (away := rule.when.reads & unrecorded) and is_undetermined(rule, access, away):
            found[rule.id] = replace(_undetermined_rule(rule, access, away, ()), out=out)
        elif out:
            found[rule.id] = UndeterminedRule(out=True)
    return found


def future_undetermined_rules(
    rules: Sequence[Rule], access: Access, unrecorded: Unrecorded, reliefs: Sequence[Relief]
) -> dict[str, UndeterminedRule]:
    """The undetermined rules in the future, when the clock and the end of these reliefs are unknown too."""
    found = {}
    for rule in rules:
        relieving = tuple(each for each in reliefs if each.takes_out(rule.id, rule.effect))
        away = rule.when.reads & unrecorded | _future_unknowns(rule, access)
        if away and is_undetermined(rule, access, away):
            found[rule.id] = _undetermined_rule(rule, access, away, relieving)
        elif relieving:
            found[rule.id] = UndeterminedRule(reliefs=relieving)
    return found


def is_undetermined(rule: Rule, access: Access, away: Unrecorded) -> bool:
    """Whether the condition may come out either way if the values in ``away`` are unknown."""
    if is_skipped(rule, rule.stage_at(access.now), access):
        return False
    if access.posture.state is PostureState.UNAVAILABLE:
        # ``decide`` may ignore what is known about the device
        away |= {name for name in rule.when.reads if name.startswith("device.")}
    try:
        rule.when.holds(cel_activation(access, rule.when.reads - away))
    except (UnknownValueError, EvaluationError):  # an unknown value may mend the failure
        return True
    return False


def _future_unknowns(rule: Rule, access: Access) -> Unrecorded:
    """The clocks that change what the rule reads. The age of a device that never reported stays: only a report changes
    it, and that changes everything else too."""
    found = unpredictable_clocks(rule.when)
    return found if access.posture.reported_at else found - {"device.age"}


def _undetermined_rule(
    rule: Rule, access: Access, away: Unrecorded, reliefs: tuple[Relief, ...]
) -> UndeterminedRule:
    """A rule that may come out either way. Two conditions with one text have one identity, since they come out alike on the same
    values."""
    lost = access.posture.state is PostureState.UNAVAILABLE
    known = tuple((name, _value(access, name)) for name in sorted(rule.when.reads - away))
    unknown: UnknownId = (rule.when.text, known, rule.on_unavailable if lost else None)
    return UndeterminedRule(unknown, lost or may_fail(rule.when), reliefs)


def _value(access: Access, name: str) -> object:
    value = VARIABLES[name].read(access)
    return tuple(value) if isinstance(value, list) else value
