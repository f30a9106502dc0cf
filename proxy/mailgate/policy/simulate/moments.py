"""The moments at which a verdict may change although nobody does anything."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from mailgate.model import Access
from mailgate.policy.decide import device_grace_end
from mailgate.policy.rules import Policy, Rule
from mailgate.policy.simulate.clock import INSTANT, limits, shifted, unpredictable_clocks
from mailgate.policy.simulate.clock import starts as turning

_JUST_AFTER = timedelta(seconds=1)
"""Added to a limit that has to be passed, not only reached."""

_HOURS, _DAYS = 168, 396
"""The hours of a week, and the days of 13 months."""


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


def sampled(policies: Sequence[Policy], now: datetime) -> tuple[datetime, ...]:
    """Sampled moments, for conditions whose moments of change cannot be predicted. Empty if all can be.

    They are every hour of a week, every day of 13 months, and the moments just before and just after each time that a
    condition names or at which a stage begins.
    """
    rules = [rule for policy in policies for rule in policy.rules]
    if not any("now" in unpredictable_clocks(rule.when) for rule in rules):
        return ()
    hour = now.replace(minute=0, second=0, microsecond=0)
    day = hour.replace(hour=0)
    found = {hour + n * timedelta(hours=1) for n in range(1, _HOURS + 1)}
    found |= {day + n * timedelta(days=1) for n in range(1, _DAYS + 1)}
    named = [each for rule in rules for each in limits(rule.when) if isinstance(each, datetime)]
    for moment in (*named, *(start for rule in rules for start in _stages(rule))):
        found |= {moment, *shifted(moment, -INSTANT), *shifted(moment, INSTANT)}
    return tuple(sorted(moment for moment in found if moment > now))


def _stages(rule: Rule) -> list[datetime]:
    return [start for _, start in rule.stages.starts()] if rule.stages else []
