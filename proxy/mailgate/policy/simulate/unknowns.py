"""Conditions on unknown values: values that were not recorded, or cannot be known in advance.

Every condition that may come out either way is tried in every way: it holds, it does not hold, and, if it can, it fails.
A rule after the one that decides is not read, so a policy has about as many ways as it has such rules.
"""

from collections.abc import Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from enum import Enum
from functools import lru_cache
from itertools import islice

from mailgate.model import Access, Decision, Effect, PostureState, RuleTrial, Stage
from mailgate.policy.condition import Condition, compile_condition
from mailgate.policy.decide import decide
from mailgate.policy.reliefs import Cause, Relief, Reliefs
from mailgate.policy.rule_states import effect_now, is_skipped
from mailgate.policy.rules import Policy, Rule
from mailgate.policy.simulate.clock import may_fail, unpredictable_clocks
from mailgate.policy.variables import VARIABLES, cel_activation

MAX_WAYS = 1000
"""How many ways of two policies are tried. Beyond that it cannot be told what may happen."""

_EVER = datetime.min.replace(tzinfo=UTC)

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
    """A rule whose condition may come out either way."""

    condition: UnknownId
    fails: bool = False
    """Whether the condition may also fail."""
    softens: bool = False
    """Whether it matters while a relief takes the rule out: nothing harder than the rule is allowed then."""

    @property
    def outcomes(self) -> tuple[ConditionOutcome, ...]:
        return tuple(each for each in ConditionOutcome if self.fails or each is not ConditionOutcome.FAILS)


class PolicyVariants:
    """Makes policies with some conditions and reliefs settled, and caches them."""

    def __init__(self, policy: Policy) -> None:
        self.policy = policy
        self.places = {rule.id: place for place, rule in enumerate(policy.rules)}
        """The place of each rule in their order."""
        self._of = lru_cache(maxsize=1000)(self._make)

    def with_outcomes(
        self, outcomes: Mapping[str, ConditionOutcome], out: frozenset[str] = frozenset()
    ) -> Policy:
        """The policy in which the conditions of these rules, by id, have these outcomes, and the rules ``out`` are out, too; an
        empty id stands for every rule that restricts."""
        return self._of(frozenset(outcomes.items()), out)

    def _make(self, outcomes: frozenset[tuple[str, ConditionOutcome]], out: frozenset[str]) -> Policy:
        settled, held = dict(outcomes), self.policy.reliefs
        rules = tuple(
            rule.model_copy(update={"when": _constant(settled[rule.id])}) if rule.id in settled else rule
            for rule in self.policy.rules
        )
        halts = (Relief(0, Cause.HALT, rule, "", "", _EVER) for rule in sorted(out))
        made = replace(self.policy, rules=rules, reliefs=Reliefs(held.serial, (*held.every, *halts)))
        # nobody uses the version of such a policy, and computing it takes as long as everything else
        vars(made)["version"] = self.policy.version
        return made


@lru_cache
def _constant(outcome: ConditionOutcome) -> Condition:
    return compile_condition(outcome.value, {})


@dataclass(frozen=True, slots=True)
class PolicySide:
    """An access, a policy, and what is unknown about the decision."""

    access: Access
    policy: PolicyVariants
    undetermined: Mapping[str, UndeterminedRule]
    """The rules whose conditions may come out either way, by id."""
    reliefs: tuple[Relief, ...] = ()
    """Reliefs that may hold or be over. The policy does not have them."""

    def ways(self, given: Assignment) -> Iterator[tuple[Assignment, str]]:
        """All ways in which the policy may decide, each with its effect. ``given`` are outcomes that are settled already. Only
        an unknown that is met on the way to a decision is settled: a policy has about as many ways as rules that hang."""
        rules = {
            name: given.get(each.condition, ConditionOutcome.NOT) for name, each in self.undetermined.items()
        }
        out = frozenset(each.rule for each in self.reliefs if given.get(each) is ConditionOutcome.HOLDS)
        decision = decide(self.access, self.policy.with_outcomes(rules, out))
        for unknown, outcomes in islice(self._met(decision, given, out), 1):
            for outcome in outcomes:
                yield from self.ways({**given, unknown: outcome})
            return
        yield given, decision.effect.value

    def _met(
        self, decision: Decision, given: Assignment, out: frozenset[str]
    ) -> Iterator[tuple[UnknownId, tuple[ConditionOutcome, ...]]]:
        """The unknowns on which a decision hangs: the conditions of the rules that were read, and the reliefs of those that match."""
        held = out.union(each.rule for each in self.policy.policy.reliefs.about(self.access))
        reached = rules_read(self.access, decision, len(self.policy.places))
        for name, rule in self.undetermined.items():
            counts = rule.softens or held.isdisjoint(("", name))
            if rule.condition not in given and counts and self.policy.places[name] < reached:
                yield rule.condition, rule.outcomes
        for each in self.reliefs:
            if each not in given and any(_is_taken_out(trial, each) for trial in decision.trials):
                yield each, (ConditionOutcome.HOLDS, ConditionOutcome.NOT)


def rules_read(access: Access, decision: Decision, rules: int) -> int:
    """How many of the rules may have been read for a decision. While the posture of a device with apps is unavailable they are read
    twice, and the decision tells of one reading."""
    twice = access.posture.state is PostureState.UNAVAILABLE and access.posture.apps
    return rules if twice else len(decision.trials)


def _is_taken_out(trial: RuleTrial, relief: Relief) -> bool:
    return trial.matched and trial.stage is not Stage.REPORT_ONLY and relief.rule in ("", trial.rule)


def moves(before: PolicySide, after: PolicySide) -> set[Move] | None:
    """Every pair of effects, before and after, that one request may have, over all outcomes of what is unknown. None if these are
    too many to try: then anything may happen."""
    ways = ((old, new) for given, old in before.ways({}) for _, new in after.ways(given))
    found = list(islice(ways, MAX_WAYS + 1))
    return set(found) if len(found) <= MAX_WAYS else None


Unrecorded = frozenset[str]
"""Names of variables whose values are unknown."""


def undetermined_rules(
    rules: Sequence[Rule], access: Access, unrecorded: Unrecorded, *, ahead: bool = False
) -> dict[str, UndeterminedRule]:
    """The rules whose conditions may come out either way and that may then do something, by id. ``ahead``: at some moment to come,
    so that the clock is unknown too."""
    found = {}
    for rule in rules:
        if rule.stage_at(access.now) is Stage.REPORT_ONLY:
            continue
        away = rule.when.reads & unrecorded
        if ahead:
            away |= _future_unknowns(rule, access)
        if away and is_undetermined(rule, access, away):
            found[rule.id] = _undetermined_rule(rule, access, away)
    return found


def is_undetermined(rule: Rule, access: Access, away: Unrecorded) -> bool:
    """Whether the condition may come out either way if the values in ``away`` are unknown."""
    if is_skipped(rule, rule.stage_at(access.now), access):
        return False
    if access.posture.state is PostureState.UNAVAILABLE:
        # ``decide`` may ignore what is known about the device
        away |= {name for name in rule.when.reads if name.startswith("device.")}
    # an unknown value may mend a failure
    return rule.when.outcome(cel_activation(access, rule.when.reads - away)) is None


def _future_unknowns(rule: Rule, access: Access) -> Unrecorded:
    """The clocks that change what the rule reads. The age of a device that never reported stays until a report."""
    found = unpredictable_clocks(rule.when)
    return found if access.posture.reported_at else found - {"device.age"}


def _undetermined_rule(rule: Rule, access: Access, away: Unrecorded) -> UndeterminedRule:
    """A rule that may come out either way. Conditions with one text have one identity: they come out alike on the same values."""
    lost = access.posture.state is PostureState.UNAVAILABLE
    known = tuple((name, _value(access, name)) for name in sorted(rule.when.reads - away))
    unknown: UnknownId = (rule.when.text, known, rule.on_unavailable if lost else None)
    softens = effect_now(rule, rule.stage_at(access.now), access) is not Effect.BLOCK
    return UndeterminedRule(unknown, lost or may_fail(rule.when), softens)


def _value(access: Access, name: str) -> object:
    value = VARIABLES[name].read(access)
    return tuple(value) if isinstance(value, list) else value
