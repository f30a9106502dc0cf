"""What looks at a device, and denials by its management, are worth: which listed apps they rule out, until when, and which
one takes back what another one saw.

A look rules out an app if it could answer for it and did not see it. A denial rules out an app that cannot run, whether or
not it is there. Each counts by its own time, and neither makes the other newer.
"""

from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from mailgate.devices.device import Report
from mailgate.devices.trust import is_self_reported, rank
from mailgate.model.device import PostureTerms
from mailgate.model.times import LONG_AGO, happened

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
    end = report.denied_at + terms.age_of(report.source)
    return min(end, report.denied_until) if report.denied_until else end


def is_whole(report: Report) -> bool:
    """Whether the look could see every app for which it answers."""
    return bool(report.apps_complete) and report.status != "contraindicated"


def answering(answers: Iterable[Testimony], listed: frozenset[str]) -> list[Testimony]:
    """The answers that together answer for every listed app; none if they do not. A look that does so alone is preferred,
    then a denial that does."""
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
    """Whether ``other`` takes the app back: it surely looked later and could see the app, did not see it, and ranks as
    high or higher. Of a look whose time is unknown it is not known that another one was later."""
    looked = other.looked(now)
    return (
        is_whole(other)
        and app not in other.apps
        and (other.asked is None or app in other.asked)
        and looked is not None
        and looked - other.lag > (report.looked(now) or now)
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
            and answer.at > (report.looked(now) or now)
            and rank(answer.report.source, precedence) <= rank(report.source, precedence)
        ]
        for report in sightings
    ]
    return min(map(max, ends)) if all(ends) else None
