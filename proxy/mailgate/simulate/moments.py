"""When a verdict may become another one although nobody does anything."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any

from mailgate.decide import new_until
from mailgate.model import Access
from mailgate.policy.condition import Condition
from mailgate.policy.rules import Policy
from mailgate.policy.syntax_tree import read_tree, walk
from mailgate.policy.variables import ENVIRONMENT

_JUST_AFTER = timedelta(seconds=1)
"""Behind a limit that has to be passed, not only reached."""


def moments(access: Access, policy: Policy) -> list[datetime]:
    """The moments still to come at which a stage starts, a grace or a relief ends, a report runs out or a limit in a condition is passed."""
    found = {moment for moment in _all(access, policy) if moment > access.now}
    return sorted(found)


def _all(access: Access, policy: Policy) -> Iterator[datetime]:
    posture = access.posture
    if posture.expires_at:
        yield posture.expires_at
    yield from (each.until for each in policy.reliefs.about(access) if each.until)
    for rule in policy.rules:
        if end := new_until(rule, access):
            yield end
        if rule.stages:
            yield from (start for _, start in rule.stages.starts())
        for limit in limits(rule.when):
            if isinstance(limit, datetime):
                yield from (limit, limit + _JUST_AFTER)
            elif posture.reported_at and "device.age" in rule.when.reads:
                yield from (posture.reported_at + limit, posture.reported_at + limit + _JUST_AFTER)


@lru_cache(maxsize=1024)
def limits(condition: Condition) -> tuple[datetime | timedelta, ...]:
    """The times and durations that stand in a condition."""
    if condition.reads.isdisjoint(("now", "device.age")):
        return ()
    calls = [node for node in walk(read_tree(condition.program.serialize(), checked=True)) if node.is_call]
    texts = [
        (node.name, node.children[0].text)
        for node in calls
        if node.name in ("timestamp", "duration") and len(node.children) == 1
    ]
    return tuple(_value(name, text) for name, text in texts if text is not None)


def _value(function: str, text: str) -> Any:
    constant = ENVIRONMENT.compile(f"{function}({text!r})")
    return constant.eval(ENVIRONMENT.Activation({})).value()
