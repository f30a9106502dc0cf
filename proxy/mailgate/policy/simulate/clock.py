"""When decisions change by themselves: how a condition uses the clock, and the moments at which it changes, if they can be dated."""

import json
import re
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any

from mailgate.model import Access
from mailgate.policy.condition import CALENDAR, Condition
from mailgate.policy.rule_states import device_grace_end
from mailgate.policy.rules import Policy, Rule
from mailgate.policy.syntax_tree import Node, read_tree, walk
from mailgate.policy.variables import CLOCKS, ENVIRONMENT
from mailgate.policy.written import AT_LEAST

INSTANT = timedelta(microseconds=1)
"""The shortest time between two moments."""

_AT_ONCE, _JUST_AFTER = (timedelta(0),), (INSTANT,)
_TURNS = {
    "_>=_": _AT_ONCE,
    "_<_": _AT_ONCE,
    "_>_": _JUST_AFTER,
    "_<=_": _JUST_AFTER,
    "_==_": _AT_ONCE + _JUST_AFTER,
    "_!=_": _AT_ONCE + _JUST_AFTER,
}
"""How long after the time on its right each comparison changes."""
_MIRRORED = {"_>=_": "_<=_", "_<=_": "_>=_", "_>_": "_<_", "_<_": "_>_", "_==_": "_==_", "_!=_": "_!=_"}

_SURE = frozenset(
    {
        *_TURNS,
        "_&&_",
        "_||_",
        "!_",
        "_?_:_",
        "@in",
        "@not_strictly_false",
        AT_LEAST,
        "startsWith",
        "endsWith",
        "contains",
        "size",
    }
)
"""Functions that never fail on values of the right type."""
_SURE_IF_FIXED = frozenset({"matches", *CALENDAR})
"""Functions that fail only if their pattern or time zone is computed and not constant."""


def shifted(moment: datetime, by: timedelta) -> tuple[datetime, ...]:
    """The moment that is so much later; none if ``datetime`` cannot hold it."""
    try:
        return (moment + by,)
    except OverflowError:
        return ()


@lru_cache(maxsize=1024)
def turns(condition: Condition) -> tuple[datetime, ...]:
    """The moments at which a comparison of ``now`` with a constant time changes."""
    found = {
        moment
        for _, function, limit in _clock_comparisons(condition)
        if isinstance(limit, datetime)
        for behind in _TURNS[function]
        for moment in shifted(limit, behind)
    }
    return tuple(sorted(found))


@lru_cache(maxsize=1024)
def unpredictable_clocks(condition: Condition) -> frozenset[str]:
    """The clocks whose changes cannot be predicted: ``device.age``, and ``now`` if it is not only compared."""
    found = condition.reads & {"device.age"}
    return found if _is_only_compared("now", condition) else found | {"now"}


@lru_cache(maxsize=1024)
def ages(condition: Condition) -> tuple[timedelta, ...] | None:
    """The ages between which the condition does not change; None if it does more than compare ``device.age``."""
    if not _is_only_compared("device.age", condition):
        return None
    return tuple(limit for _, _, limit in _clock_comparisons(condition) if isinstance(limit, timedelta))


def _is_only_compared(clock: str, condition: Condition) -> bool:
    used = sum(node.is_name and node.name == clock for node in _nodes(condition))
    return used == sum(name == clock for name, _, _ in _clock_comparisons(condition))


@lru_cache(maxsize=1024)
def may_fail(condition: Condition) -> bool:
    """Whether the condition may fail on some values. Its rule then keeps people out, even one that allows."""
    return not all(_is_sure(node) for node in walk(_tree(condition)))


def _is_sure(node: Node) -> bool:
    if not node.is_call:
        return node.is_constant or node.is_name or node.is_list or node.scope is not None
    # that a pattern or a time zone is constant was checked when the condition was read
    fixed = all(each.text is not None for each in node.children[1:])
    return node.name in _SURE or _literal(node) is not None or (fixed and node.name in _SURE_IF_FIXED)


def _clock_comparisons(condition: Condition) -> list[tuple[str, str, datetime | timedelta]]:
    """Every comparison of a clock with a constant: the clock, the function as if it stood on the left, and the constant."""
    found = []
    for node in _nodes(condition):
        if node.is_call and node.name in _TURNS:
            left, right = node.children
            for clock, other, function in ((left, right, node.name), (right, left, _MIRRORED[node.name])):
                if clock.is_name and clock.name in CLOCKS and (limit := _literal(other)) is not None:
                    found.append((clock.name, function, limit))
    return found


def _literal(node: Node) -> Any:
    if not node.is_call or node.name not in ("timestamp", "duration"):
        return None
    text = node.children[0].text
    return None if text is None else _value(node.name, text)


@lru_cache(maxsize=1024)
def _value(function: str, text: str) -> Any:
    """The value; None for a time that is finer than a microsecond."""
    if function == "timestamp" and re.search(r"\.[0-9]{7}", text):
        return None
    return ENVIRONMENT.compile(f"{function}({json.dumps(text)})").eval(ENVIRONMENT.Activation({})).value()


def _nodes(condition: Condition) -> tuple[Node, ...]:
    return () if condition.reads.isdisjoint(CLOCKS) else tuple(walk(_tree(condition)))


def _tree(condition: Condition) -> Node:
    return read_tree(condition.program.serialize(), checked=True)


def moments(access: Access, policy: Policy) -> list[datetime]:
    """The future moments at which a stage starts, a grace, a relief or a report ends, or a limit in a condition is passed."""
    found = {moment for moment in _all(access, policy) if moment > access.now}
    return sorted(found)


def _all(access: Access, policy: Policy) -> Iterator[datetime]:
    posture = access.posture
    yield from (
        end for end in (posture.expires_at, posture.last_known_until, posture.compliance_until) if end
    )
    yield from (each.until for each in policy.reliefs.about(access) if each.until)
    for rule in policy.rules:
        if end := device_grace_end(rule, access):
            yield end
        yield from (*_stages(rule), *turns(rule.when))
        if posture.looked_from:
            ends = (end for age in ages(rule.when) or () for end in shifted(posture.looked_from, age))
            yield from (moment for end in ends for moment in (end, *shifted(end, INSTANT)))


def starts(policies: Iterable[Policy], now: datetime) -> frozenset[datetime]:
    """The moments from ``now`` on at which a stage of these policies begins, or a comparison with a time changes."""
    found = {
        moment
        for policy in policies
        for rule in policy.rules
        for moment in (*_stages(rule), *turns(rule.when))
    }
    return frozenset(moment for moment in found if moment > now)


def _stages(rule: Rule) -> list[datetime]:
    return [start for _, start in rule.stages.starts()] if rule.stages else []
