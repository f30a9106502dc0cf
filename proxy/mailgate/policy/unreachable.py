"""Finds rules that can never decide anything: their condition cannot hold, or the rules before them match everybody.

Every combination of values of the variables with a closed set is tried. All other variables are left out, and parts
of a condition that depend on them may be true or false. So each rule that is found really decides nothing, but not every
such rule is found.
"""

import re
from collections.abc import Iterator, Sequence
from datetime import datetime
from functools import lru_cache
from itertools import product
from math import prod

from cel_expr_python import cel

from mailgate.model import Effect, Stage
from mailgate.model.phrase import code, joined, phrase, plural
from mailgate.policy.condition import Condition, EvaluationError, UnknownValueError
from mailgate.policy.reliefs import Relief, relief_from
from mailgate.policy.rules import OnUnavailable, Policy, Rule
from mailgate.policy.variables import ENVIRONMENT, VARIABLES

_MOST = 4096
"""The most combinations that are tried for one rule. Variables with many values are left out until there are no more
than these."""
_BEFORE = 200
"""How many of the rules before a rule are tried, so that a policy of thousands of rules takes only seconds."""


def unreachable(policy: Policy, now: datetime) -> dict[str, str]:
    """The rules that can decide nobody as of ``now``, each with the reason."""
    found, reliefs = {}, [each for each in policy.reliefs.every if each.holds(now)]
    before: list[Rule] = []
    for rule in policy.rules:
        why = _why(rule, before)
        if why:
            found[rule.id] = why
        if len(before) < _BEFORE and _is_final(rule, now, reliefs):
            before.append(rule)
    return found


def _is_final(rule: Rule, now: datetime, reliefs: Sequence[Relief]) -> bool:
    """Whether no rule after this one is read once it matches. For a person who is exempt from it, the next rule is
    read."""
    if relief_from(reliefs, rule.id, rule.effect):
        return False
    if rule.stage_at(now) in (Stage.PENDING, Stage.REPORT_ONLY) or rule.share < 1 or rule.groups:
        return False
    steps_aside = rule.on_unavailable is OnUnavailable.ALLOW and rule.effect is not Effect.ALLOW
    return not (steps_aside and any(name.startswith("device.") for name in rule.when.reads))


def _why(rule: Rule, before: Sequence[Rule]) -> str:
    parts = _parts(rule.when.text)
    for other in before:
        if (needed := _parts(other.when.text)) and needed <= parts:
            return _taken([other.id])
    takers: set[str] = set()
    possible = False
    for activation in _combinations([rule, *before]):
        if _certain(rule.when, activation) is False:
            continue
        possible = True
        taker = next((each.id for each in before if _certain(each.when, activation)), None)
        if taker is None:
            return ""
        takers.add(taker)
    if not possible:
        return phrase("its condition can never hold")
    return _taken([each.id for each in before if each.id in takers])


def _taken(takers: Sequence[str]) -> str:
    return plural(
        "%(rules)s, read before it, takes everybody whom it is about",
        "%(rules)s, read before it, take everybody whom it is about",
        len(takers),
        rules=joined(map(code, takers)),
    )


def _certain(condition: Condition, activation: cel.Activation) -> bool | None:
    """Whether the condition holds for all other values; None if that depends on them, or if it fails."""
    try:
        return condition.holds(activation)
    except (UnknownValueError, EvaluationError):
        return None


def _combinations(rules: Sequence[Rule]) -> Iterator[cel.Activation]:
    """Each combination of values of the closed variables of these rules."""
    values = _closed(rules)
    while prod(map(len, values.values())) > _MOST:
        del values[max(values, key=lambda name: len(values[name]))]
    for chosen in product(*([(name, value) for value in each] for name, each in values.items())):
        yield ENVIRONMENT.Activation(dict(chosen))


def _closed(rules: Sequence[Rule]) -> dict[str, tuple[object, ...]]:
    reads = sorted(frozenset[str]().union(*(rule.when.reads for rule in rules)))
    return {name: values for name in reads if (values := VARIABLES[name].values)}


_OPEN, _CLOSED = "([{", ")]}"
_PIECE = re.compile(
    r"(?P<comment>//[^\n]*)|(?P<odd>[rRbB]{1,2}[\"']|\"{3}|'{3})|\"(?:\\.|[^\"\\])*\"|'(?:\\.|[^'\\])*'|\w+|&&|\|\||\S",
    re.DOTALL,
)
"""The words and signs of a condition. ``odd``: the beginning of a raw, byte or long string, whose end is found by other
rules."""


@lru_cache(maxsize=1024)
def _parts(text: str) -> frozenset[str]:
    """The parts that a condition joins by ``&&`` at its top; empty if it is of another form, or has an odd string."""
    depth, part, parts = 0, "", set()
    for match in _PIECE.finditer(text):
        piece = match[0]
        depth += (piece in _OPEN) - (piece in _CLOSED)
        if match["odd"] or (depth == 0 and piece in ("||", "?")):
            return frozenset()
        if depth == 0 and piece == "&&":
            parts.add(part)
            part = ""
        elif not match["comment"]:
            part += f" {piece}"
    return frozenset({*parts, part})
