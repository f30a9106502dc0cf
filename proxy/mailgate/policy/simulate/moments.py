"""The moments at which a verdict may change although nobody does anything."""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import datetime, timedelta

from mailgate.model import Access
from mailgate.policy.decide import device_grace_end
from mailgate.policy.rules import Policy, Rule
from mailgate.policy.simulate.clock import limits, shifted
from mailgate.policy.simulate.clock import starts as turning

_JUST_AFTER = timedelta(seconds=1)
"""Added to a limit that has to be passed, not only reached."""


def moments(access: Access, policy: Policy) -> list[datetime]:
    """The future moments at which a stage starts, a grace or a relief ends, a report expires, or a limit in a condition
    is passed."""
    found = {moment for moment in _all(access, policy) if moment > access.now}
    return sorted(found)


def at_moment(access: Access, moment: datetime) -> Access:
    """The same access at that moment. The posture and the age of its report stay, since the device is assumed to report
    again."""
    posture = access.posture
    reported = posture.reported_at and posture.reported_at + (moment - access.now)
    return replace(access, now=moment, posture=replace(posture, reported_at=reported))


def _all(access: Access, policy: Policy) -> Iterator[datetime]:
    posture = access.posture
    yield from (end for end in (posture.expires_at, posture.last_known_until) if end)
    yield from (each.until for each in policy.reliefs.about(access) if each.until)
    for rule in policy.rules:
        if end := device_grace_end(rule, access):
            yield end
        yield from _stages(rule)
        for limit in limits(rule.when):
            if isinstance(limit, datetime):
                yield from _passed(limit)
            elif posture.looked_from and "device.age" in rule.when.reads:
                yield from _aged(posture.looked_from, limit)


def _aged(reported: datetime, limit: timedelta) -> Iterator[datetime]:
    """The moment at which a report has this age, and the moment just after."""
    for moment in shifted(reported, limit):
        yield from _passed(moment)


def _passed(limit: datetime) -> tuple[datetime, ...]:
    return (limit, *shifted(limit, _JUST_AFTER))


def starts(policies: Iterable[Policy], now: datetime) -> frozenset[datetime]:
    """The moments from ``now`` on at which a stage of these policies begins, or a comparison with a time changes."""
    found = {
        moment
        for policy in policies
        for rule in policy.rules
        for moment in (*_stages(rule), *turning(rule.when))
    }
    return frozenset(moment for moment in found if moment > now)


def _stages(rule: Rule) -> list[datetime]:
    return [start for _, start in rule.stages.starts()] if rule.stages else []
