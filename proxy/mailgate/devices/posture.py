"""Computes the posture of a device from its reports. No other place computes a posture's state.

The whole table is in docs/devices.md. A state that is not certain is never ``clean``.
"""

import re
from collections.abc import Callable, Container, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import NamedTuple, TypeVar

from mailgate.devices.device import Device, Report
from mailgate.devices.names import user_text
from mailgate.devices.trust import is_self_reported, rank
from mailgate.model import Client, Finding, Kind, Posture, PostureState, Protocol, SourceState
from mailgate.model.device import PostureTerms
from mailgate.model.times import LONG_AGO
from mailgate.policy import AppCatalog

Value = TypeVar("Value")

_DIGITS, _MAX_VERSION = re.compile("[0-9]+"), 100
_NEVER = datetime.max.replace(tzinfo=UTC)
_KNOWN_WITHIN = timedelta(seconds=5)
"""How long it takes at most until every gate knows of a run (``connectors/scheduler.py``)."""


def sources_away(states: Mapping[str, SourceState], asked: Container[str]) -> dict[str, datetime]:
    """The sources that cannot be asked: each of the connectors in ``asked`` that fails, from when every gate knows of its
    first run that did. Of what expires before that, one gate could say that it is stale and another that it is not."""
    return {
        name: state.failing_since + _KNOWN_WITHIN
        for name, state in states.items()
        if state.failing_since is not None and name in asked
    }


def posture_of(device: Device, catalog: AppCatalog, terms: PostureTerms, now: datetime) -> Posture:
    """The posture of ``device`` with the current lists.

    What expires while its source is away is not stale: nobody can say whether there is something newer. It is what was
    last known, and counts longer wherever a rule goes by that. What had expired before stays stale, so an outage gives back
    to no device what its silence has taken.

    An app that was seen stays on the device however old the report grows, since an app is not removed by silence. But
    a device that no longer reports is ``stale`` with such an app as well as without it, so that no device is trusted more
    because of a listed app. The posture names its last report.
    """
    believed = sorted(
        device.reports, key=lambda report: (rank(report.source, terms.precedence), _newest_first(report, now))
    )
    current = [report for report in believed if not report.gone] or believed
    seen = frozenset[str]().union(*(report.apps for report in believed))
    apps = tuple(
        sorted(app for app in seen & catalog.apps.keys() if _is_there(app, believed, terms.precedence, now))
    )
    lists = catalog.lists_of(apps)
    os = _first(current, lambda report: report.os) or ""
    known = partial(_known_at, current, terms, _watched(device.reports), now)
    state, last, bearer, end = known(now)
    foretold = known(end) if terms.away and end and not last else None
    until = foretold.end if foretold and foretold.last else None
    last = foretold.last if foretold else last
    if lists:
        state, last = _LISTED.get(state, state), last and _LISTED.get(last, last)
    return Posture(
        state=state,
        device_id=device.id,
        kind=kind_of(current),
        os=os,
        os_version=_first(current, lambda report: report.os_version if report.os in (os, "") else "") or "",
        managed=_first(current, lambda report: report.managed),
        owner=owner_of(device, now, terms.precedence),
        apps=apps,
        lists=lists,
        source=bearer.source if bearer else "",
        sources=tuple(sorted({report.source for report in device.reports if not report.gone})),
        reported_at=bearer.looked(now) if bearer else None,
        lag=bearer.lag if bearer else timedelta(),
        expires_at=end,
        last_known_until=until,
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
_RUNNING = (PostureState.UNAVAILABLE, PostureState.PARTIAL, PostureState.LISTED, PostureState.CLEAN)
"""The states that end when a report expires, or when what was last known does."""


def strictest(postures: Sequence[Posture]) -> Posture:
    """The most restrictive of these postures with the apps and findings of all of them. Of equal postures the first is used.

    The request may come from any of the devices: one may have an app that a rule forbids while another is silent. So it is
    managed, and its system and sources are told, only as far as that holds for each of them; the oldest look counts. Unless
    the result is ``missing`` or ``stale``, it lasts until the first of these postures expires. What was last known is the most
    restrictive of what is, or was last, known of each.
    """
    worst = min(postures, key=_restriction)
    if worst.state is PostureState.UNAVAILABLE:
        known = [each.last_state if each.state is worst.state else each.state for each in postures]
        last = None if None in known else min(filter(None, known), key=_RESTRICTION.index)
        worst = replace(worst, last_state=last)
    if worst.state in _RUNNING:
        running = [each for each in postures if each.state in _RUNNING]
        end = min((each.expires_at for each in running if each.expires_at), default=None)
        until = worst.last_known_until if end == worst.expires_at else None
        worst = replace(worst, expires_at=end, last_known_until=until)
    oldest = min(postures, key=lambda each: each.looked_from or LONG_AGO)
    kinds, managed = {each.kind for each in postures}, {each.managed for each in postures}
    return replace(
        worst,
        apps=tuple(sorted({app for each in postures for app in each.apps})),
        lists=tuple(sorted({name for each in postures for name in each.lists})),
        findings=tuple(dict.fromkeys(found for each in postures for found in each.findings)),
        kind=next((kind for kind in _KINDS if kind in kinds), None),
        os=worst.os if len({each.os for each in postures}) == 1 else "",
        os_version=worst.os_version if len({(each.os, each.os_version) for each in postures}) == 1 else "",
        managed=next((each for each in (False, None) if each in managed), True),
        sources=tuple(sorted(set[str].intersection(*({*each.sources} for each in postures)))),
        reported_at=oldest.reported_at,
        lag=oldest.lag,
    )


def against(posture: Posture) -> Posture:
    """What counts of a device for whoever is not its owner: what speaks against it, and that it is no computer."""
    return Posture(
        kind=None if posture.kind is Kind.LAPTOP else posture.kind,
        apps=posture.apps,
        lists=posture.lists,
        findings=posture.findings,
        lost=posture.lost,
    )


def _restriction(posture: Posture) -> tuple[bool, int, bool]:
    return (not posture.lost, _RESTRICTION.index(posture.state), not posture.lists)


def may_restrict(before: Posture | None, after: Posture) -> bool:
    """Whether a rule may keep a device out by its posture ``after`` which let it in ``before``: something that rules read is
    another, and it is no app less, no better state, no newer version, no newer look and no further source.

    Of a device that nobody had reported (``None``) only what speaks against it counts.
    """
    if before is None:
        return bool(after.apps or after.findings)
    worse = _RESTRICTION.index(after.state) < _RESTRICTION.index(before.state) or (after.lost > before.lost)
    lacks = not {*before.sources} <= {*after.sources} or bool(before.managed) > bool(after.managed)
    adds = not {*after.apps} <= {*before.apps} or not {*after.findings} <= {*before.findings}
    differs = (before.kind, before.os, before.owner) != (after.kind, after.os, after.owner)
    older = _digits(after.os_version) < _digits(before.os_version) or any(
        was is not None and (now is None or now < was)
        for was, now in ((before.looked_from, after.looked_from), (before.expires_at, after.expires_at))
    )
    return worse or lacks or adds or differs or older


def restricts_owner(others: Sequence[Posture], new: Posture) -> bool:
    """Whether a new device may keep out a person, with these other devices, where they use a client that names no device."""
    before, after = posture_of_person(others), posture_of_person([*others, new])
    return _restriction(after) < _restriction(before) or not {*after.apps} <= {*before.apps}


def is_a_browser_alone(client: Client, posture: Posture) -> bool:
    """Whether this is the browser of a phone or tablet that names no device."""
    of_a_phone = client.handheld and client.kind in (Kind.PHONE, Kind.TABLET)
    return of_a_phone and client.protocol is Protocol.WEB and posture == Posture()


def by_person(posture: Posture) -> Posture:
    """The posture of a person for such a browser. It may be on a device that nobody knows, so no device's exemption and no grace of a
    new device is its own."""
    return replace(posture, device_id="", first_seen=None, by_person=True)


def _digits(version: str) -> list[int]:
    return [int(part) for part in _DIGITS.findall(version[:_MAX_VERSION])]


def posture_of_person(postures: Iterable[Posture]) -> Posture:
    """The most restrictive posture of a person's devices without their computers; ``missing`` if they have no device.

    It is for a client that cannot be told apart from the person's other devices. docs/protocols.md says why.
    """
    handhelds = [posture for posture in postures if posture.kind is not Kind.LAPTOP]
    return strictest(handhelds) if handhelds else Posture()


def owner_of(device: Device, now: datetime, precedence: Sequence[str] = ()) -> str:
    """The owner that the most trusted source names. Of equally trusted sources, the one that looked last counts."""
    named = [report for report in device.reports if report.owner]
    named.sort(key=lambda report: (report.gone, rank(report.source, precedence), _newest_first(report, now)))
    return named[0].owner if named else ""


def belongs_to(device: Device, person: str, now: datetime, precedence: Sequence[str] = ()) -> bool:
    """Whether the device belongs to the person with this login name, compared without case."""
    return bool(person) and user_text(owner_of(device, now, precedence)) == user_text(person)


def kind_of(reports: Iterable[Report]) -> Kind | None:
    """The most restrictive kind that is reported. A device that one source reports as a phone is never treated as a
    computer."""
    told = {report.kind for report in reports if report.kind is not None}
    return next((kind for kind in _KINDS if kind in told), None)


_KINDS = (
    Kind.PHONE,
    Kind.TABLET,
    Kind.MAIL_APP,
    Kind.TOOL,
    Kind.BOT,
    Kind.OTHER,
    Kind.LAPTOP,
    Kind.UNKNOWN,
)


def stable_until(device: Device, terms: PostureTerms, now: datetime) -> datetime:
    """The time until which the posture stays as it is at ``now``, if no further report comes and no source goes or comes."""
    expiries = [end for report in device.reports if (end := expiry(report, terms, now)) is not None]
    ends = [end for each in expiries for end in (each, each + terms.last_known_for) if end > now]
    return min(ends, default=_NEVER)


def expiry(report: Report, terms: PostureTerms, now: datetime) -> datetime | None:
    """When the report expires: by its own end or by its age, whichever comes first; None if that is unknown."""
    if report.looked(now) is None or report.reported_at is None:
        return None
    end = (report.looked_from or report.reported_at) + terms.age_of(report.source)
    return min(end, report.expires_at) if report.expires_at else end


def _is_there(app: str, reports: Sequence[Report], precedence: Sequence[str], now: datetime) -> bool:
    """Whether a report says that the app is there, and no later report takes that back."""
    return any(
        app in report.apps and not any(_takes_back(other, app, report, precedence, now) for other in reports)
        for report in reports
    )


def _takes_back(other: Report, app: str, report: Report, precedence: Sequence[str], now: datetime) -> bool:
    """Whether ``other`` takes the app back: it surely looked later and at everything, did not see the app, and ranks as
    high or higher. Of a look whose time is unknown it is not known that another one was later."""
    looked = other.looked(now)
    return (
        _whole(other)
        and app not in other.apps
        and looked is not None
        and looked - other.lag > (report.looked(now) or now)
        and rank(other.source, precedence) <= rank(report.source, precedence)
    )


class _Known(NamedTuple):
    """The state of a device apart from its listed apps, its last known state if it is unavailable, the report that decides
    it, and until when it does."""

    state: PostureState
    last: PostureState | None = None
    bearer: Report | None = None
    end: datetime | None = None


def _known_at(
    reports: Sequence[Report], terms: PostureTerms, watched: bool, now: datetime, at: datetime
) -> _Known:
    """What is known ``at`` this time, if no report comes and no source goes or comes after ``now``."""
    looked = [report for report in reports if report.reported_at is not None and not report.gone]
    if not looked:
        return _Known(PostureState.MISSING)
    ends = {report.key: expiry(report, terms, now) or LONG_AGO for report in looked}
    running = [
        each for each in looked if at < ends[each.key] and not (watched and is_self_reported(each.source))
    ]
    kept = [each for each in looked if terms.away.get(each.source, _NEVER) < ends[each.key] <= at]
    warned = any(report.status == "contraindicated" for report in (*running, *kept))
    kept_whole = [report for report in kept if _whole(report) and not warned]
    if whole := [report for report in running if _whole(report) and not warned]:
        state, last, bearer = PostureState.CLEAN, None, _newest(whole, now)
    elif running and not kept_whole:
        state, last, bearer = PostureState.PARTIAL, None, _newest(running, now)
    elif kept:
        state, last = PostureState.UNAVAILABLE, PostureState.CLEAN if kept_whole else PostureState.PARTIAL
        bearer = max(kept_whole or kept, key=lambda report: ends[report.key])
    else:
        state, last, bearer = PostureState.STALE, None, _newest(looked, now)
    end = expiry(bearer, terms, now)
    return _Known(state, last, bearer, end and end + terms.last_known_for if last else end)


def _watched(reports: Iterable[Report]) -> bool:
    """Whether a source other than the device itself has ever looked at it. If so, its own word alone no longer makes it
    clean."""
    return any(report.reported_at is not None and not is_self_reported(report.source) for report in reports)


def _newest(reports: Iterable[Report], now: datetime) -> Report:
    return max(reports, key=lambda report: report.recency(now))


def _whole(report: Report) -> bool:
    return bool(report.apps_complete) and report.status != "contraindicated"


def _newest_first(report: Report, now: datetime) -> float:
    return -(report.looked(now) or LONG_AGO).timestamp()


def _first(reports: Iterable[Report], read: Callable[[Report], Value]) -> Value | None:
    """The first value that one of these reports has; None if none has one."""
    return next((value for report in reports if (value := read(report)) not in ("", None)), None)
