"""The picture of a person's last days: a lane for each device, on which days it got mail and on which it got none, with numbered marks."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, date, datetime, time, timedelta
from itertools import groupby

from markupsafe import Markup

from mailgate.console import svg
from mailgate.console.devices.timeline import Event
from mailgate.console.people.facts import DAYS, Lane, PersonFacts
from mailgate.console.people.verdict import named
from mailgate.console.words import device_in_words
from mailgate.model.phrase import capital, joined, phrase, translate
from mailgate.texts import Language

WIDE, PHONE = 640, 330
"""The widths of the two drawings."""
MAX_MARKS = 9
_MARKED = ("rule", "refused", "help", "exemption", "lost")
_TOP, _LANE, _APART = 34, 46, 20
_DRAWN = Markup('<svg class="lanes {}" viewBox="0 0 {} {}" role="img" aria-label="{}">{}</svg>')


def marks_of(found: PersonFacts, now: datetime) -> list[Event]:
    """What is numbered in the picture, in order."""
    since = _first_day(now)
    marked = [each for each in found.timeline if each.what in _MARKED and since <= each.at <= now]
    return marked[:MAX_MARKS][::-1]


def drawn(found: PersonFacts, marks: Sequence[Event], now: datetime, language: Language) -> Markup:
    """The picture for a wide page and for a phone; empty if nobody asked for mail."""
    lanes = found.lanes
    names = named(found.devices)
    # a client that shows no device may be a reported one, and is not told to be
    titles = [
        capital(
            names.get(each.device)
            or phrase("%(client)s, no known device", client=device_in_words(each.kind, each.os))
        )
        for each in lanes
    ]
    words = translate(joined(map(_in_words, titles, lanes), " "), language)
    height = _TOP + _LANE * len(lanes) + 22
    pictures = (("only-wide", WIDE), ("only-phone", PHONE))
    return Markup("").join(
        _DRAWN.format(look, width, height, words, Markup("".join(_parts(lanes, titles, marks, now, width, language))))  # noqa: S704 - svg.py escapes
        for look, width in pictures if lanes
    )  # fmt: skip


def _first_day(now: datetime) -> datetime:
    return datetime.combine(now.astimezone(UTC).date(), time(), UTC) - timedelta(days=DAYS - 1)


def _in_words(title: str, lane: Lane) -> str:
    return phrase(
        "%(device)s: days with mail %(got)s, with none %(refused)s, without a request %(silent)s.",
        device=title,
        got=sum(any(each) for each in lane.days.values()),
        refused=sum(not all(each) for each in lane.days.values()),
        silent=DAYS - len(lane.days),
    )


def _parts(
    lanes: Sequence[Lane], titles: Sequence[str], marks: Sequence[Event], now: datetime, width: int, language: Language
) -> Iterator[str]:  # fmt: skip
    first, column = _first_day(now), width / DAYS
    bottom = _TOP + _LANE * len(lanes)
    for place in range(0, DAYS, 2 if width == WIDE else 4):
        x, noon = place * column, first + timedelta(days=place, hours=12)
        yield f'<path class="grid-line" d="M{x:.1f} {_TOP - 8}V{bottom}"/>'
        yield svg.text(x, bottom + 16, language.short_day(noon), "soft", at=noon)
    ends = [(each.at - first) / timedelta(days=DAYS) * width for each in marks]
    for number, (at, x) in enumerate(zip(ends, _apart(ends, width), strict=True), 1):
        yield f'<path class="mark-line" d="M{at:.1f} {_TOP - 12}V{bottom}"/>'
        yield f'<circle class="dot" cx="{x:.1f}" cy="11" r="9.5"/>'
        yield svg.text(x, 15, str(number), "dot-t", "middle")
    for row, (lane, title) in enumerate(zip(lanes, titles, strict=True)):
        y = _TOP + row * _LANE
        yield svg.text(0, y + 10, translate(title, language), "ink")
        yield svg.across(0, y + 28, width)
        yield from _bars(lane, first, y + 18, column / 2)


def _bars(lane: Lane, first: datetime, y: float, half: float) -> Iterator[str]:
    """A bar for each run of half days with the same outcome. On a day with both, the last one comes second."""
    got: dict[int, bool] = {}
    for day, outcomes in lane.days.items():
        place, last = 2 * (date.fromisoformat(day) - first.date()).days, outcomes[-1]
        got |= {place: last is (len(set(outcomes)) == 1), place + 1: last}
    for outcome, run in groupby(range(2 * DAYS), got.get):
        places = list(run)
        if outcome is not None:
            x, wide = places[0] * half, len(places) * half
            yield svg.bar(x, y + 4, wide, 12, "got") if outcome else svg.bar(x, y, wide, 20, "bar block")


def _apart(places: Iterable[float], width: int) -> list[float]:
    """Where numbers stand, near their places and beside each other."""
    told: list[float] = []
    for each in places:
        told.append(max(each, _APART / 2, told[-1] + _APART if told else 0))
    for place in reversed(range(len(told))):
        told[place] = min(told[place], width - _APART / 2 - (len(told) - 1 - place) * _APART)
    return told
