"""Finds rules whose conditions may come out either way, since what they read was not recorded or cannot be known in
advance."""

from collections.abc import Sequence
from dataclasses import replace

from mailgate.engine.decide import skip_reason, stage_of
from mailgate.model import Access, PostureState, Stage
from mailgate.policy.condition import EvaluationError, UnknownValueError
from mailgate.policy.reliefs import Relief, relief_from
from mailgate.policy.rules import Rule
from mailgate.policy.variables import VARIABLES, cel_activation
from mailgate.simulate.clock import may_fail, unpredictable_clocks
from mailgate.simulate.unknowns import UndeterminedRule, UnknownId

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
    stage = stage_of(rule, access.now)
    if stage is Stage.PENDING or skip_reason(rule, stage, access):
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
