"""What the managements of a device say of it by their own rules: each verdict by its own time.

A good word runs out with its age. A bad one stays, like an app that was seen, until a later good one of a source that ranks
as high: silence makes no device better. No verdict says by itself that an app is absent.
"""

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from typing import Any, NamedTuple, TypeVar

from mailgate.devices.device import Report
from mailgate.devices.trust import is_self_reported, rank
from mailgate.model import Compliance, Posture, Threat
from mailgate.model.device import PostureTerms
from mailgate.model.times import LONG_AGO, happened

Word = TypeVar("Word", Compliance, Threat)

_AGAINST = frozenset({Compliance.NONCOMPLIANT, Threat.MEDIUM, Threat.HIGH, Threat.COMPROMISED})
_SILENT = frozenset({Compliance.UNKNOWN, Compliance.NONE, Threat.UNKNOWN, Threat.NONE})
_VERDICTS = (
    Compliance.NONCOMPLIANT,
    Compliance.UNKNOWN,
    Compliance.NONE,
    Compliance.GRACE,
    Compliance.COMPLIANT,
)
_THREATS = (
    Threat.COMPROMISED,
    Threat.HIGH,
    Threat.MEDIUM,
    Threat.UNKNOWN,
    Threat.NONE,
    Threat.LOW,
    Threat.SECURED,
)
"""All words, the most restrictive first. Among the sources of one device, silence says nothing against a word."""


class Judgement(NamedTuple):
    """What is known of a device by the verdicts on it."""

    compliance: Compliance = Compliance.NONE
    at: datetime | None = None
    """When the device was judged so at the latest; None if there is no verdict."""
    until: datetime | None = None
    """When a word runs out; None if none does."""
    apps: frozenset[str] = frozenset()
    threat: Threat = Threat.NONE


class _Told(NamedTuple):
    report: Report
    at: datetime
    """``LONG_AGO`` if nobody can know it."""
    end: datetime


def judgement(reports: Iterable[Report], terms: PostureTerms, now: datetime) -> Judgement:
    """What the verdicts in these reports come to. The hardest word counts of those that none takes back."""
    told = _told(reports, terms, now)
    if not told:
        return Judgement()
    compliance, judge = _hardest(told, lambda report: report.compliance, _VERDICTS, terms, now)
    threat, warner = _hardest(told, lambda report: report.threat, _THREATS, terms, now)
    words = ((compliance, judge), (threat, warner))
    ends = [each.end for word, each in words if each and word not in _AGAINST | _SILENT]
    fresh = judge is not None and not judge.report.gone and now < judge.end
    return Judgement(
        compliance or Compliance.NONE,
        judge and happened(judge.report.compliance_at, now),
        min(ends, default=None),
        judge.report.compliance_apps if judge and fresh else frozenset(),
        threat or Threat.NONE,
    )


def verdict_ends(reports: Iterable[Report], terms: PostureTerms, now: datetime) -> list[datetime]:
    """When each of these verdicts runs out."""
    return [each.end for each in _told(reports, terms, now)]


def _told(reports: Iterable[Report], terms: PostureTerms, now: datetime) -> list[_Told]:
    return [
        _Told(report, at, at + terms.verdict_age_of(report.source))
        for report in reports
        if report.compliance_at and not is_self_reported(report.source)
        if not (report.gone and _AGAINST.isdisjoint((report.compliance, report.threat)))
        for at in [happened(report.compliance_at, now) or LONG_AGO]
    ]


def _hardest(
    told: Iterable[_Told],
    read: Callable[[Report], Word],
    order: Sequence[Word],
    terms: PostureTerms,
    now: datetime,
) -> tuple[Word | None, _Told | None]:
    """The hardest word that counts, and who says it; a silent one only if nobody says more."""
    words = [(_word(each, read, now), each) for each in told]
    words = [
        (word, each)
        for word, each in words
        if word not in _AGAINST or not any(_takes_back(*other, each, terms, now) for other in words)
    ]
    said = [pair for pair in words if pair[0] not in _SILENT] or words
    return min(said, key=lambda pair: order.index(pair[0]), default=(None, None))


def _word(told: _Told, read: Callable[[Report], Word], now: datetime) -> Word:
    word = read(told.report)
    if told.report.gone and word not in _AGAINST:
        return type(word)("none")  # who leaves a management takes its good word along, and not the bad one
    return word if now < told.end or word in _AGAINST | _SILENT else type(word)("unknown")


def _takes_back(word: Word, other: _Told, told: _Told, terms: PostureTerms, now: datetime) -> bool:
    """Whether this word of another source, which is surely later, takes back a bad one."""
    later = other.at > (told.at if told.at > LONG_AGO else now)
    high = rank(other.report.source, terms.precedence) <= rank(told.report.source, terms.precedence)
    return word not in _AGAINST | _SILENT and later and high


def strictest_judgement(postures: Sequence[Posture]) -> dict[str, Any]:
    """The fields of a posture with the verdict on several devices, one of which asks: no word is better than the worst, or
    newer than the oldest."""
    times = [each.compliance_at for each in postures]
    ends = [each.compliance_until for each in postures if each.compliance_until]
    first, *others = [frozenset(each.compliance_apps) for each in postures]
    return {
        "compliance": min((each.compliance for each in postures), key=_VERDICTS.index),
        "threat": min((each.threat for each in postures), key=_THREATS.index),
        "compliance_at": None if None in times else min(filter(None, times)),
        "compliance_until": min(ends, default=None),
        "compliance_apps": tuple(sorted(first.intersection(*others))),
        "compliance_covers": all(each.compliance_covers for each in postures),
    }


def bad_words(posture: Posture) -> dict[str, Any]:
    """The fields of a posture with the bad words of managements alone."""
    found: dict[str, Any] = {}
    if posture.compliance in _AGAINST:
        found = {"compliance": posture.compliance, "compliance_at": posture.compliance_at}
    return found | ({"threat": posture.threat} if posture.threat in _AGAINST else {})


def speaks_against(posture: Posture) -> bool:
    """Whether a management has a bad word for the device."""
    return not {posture.compliance, posture.threat}.isdisjoint(_AGAINST)


def may_be_worse(before: Posture, after: Posture) -> bool:
    """Whether a rule may keep out a device by the verdict after which it let in before."""
    older = before.compliance_at is not None and (
        after.compliance_at is None or after.compliance_at < before.compliance_at
    )
    return (
        _VERDICTS.index(after.compliance) < _VERDICTS.index(before.compliance)
        or _THREATS.index(after.threat) < _THREATS.index(before.threat)
        or before.compliance_covers > after.compliance_covers
        or older
    )
