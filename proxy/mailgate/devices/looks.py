"""What looks at a device, and denials and verdicts of its management, are worth: which listed apps they rule out, until when, and
which one takes back what another one said.

A look rules out an app if it could answer for it and did not see it. A denial rules out an app that cannot run, whether or
not it is there. Each counts by its own time, and neither makes the other newer.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple, TypeVar

from mailgate.devices.device import AGAINST, Report
from mailgate.devices.trust import is_self_reported, rank
from mailgate.model import Compliance, Posture, Threat
from mailgate.model.device import PostureTerms
from mailgate.model.times import LONG_AGO, When, happened

NEVER = datetime.max.replace(tzinfo=UTC)


class Testimony(NamedTuple):
    """A look at the apps of a device, or a check of what its management keeps from running."""

    report: Report
    is_denial: bool
    at: datetime | None
    """The latest time of a look, the earliest one of a denial; None if nobody can know it."""
    end: datetime
    counts: bool
    """False for a look that could not see everything, and for a check that failed."""
    apps: frozenset[str]
    """The listed apps that it answers for: the device has none of them that it did not see, or none of them can run."""

    @property
    def recency(self) -> tuple[datetime, datetime]:
        """The key that orders answers: first by their time, then by their expiry."""
        own = self.report.denied_until if self.is_denial else self.report.expires_at
        return (self.at or LONG_AGO, own or LONG_AGO)

    @property
    def lag(self) -> timedelta:
        """How much earlier than ``at`` it may have been."""
        return timedelta() if self.is_denial else self.report.lag


def answers_of(
    reports: Iterable[Report], terms: PostureTerms, listed: frozenset[str], now: datetime
) -> list[Testimony]:
    """The looks and the denials in the reports of sources that still have the device."""
    return [
        answer for report in reports if not report.gone for answer in _answers(report, terms, listed, now)
    ]


def _answers(
    report: Report, terms: PostureTerms, listed: frozenset[str], now: datetime
) -> Iterator[Testimony]:
    if report.reported_at is not None:
        whole, end = is_whole(report), expiry(report, terms, now) or LONG_AGO
        apps = (listed if report.asked is None else report.asked & listed) if whole else frozenset[str]()
        yield Testimony(report, False, report.looked(now), end, whole, apps)
    if report.denied_at is not None and not is_self_reported(report.source):
        denied = report.denied & listed if report.status != "contraindicated" else frozenset[str]()
        end = denial_end(report, terms, now) or LONG_AGO
        yield Testimony(report, True, happened(report.denied_at, now), end, bool(denied), denied)


def expiry(report: Report, terms: PostureTerms, now: datetime) -> datetime | None:
    """When the look expires: by the report's own end or by its age, whichever comes first; None if that is unknown."""
    if report.looked(now) is None or report.reported_at is None:
        return None
    end = (report.looked_from or report.reported_at) + terms.age_of(report.source)
    return min(end, report.expires_at) if report.expires_at else end


def denial_end(report: Report, terms: PostureTerms, now: datetime) -> datetime | None:
    """When the denial ends, in the same way; None if that is unknown, or if there is none."""
    if happened(report.denied_at, now) is None or report.denied_at is None:
        return None
    return report.denied_until or report.denied_at + terms.age_of(report.source)


def is_whole(report: Report) -> bool:
    """Whether the look could see every app for which it answers."""
    return bool(report.apps_complete) and report.status != "contraindicated"


def within_reach(report: Report, listed: frozenset[str]) -> Report:
    """The report as people are told it: a look that could not answer for every listed app has not seen all of them."""
    partly = report.apps_complete and report.asked is not None and not listed <= report.asked
    return replace(report, apps_complete=False) if partly else report


def answering(answers: Iterable[Testimony], listed: frozenset[str]) -> list[Testimony]:
    """The answers that together answer for every listed app, if they do; preferably one look, or else one denial, alone."""
    able = [answer for answer in answers if answer.counts]
    if alone := [answer for answer in able if answers_alone(answer, listed)]:
        return [answer for answer in alone if not answer.is_denial] or alone
    return able if able and not unanswered(able, listed) else []


def answers_alone(answer: Testimony, listed: frozenset[str]) -> bool:
    """Whether it answers for every listed app."""
    return answer.apps is listed or answer.apps >= listed


def unanswered(answers: Iterable[Testimony], listed: frozenset[str]) -> frozenset[str]:
    """The listed apps for which none of these answers answers."""
    return listed.difference(*(answer.apps for answer in answers))


def bearer_of(answers: Iterable[Testimony], listed: frozenset[str]) -> Testimony:
    """The answer on which it rests that these answer for every listed app: the newest that does so alone, or the one whose end
    would first leave an app without an answer."""
    answers = list(answers)
    if alone := [answer for answer in answers if answers_alone(answer, listed)]:
        return newest(alone)
    last = [max((answer for answer in answers if app in answer.apps), key=_end) for app in sorted(listed)]
    return min(last, key=_end)


def newest(answers: Iterable[Testimony]) -> Testimony:
    """The newest look, or the newest denial if there is no look; of equally new ones the first."""
    return max(answers, key=lambda answer: (not answer.is_denial, answer.recency))


def _end(answer: Testimony) -> datetime:
    return answer.end


def sightings_of(
    app: str, reports: Sequence[Report], precedence: Sequence[str], now: datetime
) -> list[Report]:
    """The reports that say that the app is there and that no later look takes back."""
    return [
        report
        for report in reports
        if app in report.apps
        and not any(_takes_back(other, app, report, precedence, now) for other in reports)
    ]


def _takes_back(other: Report, app: str, report: Report, precedence: Sequence[str], now: datetime) -> bool:
    """Whether ``other`` takes the app back: it surely looked later, could see the app, did not, and ranks as high. Who sees one
    profile takes back nothing seen elsewhere, and no look is known to be later than one of unknown time."""
    looked = other.looked(now)
    return (
        is_whole(other)
        and app not in other.apps
        and (other.asked is None or app in other.asked)
        and other.profile in ("", report.profile)
        and looked is not None
        and looked - other.lag > (report.saw_at(now) or now)
        and rank(other.source, precedence) <= rank(report.source, precedence)
    )


def held_until(
    app: str,
    sightings: Iterable[Report],
    denials: Sequence[Testimony],
    precedence: Sequence[str],
    now: datetime,
) -> datetime | None:
    """Until when the app cannot run although it was seen; None if it may. Each sighting needs a denial that is surely later,
    by a source that ranks as high or higher. When the denial ends, the app counts as seen again."""
    ends = [
        [
            answer.end
            for answer in denials
            if app in answer.apps
            and answer.at is not None
            and answer.at > (report.saw_at(now) or now)
            and rank(answer.report.source, precedence) <= rank(report.source, precedence)
        ]
        for report in sightings
    ]
    return min(map(max, ends)) if all(ends) else None


Word = TypeVar("Word", Compliance, Threat)

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
    """When the device was judged so at the earliest; None if there is no verdict."""
    until: datetime | None = None
    """When a word runs out; None if none does."""
    apps: frozenset[str] = frozenset()
    threat: Threat = Threat.NONE


class _Told(NamedTuple):
    report: Report
    span: When
    """``LONG_AGO`` for what nobody can know."""
    end: datetime


def judgement(reports: Iterable[Report], terms: PostureTerms, now: datetime) -> Judgement:
    """What the verdicts in these reports come to: the hardest word of those that none takes back.

    A good word runs out with its age. A bad one stays, like an app that was seen, until a later good one of a source that ranks as
    high: silence makes no device better. No verdict says by itself that an app is absent.
    """
    told = _told(reports, terms, now)
    if not told:
        return Judgement()
    compliance, judge = _hardest(told, lambda report: report.compliance, _VERDICTS, terms, now)
    threat, warner = _hardest(told, lambda report: report.threat, _THREATS, terms, now)
    words = ((compliance, judge), (threat, warner))
    ends = [each.end for word, each in words if each and word not in AGAINST | _SILENT]
    fresh = judge is not None and not judge.report.gone and now < judge.end
    return Judgement(
        compliance or Compliance.NONE,
        judge and happened(judge.report.compliance_at, now),
        min(ends, default=None),
        judge.report.compliance_apps if judge and fresh else frozenset(),
        threat or Threat.NONE,
    )


def verdict_ends(reports: Iterable[Report], terms: PostureTerms, now: datetime) -> list[datetime]:
    return [each.end for each in _told(reports, terms, now)]


def _told(reports: Iterable[Report], terms: PostureTerms, now: datetime) -> list[_Told]:
    return [
        _Told(
            report,
            When(since, happened(report.compliance_last or report.compliance_at, now) or LONG_AGO),
            since + terms.verdict_age_of(report.source),
        )
        for report in reports
        if report.compliance_at and not is_self_reported(report.source)
        if not (report.gone and AGAINST.isdisjoint((report.compliance, report.threat)))
        for since in [happened(report.compliance_at, now) or LONG_AGO]
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
        if word not in AGAINST or not any(_takes_word_back(*other, each, terms, now) for other in words)
    ]
    said = [pair for pair in words if pair[0] not in _SILENT] or words
    return min(said, key=lambda pair: order.index(pair[0]), default=(None, None))


def _word(told: _Told, read: Callable[[Report], Word], now: datetime) -> Word:
    word = read(told.report)
    if told.report.gone and word not in AGAINST:
        return type(word)("none")  # who leaves a management takes its good word along, and not the bad one
    return word if now < told.end or word in AGAINST | _SILENT else type(word)("unknown")


def _takes_word_back(word: Word, other: _Told, told: _Told, terms: PostureTerms, now: datetime) -> bool:
    later = other.span.since > (told.span.at if told.span.at > LONG_AGO else now)
    high = rank(other.report.source, terms.precedence) <= rank(told.report.source, terms.precedence)
    return word not in AGAINST | _SILENT and later and high


def strictest_judgement(postures: Sequence[Posture]) -> dict[str, Any]:
    """The fields of a posture with the verdict on several devices: no better than the worst, no newer than the oldest."""
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
    if posture.compliance in AGAINST:
        found = {"compliance": posture.compliance, "compliance_at": posture.compliance_at}
    return found | ({"threat": posture.threat} if posture.threat in AGAINST else {})


def speaks_against(posture: Posture) -> bool:
    """Whether a management has a bad word for the device."""
    return not {posture.compliance, posture.threat}.isdisjoint(AGAINST)


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
