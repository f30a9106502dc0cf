"""How a condition uses the clock, and the moments at which it changes, if they can be predicted.

They can be predicted if ``now`` is compared with a constant time. Other uses of ``now`` (a month, an hour, a sum) and
the age of a report cannot: such a part of a condition may come out either way at any time.
"""

import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any

from mailgate.policy.condition import CALENDAR, Condition
from mailgate.policy.syntax_tree import Node, read_tree, walk
from mailgate.policy.variables import CLOCKS, ENVIRONMENT

INSTANT = timedelta(microseconds=1)
"""The shortest time between two moments."""
_LAST = datetime.max.replace(tzinfo=UTC)

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
        "startsWith",
        "endsWith",
        "contains",
        "size",
    }
)
"""Functions that never fail on values of the right type."""
_SURE_IF_FIXED = frozenset({"matches", *CALENDAR})
"""Functions that fail only if their pattern or time zone is computed and not constant."""


@lru_cache(maxsize=1024)
def limits(condition: Condition) -> tuple[datetime | timedelta, ...]:
    """The constant times and durations in a condition."""
    if condition.reads.isdisjoint(CLOCKS):
        return ()
    return tuple(value for node in walk(_tree(condition)) if (value := _literal(node)) is not None)


@lru_cache(maxsize=1024)
def starts(condition: Condition) -> tuple[datetime, ...]:
    """The moments at which a comparison of ``now`` with a constant time changes."""
    if "now" not in condition.reads:
        return ()
    found = [
        limit + behind
        for node in walk(_tree(condition))
        for _, function, limit in _clock_comparison(node)
        if isinstance(limit, datetime)
        for behind in _TURNS[function]
        if limit <= _LAST - behind
    ]
    return tuple(sorted({*found}))


@lru_cache(maxsize=1024)
def unpredictable_clocks(condition: Condition) -> frozenset[str]:
    """The clocks whose moments of change cannot be predicted: ``device.age``, and ``now`` if it is not only
    compared."""
    found = condition.reads & {"device.age"}
    if "now" not in condition.reads:
        return found
    nodes = list(walk(_tree(condition)))
    used = sum(node.is_name and node.name == "now" for node in nodes)
    plain = sum(name == "now" for node in nodes for name, _, _ in _clock_comparison(node))
    return found | ({"now"} if used != plain else set())


@lru_cache(maxsize=1024)
def ages(condition: Condition) -> tuple[timedelta, ...] | None:
    """The ages between which the condition does not change, if it only compares ``device.age`` with them; otherwise
    None."""
    if "device.age" not in condition.reads:
        return ()
    nodes = list(walk(_tree(condition)))
    used = sum(node.is_name and node.name == "device.age" for node in nodes)
    found = [limit for node in nodes for name, _, limit in _clock_comparison(node) if name == "device.age"]
    return tuple(each for each in found if isinstance(each, timedelta)) if len(found) == used else None


@lru_cache(maxsize=1024)
def may_fail(condition: Condition) -> bool:
    """Whether the condition may fail on some values. A rule whose condition fails keeps people out, even a rule that
    allows."""
    return not all(_is_sure(node) for node in walk(_tree(condition)))


def _is_sure(node: Node) -> bool:
    if not node.is_call:
        return node.is_constant or node.is_name or node.is_list or node.scope is not None
    fixed = all(
        each.text is not None for each in node.children[1:]
    )  # this was checked when the condition was read
    return node.name in _SURE or _literal(node) is not None or (fixed and node.name in _SURE_IF_FIXED)


def _clock_comparison(node: Node) -> Iterator[tuple[str, str, datetime | timedelta]]:
    """A comparison of a clock with a constant, as the clock, the function and the constant. The function is turned round
    if the clock is on the right."""
    if node.is_call and node.name in _TURNS and len(node.children) == 2:
        left, right = node.children
        for clock, other, function in ((left, right, node.name), (right, left, _MIRRORED[node.name])):
            if clock.is_name and clock.name in CLOCKS and (limit := _literal(other)) is not None:
                yield clock.name, function, limit


def _literal(node: Node) -> Any:
    """The constant time or duration; None for anything else."""
    if not node.is_call or node.name not in ("timestamp", "duration") or len(node.children) != 1:
        return None
    text = node.children[0].text
    return None if text is None else _value(node.name, text)


@lru_cache(maxsize=1024)
def _value(function: str, text: str) -> Any:
    """The value; None for a time that is finer than a microsecond."""
    if function == "timestamp" and re.search(r"\.[0-9]{7}", text):
        return None
    return ENVIRONMENT.compile(f"{function}({json.dumps(text)})").eval(ENVIRONMENT.Activation({})).value()


def _tree(condition: Condition) -> Node:
    return read_tree(condition.program.serialize(), checked=True)
