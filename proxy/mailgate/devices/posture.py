"""Computes the posture of a device from its reports. No other place computes a posture's state.

The whole table is in docs/devices.md. A state that is not certain is never ``clean``.
"""

import re
from collections.abc import Callable, Container, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from typing import NamedTuple, TypeVar

from mailgate.devices.device import Device, Report
from mailgate.devices.looks import (
    NEVER,
    Testimony,
    answering,
    answers_alone,
    answers_of,
    bad_words,
    bearer_of,
    denial_end,
    expiry,
    held_until,
    judgement,
    may_be_worse,
    newest,
    sightings_of,
    speaks_against,
    strictest_judgement,
    unanswered,
    verdict_ends,
)
from mailgate.devices.names import user_text
from mailgate.devices.trust import REPORTER, is_self_reported, rank
from mailgate.model import (
    Absence,
    Client,
    Enrolment,
    Finding,
    Kind,
    Posture,
    PostureState,
    Protocol,
    SourceState,
)
from mailgate.model.apps import AppCatalog
from mailgate.model.device import NotDenied, PostureTerms, Witness
from mailgate.model.times import LONG_AGO

Value = TypeVar("Value")

_DIGITS, _MAX_VERSION = re.compile("[0-9]+"), 100
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
    believed = [*device.reports]
    if len(believed) > 1:  # most devices have one, and a plan looks at a million
        believed.sort(key=lambda each: (rank(each.source, terms.precedence), _newest_first(each, now)))
    current = [report for report in believed if not report.gone] or believed
    answers = answers_of(believed, terms, catalog.listed, now)
    present, held, witness = _apps(believed, answers, catalog, terms, now)
    lists = catalog.lists_of(present)
    os = _first(current, lambda report: report.os) or ""
    known = partial(_known_at, answers, terms, catalog.listed, _watched(device.reports))
    state, last, bearer, end, absence = known(now)
    foretold = known(end) if terms.away and end and not last else None
    until = foretold.end if foretold and foretold.last else None
    last = foretold.last if foretold else last
    if lists:
        state, last = _LISTED.get(state, state), last and _LISTED.get(last, last)
    running = [answer for answer in answers if now < answer.end]
    denied = {app: answer for answer in running if answer.is_denial for app in answer.apps}
    judged = judgement(believed, terms, now)
    looked_for = judged.apps & catalog.listed
    return Posture(
        state=state,
        device_id=device.id,
        kind=kind_of(current),
        os=os,
        os_version=_first(current, lambda report: report.os_version if report.os in (os, "") else "") or "",
        managed=_first(current, lambda report: report.managed),
        owner=owner_of(device, now, terms.precedence),
        apps=tuple(sorted(present)),
        lists=lists,
        witness=witness,
        source=bearer.report.source if bearer else "",
        sources=tuple(sorted({report.source for report in device.reports if not report.gone})),
        reported_at=bearer.at if bearer else None,
        lag=bearer.lag if bearer else timedelta(),
        by_denial=bearer is not None and bearer.is_denial,
        expires_at=end and min(end, *held.values(), end),
        last_known_until=until,
        findings=tuple(Finding(each.reason, each.detail) for each in device.findings),
        lost=device.lost_at is not None,
        first_seen=device.first_seen,
        last_state=last,
        enrolment=next(
            (each.enrolment for each in current if each.enrolment is not Enrolment.UNKNOWN), Enrolment.UNKNOWN
        ),
        compliance=judged.compliance,
        compliance_at=judged.at,
        compliance_until=judged.until,
        compliance_apps=tuple(sorted(looked_for)),
        compliance_covers=bool(looked_for and (wanted := catalog.with_id(os)) and wanted <= looked_for),
        threat=judged.threat,
        absence=absence and (Absence.ENFORCED if held else absence)
        if PostureState.CLEAN in (state, last)
        else None,
        denied=tuple(sorted(denied)),
        denied_by=next((answer.report.denied_by for answer in denied.values()), ""),
        held=tuple(sorted(held)),
        held_lists=catalog.lists_of(held),
        not_denied="" if catalog.listed <= denied.keys() else _not_denied(current, answers, now),
        unseen=_unseen(running, catalog.listed) if state is PostureState.PARTIAL else (),
    )


def _apps(
    reports: Sequence[Report],
    answers: Iterable[Testimony],
    catalog: AppCatalog,
    terms: PostureTerms,
    now: datetime,
) -> tuple[frozenset[str], dict[str, datetime], Witness | None]:
    """The listed apps that are there and may run; those that were seen but cannot run, each with the end of that; and who saw the first."""
    if not any(report.apps for report in reports):
        return frozenset(), {}, None
    denials = [answer for answer in answers if answer.is_denial and answer.counts and now < answer.end]
    present, held, saw = set[str](), dict[str, datetime](), [*reports]
    for app in frozenset[str]().union(*(report.apps for report in reports)) & catalog.apps.keys():
        if found := sightings_of(app, reports, terms.precedence, now):
            if (until := held_until(app, found, denials, terms.precedence, now)) is not None:
                held[app] = until
            else:
                present.add(app)
                saw = [report for report in saw if report in found]
    return frozenset(present), held, _witness(saw, now) if present else None


def _witness(saw: Iterable[Report], now: datetime) -> Witness | None:
    last = max(saw, key=lambda report: report.recency(now), default=None)
    at = last.looked(now) if last else None
    return Witness(last.source, at, last.lag) if last and at else None


def _not_denied(reports: Iterable[Report], answers: Iterable[Testimony], now: datetime) -> str:
    ended = any(answer.is_denial and answer.apps and answer.end <= now for answer in answers)
    return _first(reports, lambda report: report.not_denied) or (NotDenied.REPORT_TOO_OLD if ended else "")


def _unseen(running: Sequence[Testimony], listed: frozenset[str]) -> tuple[str, ...]:
    left = unanswered(running, listed)
    return tuple(sorted(left)) if left != listed else ()


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
    enforced = any(each.absence is Absence.ENFORCED for each in postures)
    seen = [each for each in postures if each.apps]
    return replace(
        worst,
        apps=tuple(sorted({app for each in postures for app in each.apps})),
        lists=tuple(sorted({name for each in postures for name in each.lists})),
        witness=seen[0].witness if len(seen) == 1 else None,
        held=tuple(sorted({app for each in postures for app in each.held})),
        held_lists=tuple(sorted({name for each in postures for name in each.held_lists})),
        findings=tuple(dict.fromkeys(found for each in postures for found in each.findings)),
        kind=next((kind for kind in _KINDS if kind in kinds), None),
        os=worst.os if len({each.os for each in postures}) == 1 else "",
        os_version=worst.os_version if len({(each.os, each.os_version) for each in postures}) == 1 else "",
        managed=next((each for each in (False, None) if each in managed), True),
        sources=tuple(sorted(set[str].intersection(*({*each.sources} for each in postures)))),
        reported_at=oldest.reported_at,
        lag=oldest.lag,
        by_denial=any(each.by_denial for each in postures),
        enrolment=worst.enrolment if len({each.enrolment for each in postures}) == 1 else Enrolment.UNKNOWN,
        absence=worst.absence and (Absence.ENFORCED if enforced else worst.absence),
        **strictest_judgement(postures),
    )


def against(posture: Posture) -> Posture:
    """What counts of a device for whoever is not its owner: what speaks against it, and that it is no computer."""
    return Posture(
        kind=None if posture.kind is Kind.LAPTOP else posture.kind,
        apps=posture.apps,
        lists=posture.lists,
        findings=posture.findings,
        lost=posture.lost,
        **bad_words(posture),
    )


def _restriction(posture: Posture) -> tuple[bool, int, bool]:
    return (not posture.lost, _RESTRICTION.index(posture.state), not posture.lists)


def may_restrict(before: Posture | None, after: Posture) -> bool:
    """Whether a rule may keep out by the posture ``after`` whom it let in ``before``: something is another, and it is no app
    less, no better state, no newer version or look and no further source. Of a device that nobody had reported (``None``) only
    what speaks against it counts."""
    if before is None:
        return bool(after.apps or after.findings) or speaks_against(after)
    worse = after.lost > before.lost or any(
        _RESTRICTION.index(now) < _RESTRICTION.index(was)
        for was, now in ((before.state, after.state), (_last_known(before), _last_known(after)))
    )
    lacks = not {*before.sources} <= {*after.sources} or bool(before.managed) > bool(after.managed)
    adds = not {*after.apps} <= {*before.apps} or not {*after.findings} <= {*before.findings}
    differs = any(
        getattr(before, each) != getattr(after, each) for each in ("kind", "os", "owner", "enrolment")
    )
    worse = worse or may_be_worse(before, after)
    lacks = lacks or (before.absence is Absence.SEEN and after.absence is not Absence.SEEN)
    older = _digits(after.os_version) < _digits(before.os_version) or any(
        was is not None and (now is None or now < was)
        for was, now in (
            (before.looked_from, after.looked_from),
            (before.expires_at, after.expires_at),
            (before.compliance_until, after.compliance_until),
        )
    )
    return worse or lacks or adds or differs or older


def _last_known(posture: Posture) -> PostureState:
    return posture.last_state or posture.state


def restricts_owner(others: Sequence[Posture], new: Posture) -> bool:
    """Whether a new device may keep out a person, with these other devices, where they use a client that names no device."""
    before, after = posture_of_person(others), posture_of_person([*others, new])
    return _restriction(after) < _restriction(before) or not {*after.apps} <= {*before.apps}


def is_a_browser_alone(client: Client, posture: Posture) -> bool:
    """Whether this is the browser of a phone or tablet that names no device."""
    of_a_phone = client.handheld and client.kind in (Kind.PHONE, Kind.TABLET)
    return of_a_phone and client.protocol is Protocol.WEB and posture == Posture()


def by_person(posture: Posture) -> Posture:
    """The posture of a person for such a browser: it may be on an unknown device, so no exemption or grace of a device is its own."""
    return replace(posture, device_id="", first_seen=None, by_person=True)


def _digits(version: str) -> list[int]:
    return [int(part) for part in _DIGITS.findall(version[:_MAX_VERSION])]


def posture_of_person(postures: Iterable[Posture]) -> Posture:
    """The most restrictive posture of a person's devices without their computers, for a client that cannot be told apart from
    them (docs/protocols.md); ``missing`` if they have none."""
    handhelds = [posture for posture in postures if posture.kind is not Kind.LAPTOP]
    return strictest(handhelds) if handhelds else Posture()


def owner_of(device: Device, now: datetime, precedence: Sequence[str] = ()) -> str:
    """The owner that the most trusted source names, and of equals the one that looked last. An app knows no more than whose
    code was typed into it, so its word comes after that of every management."""
    named = [report for report in device.reports if report.owner]
    if len(named) > 1:
        named.sort(
            key=lambda report: (
                report.gone,
                report.source == REPORTER or is_self_reported(report.source),
                rank(report.source, precedence),
                _newest_first(report, now),
            )
        )
    return named[0].owner if named else ""


def belongs_to(device: Device, person: str, now: datetime, precedence: Sequence[str] = ()) -> bool:
    """Whether the device belongs to the person with this login name, compared without case."""
    return bool(person) and user_text(owner_of(device, now, precedence)) == user_text(person)


def kind_of(reports: Iterable[Report]) -> Kind | None:
    """The most restrictive kind that is reported: no device is a computer that one source reports as a phone."""
    told = {report.kind for report in reports if report.kind is not None}
    return min(told, key=_KINDS.index, default=None)


_KINDS = (Kind.PHONE, Kind.TABLET, Kind.MAIL_APP, Kind.TOOL, Kind.BOT, Kind.OTHER, Kind.LAPTOP, Kind.UNKNOWN)


def stable_until(device: Device, terms: PostureTerms, now: datetime) -> datetime:
    """The time until which the posture stays as it is at ``now``, if no further report comes and no source goes or comes."""
    looks = [expiry(report, terms, now) for report in device.reports]
    denials = [denial_end(report, terms, now) for report in device.reports if report.denied_at]
    ends = [end for each in (*looks, *denials) if each for end in (each, each + terms.last_known_for)]
    ends += verdict_ends(device.reports, terms, now)
    return min([end for end in ends if end > now], default=NEVER)


class _Known(NamedTuple):
    """The state of a device apart from its listed apps, its last known state if it is unavailable, the answer that decides
    it, until when it does, and how the absence of listed apps is known."""

    state: PostureState
    last: PostureState | None = None
    bearer: Testimony | None = None
    end: datetime | None = None
    absence: Absence | None = None


def _known_at(
    answers: Sequence[Testimony], terms: PostureTerms, listed: frozenset[str], watched: bool, at: datetime
) -> _Known:
    if not answers:
        return _Known(PostureState.MISSING)
    told = [each for each in answers if not (watched and is_self_reported(each.report.source))]
    heard = [each for each in told if each.counts or not each.is_denial] or told
    running = [answer for answer in heard if at < answer.end]
    kept = [answer for answer in heard if terms.away.get(answer.report.source, NEVER) < answer.end <= at]
    warned = any(answer.report.status == "contraindicated" for answer in (*running, *kept))
    kept_clean = [] if warned or not kept else answering([*running, *kept], listed)
    last, absence = None, None
    if clean := [] if warned else answering(running, listed):
        state, bearer, absence = PostureState.CLEAN, bearer_of(clean, listed), _absence(clean, listed)
    elif running and not kept_clean:
        state, bearer = PostureState.PARTIAL, newest(running)
    elif kept:
        state, last = PostureState.UNAVAILABLE, PostureState.CLEAN if kept_clean else PostureState.PARTIAL
        bearer = _last_known_bearer(kept, kept_clean, listed)
        absence = _absence(kept_clean, listed) if kept_clean else None
    else:
        state, bearer = PostureState.STALE, newest(answers)
    end = bearer.end if bearer.end > LONG_AGO else None
    return _Known(state, last, bearer, end and end + terms.last_known_for if last else end, absence)


def _last_known_bearer(
    kept: Sequence[Testimony], clean: Sequence[Testimony], listed: frozenset[str]
) -> Testimony:
    """The answer on which what was last known rests, by its end: the last of which one is enough, or the first of several."""
    needed = [answer for answer in clean if answer in kept and not answers_alone(answer, listed)]
    if needed:
        return min(needed, key=lambda answer: answer.end)
    return max([answer for answer in clean if answer in kept] or kept, key=lambda answer: answer.end)


def _absence(answers: Iterable[Testimony], listed: frozenset[str]) -> Absence:
    looks = [answer for answer in answers if not answer.is_denial]
    seen = any(answers_alone(look, listed) for look in looks) or (looks and not unanswered(looks, listed))
    return Absence.SEEN if seen else Absence.ENFORCED


def _watched(reports: Iterable[Report]) -> bool:
    """Whether another source has ever looked at the device, so that its own word alone no longer makes it clean."""
    return any(
        not is_self_reported(report.source) and (report.reported_at or report.denied_at) for report in reports
    )


def _newest_first(report: Report, now: datetime) -> float:
    return -(report.looked(now) or LONG_AGO).timestamp()


def _first(reports: Iterable[Report], read: Callable[[Report], Value]) -> Value | None:
    return next((value for report in reports if (value := read(report)) not in ("", None)), None)
