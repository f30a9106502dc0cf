"""Computes the posture of a device from its reports. No other place computes a posture's state.

The whole table is in docs/devices.md. A state that is not certain is never ``clean``.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TypeVar

from mailgate.devices.device import LONG_AGO, Device, Report
from mailgate.devices.names import user_text
from mailgate.devices.trust import is_self_reported, rank
from mailgate.model import Finding, Kind, Posture, PostureState
from mailgate.policy import AppCatalog

Value = TypeVar("Value")

NOBODY: frozenset[str] = frozenset()
_NEVER = datetime.max.replace(tzinfo=UTC)


def posture_of(
    device: Device,
    catalog: AppCatalog,
    max_age: timedelta,
    now: datetime,
    *,
    precedence: Sequence[str] = (),
    unreachable: frozenset[str] = NOBODY,
) -> Posture:
    """The posture of ``device`` with the current lists.

    A report expires when it is older than ``max_age`` or past its own end. Of two sources, the one that comes first in
    ``precedence`` is believed; sources that are not in it rank equally after it. Sources in ``unreachable`` cannot be
    asked at the moment.

    An app that was seen stays on the device however old the report grows, since an app is not removed by silence. But
    a device that no longer reports is ``stale`` with such an app as well as without it, so that no device is trusted more
    because of a listed app. The posture names its last report.
    """
    believed = sorted(
        device.reports, key=lambda report: (rank(report.source, precedence), _newest_first(report))
    )
    current = [report for report in believed if not report.gone] or believed
    there = catalog.apps.keys() & frozenset[str]().union(*(report.apps for report in believed))
    saying = {app: saw for app in there if (saw := _saw(app, believed, precedence)) is not None}
    lists = catalog.lists_of(sorted(saying))
    os = _first(current, lambda report: report.os) or ""
    ran_out = [report for report in current if _ran_out(report, max_age, now)]
    state, bearer = _state(current, ran_out, unreachable, _watched(device.reports))
    last = _worth(bearer) if bearer and state is PostureState.UNAVAILABLE else None
    if lists:
        state, last = _LISTED.get(state, state), last and _LISTED.get(last, last)
    return Posture(
        state=state,
        device_id=device.id,
        kind=kind_of(current),
        os=os,
        os_version=_first(current, lambda report: report.os_version if report.os in (os, "") else "") or "",
        managed=_first(current, lambda report: report.managed),
        owner=owner_of(device, precedence),
        apps=tuple(sorted(saying)),
        lists=lists,
        source=bearer.source if bearer else "",
        sources=tuple(sorted({report.source for report in device.reports if not report.gone})),
        reported_at=bearer.reported_at if bearer else None,
        lag=bearer.lag if bearer else timedelta(),
        expires_at=expiry(bearer, max_age) if bearer else None,
        findings=tuple(Finding(each.reason, each.detail) for each in device.findings),
        lost=device.lost_at is not None,
        first_seen=device.first_seen,
        last_state=last,
    )


_LISTED = {PostureState.CLEAN: PostureState.LISTED}
"""The state that a device gets instead if an app on it is on a list."""
_RESTRICTION = (
    PostureState.MISSING,
    PostureState.STALE,
    PostureState.UNAVAILABLE,
    PostureState.PARTIAL,
    PostureState.LISTED,
    PostureState.CLEAN,
)
"""All states, the most restrictive first."""
_RUNNING = (PostureState.PARTIAL, PostureState.LISTED, PostureState.CLEAN)
"""The states that end when a report expires."""


def strictest(postures: Sequence[Posture]) -> Posture:
    """The most restrictive of these postures with the apps of all of them. Of equal postures the first is used.

    The request may come from any of the devices: one may have an app that a rule forbids while another is silent. Unless
    the result is ``missing`` or ``stale``, it lasts until the first of these postures expires.
    """
    worst = min(postures, key=_restriction)
    if worst.state not in (PostureState.MISSING, PostureState.STALE):
        running = (worst, *(each for each in postures if each.state in _RUNNING))
        worst = replace(
            worst, expires_at=min((each.expires_at for each in running if each.expires_at), default=None)
        )
    lists = dict.fromkeys(each for posture in postures for each in posture.lists)
    apps = {app for posture in postures for app in posture.apps}
    return replace(worst, apps=tuple(sorted(apps)), lists=tuple(sorted(lists)))


def _restriction(posture: Posture) -> tuple[bool, int, bool]:
    return (not posture.lost, _RESTRICTION.index(posture.state), not posture.lists)


def posture_of_person(postures: Iterable[Posture]) -> Posture:
    """The most restrictive posture of a person's devices without their computers; ``missing`` if they have no device.

    It is for a client that cannot be told apart from the person's other devices. docs/protocols.md says why.
    """
    handhelds = [posture for posture in postures if posture.kind is not Kind.LAPTOP]
    return strictest(handhelds) if handhelds else Posture()


def owner_of(device: Device, precedence: Sequence[str] = ()) -> str:
    """The owner that the most trusted source names. Of equally trusted sources, the one that looked last counts."""
    named = [report for report in device.reports if report.owner]
    named.sort(key=lambda report: (report.gone, rank(report.source, precedence), _newest_first(report)))
    return named[0].owner if named else ""


def belongs_to(device: Device, person: str, precedence: Sequence[str] = ()) -> bool:
    """Whether the device belongs to the person with this login name, compared without case."""
    return bool(person) and user_text(owner_of(device, precedence)) == user_text(person)


def kind_of(reports: Iterable[Report]) -> Kind | None:
    """The most restrictive kind that is reported. A device that one source reports as a phone is never treated as a
    computer."""
    told = {report.kind for report in reports if report.kind is not None}
    return next((kind for kind in _KINDS if kind in told), None)


_KINDS = (
    Kind.PHONE,
    Kind.TABLET,
    *(each for each in Kind if each not in (Kind.PHONE, Kind.TABLET, Kind.UNKNOWN, Kind.LAPTOP)),
    Kind.LAPTOP,
    Kind.UNKNOWN,
)


def stable_until(device: Device, max_age: timedelta, now: datetime) -> datetime:
    """The time until which the posture stays as it is at ``now``, if no further report comes."""
    ends = [end for report in device.reports if (end := expiry(report, max_age)) is not None and end > now]
    return min(ends, default=_NEVER)


def expiry(report: Report, max_age: timedelta) -> datetime | None:
    """When the report expires: by its own end or by its age, whichever comes first."""
    ends = [report.expires_at, report.reported_at and report.reported_at + max_age]
    return min((end for end in ends if end), default=None)


def _saw(app: str, reports: Sequence[Report], precedence: Sequence[str]) -> Report | None:
    """The last report that says the app is there and that no later report takes back; None if there is none."""
    saw = [
        report
        for report in reports
        if app in report.apps and not any(_takes_back(other, app, report, precedence) for other in reports)
    ]
    return max(saw, key=lambda report: report.recency, default=None)


def _takes_back(other: Report, app: str, report: Report, precedence: Sequence[str]) -> bool:
    """Whether ``other`` takes the app back: it surely looked later and at everything, did not see the app, and ranks as
    high or higher."""
    return (
        _whole(other)
        and app not in other.apps
        and other.recency[0] - other.lag > report.recency[0]
        and rank(other.source, precedence) <= rank(report.source, precedence)
    )


def _state(
    reports: Sequence[Report], ran_out: Sequence[Report], unreachable: frozenset[str], watched: bool
) -> tuple[PostureState, Report | None]:
    """The state of the device apart from its listed apps, and the report that decides it."""
    looked = [report for report in reports if report.reported_at is not None and not report.gone]
    if not looked:
        return PostureState.MISSING, None
    running = [
        report
        for report in looked
        if report not in ran_out and not (watched and is_self_reported(report.source))
    ]
    whole = [report for report in running if _whole(report)]
    if whole and not any(report.status == "contraindicated" for report in running):
        return PostureState.CLEAN, _newest(whole)
    if running:
        return PostureState.PARTIAL, _newest(running)
    silent = [report for report in looked if report.source in unreachable]
    if silent:
        return PostureState.UNAVAILABLE, _newest(silent)
    return PostureState.STALE, _newest(looked)


def _watched(reports: Iterable[Report]) -> bool:
    """Whether a source other than the device itself has ever looked at it. If so, its own word alone no longer makes it
    clean."""
    return any(report.reported_at is not None and not is_self_reported(report.source) for report in reports)


def _newest(reports: Iterable[Report]) -> Report:
    return max(reports, key=lambda report: report.recency)


def _whole(report: Report) -> bool:
    return bool(report.apps_complete) and report.status != "contraindicated"


def _worth(report: Report) -> PostureState:
    return PostureState.CLEAN if _whole(report) else PostureState.PARTIAL


def _ran_out(report: Report, max_age: timedelta, now: datetime) -> bool:
    end = expiry(report, max_age)
    return end is None or now >= end


def _newest_first(report: Report) -> float:
    return -(report.reported_at or LONG_AGO).timestamp()


def _first(reports: Iterable[Report], read: Callable[[Report], Value]) -> Value | None:
    """The first value that one of these reports has; None if none has one."""
    return next((value for report in reports if (value := read(report)) not in ("", None)), None)
