"""Pictures in SVG that screen readers can read: verdicts as stacked columns, a trend as a small line beside its number, people
refused by day, and devices that lose mail by the hour."""

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from itertools import accumulate

from markupsafe import Markup

from mailgate.console import svg
from mailgate.console.apps.facts import DAYS, AppOnDay
from mailgate.console.now.traffic import RANGES, Range, Traffic
from mailgate.console.svg import Box, Mark, columns, nice
from mailgate.console.words import kind_in_words, outcome_in_words
from mailgate.model.phrase import joined, phrase, time_of, translate
from mailgate.texts import IN_ENGLISH, Language

WIDTH, HEIGHT, EDGE = 120, 28, 3
_LINE = Markup(
    '<svg class="spark" viewBox="0 0 {} {}" width="{}" height="{}" role="img" aria-label="{}"><path d="{}"/></svg>'
)


def sparkline(trend: Sequence[AppOnDay], language: Language = IN_ENGLISH) -> Markup:
    """The number of devices on each day, with the last day at the right edge; empty if there is only one day."""
    if len(trend) < 2:
        return Markup('<span class="soft">{}</span>').format(translate(phrase("Since today"), language))
    top = max(each.devices for each in trend) or 1
    points = [f"{_x(each, trend[-1]):.1f} {_y(each.devices, top):.1f}" for each in trend]
    told = {"first": trend[0].devices, "last": trend[-1].devices, "day": trend[0].day.isoformat()}
    words = translate(phrase("%(first)s to %(last)s devices since %(day)s", **told), language)
    return _LINE.format(WIDTH, HEIGHT, WIDTH, HEIGHT, words, f"M{' L'.join(points)}")


def _x(each: AppOnDay, last: AppOnDay) -> float:
    back = (last.day - each.day) / timedelta(days=1)
    return WIDTH - EDGE - back * (WIDTH - 2 * EDGE) / (DAYS - 1)


def _y(devices: int, top: int) -> float:
    return HEIGHT - EDGE - devices * (HEIGHT - 2 * EDGE) / top


BOX = Box(640, 190)
EFFECTS = ("block", "challenge", "warn", "allow")
"""The effects from the axis upwards: those that keep people out are at the bottom, where they are seen first."""
KINDS = ("laptop", "phone", "tablet", "mail_app", "tool", "bot", "other", "unknown")
RANGE_WORDS: dict[Range, str] = {
    "1h": phrase("The last 60 minutes"),
    "24h": phrase("The last 24 hours"),
    "14d": phrase("The last 14 days"),
    "60d": phrase("The last 60 days"),
}

TITLES = {"effect": phrase("Requests by outcome"), "kind": phrase("Requests by kind of client")}


@dataclass(frozen=True, slots=True)
class Plot:
    """The values that a template needs to show a picture."""

    part: str
    """``effect`` or ``kind``."""
    title: str
    words: str
    drawn: Markup
    """The columns, the grid with its numbers, and the first and last time."""
    totals: tuple[tuple[str, str, int], ...]
    """The parts that occurred, in order, each with its words and its sum."""
    width: int
    height: int


def plot(traffic: Traffic, part: str, language: Language = IN_ENGLISH) -> Plot:
    """The picture of this traffic by ``effect`` or by ``kind``."""
    order, tell = (EFFECTS, outcome_in_words) if part == "effect" else (KINDS, kind_in_words)
    counted = [getattr(each, part) for each in traffic.spans]
    totals = sum((Counter(each) for each in counted), Counter[str]())
    told = tuple((name, tell(name), totals[name]) for name in order if totals[name])
    words = joined(joined([number, name], " ") for _, name, number in told) or phrase("no requests")
    return Plot(
        part,
        TITLES[part],
        phrase("%(since)s: %(words)s.", since=RANGE_WORDS[traffic.range], words=words),
        Markup("\n".join(columns(counted, order, BOX, _marks(traffic), translator=language))),  # noqa: S704 - svg.py escapes
        told,
        BOX.width,
        BOX.height,
    )


def _marks(traffic: Traffic) -> list[Mark]:
    """The first, the middle and the last time. A day is marked by its noon, which is on that day in nearly all time zones."""
    span, count, _ = RANGES[traffic.range]
    form, later = ("short", timedelta(hours=12)) if span == "day" else ("time", timedelta(0))
    return [
        Mark(place, at=traffic.spans[place].at + later, form=form) for place in (0, count // 2, count - 1)
    ]


WIDE, PHONE = Box(620, 282, left=30, below=26, above=46), Box(340, 210, left=30, below=26, above=46)
"""Two drawings of one picture, since texts would shrink with one."""
NO_COUNT = "?"
"""Stands where a day was not counted."""


@dataclass(frozen=True, slots=True)
class Drawing:
    """A picture in words, and drawn for a wide page and for a phone."""

    words: str
    wide: Markup
    phone: Markup


def refused_picture(
    counted: Sequence[tuple[date, int | None]], marked: Collection[date], language: Language = IN_ENGLISH
) -> Drawing:
    """The people refused on each day, today last. Days in ``marked`` have the numbers of their places, from 1 on."""
    first, last = (
        language.short_day(datetime.combine(day, datetime.min.time())) for day, _ in (counted[0], counted[-1])
    )
    numbers = joined(phrase("not counted") if people is None else people for _, people in counted)
    words = phrase(
        "People refused each day from %(first)s to %(last)s: %(numbers)s",
        first=first,
        last=last,
        numbers=numbers,
    )
    every = {box: _refused(counted, marked, box, language) for box in (WIDE, PHONE)}
    return Drawing(words, every[WIDE], every[PHONE])


def _refused(
    counted: Sequence[tuple[date, int | None]], marked: Collection[date], box: Box, language: Language
) -> Markup:
    of, most = len(counted), max((people or 0 for _, people in counted), default=0)
    top, step = nice(most), 1 if box is WIDE else 2
    past: list[dict[str, int]] = [
        {} if people is None else {"past" if place < of - 1 else "block": people}
        for place, (_, people) in enumerate(counted)
    ]
    days = [Mark(place, str(counted[place][0].day)) for place in range(of - 1, -1, -step)]
    lines, dots = list[str](), list[str]()
    for number, place in enumerate(
        (place for place, (day, _) in enumerate(counted) if day in marked), start=1
    ):
        x, room = box.column(place, of)
        end = box.y(counted[place][1] or 0, top)
        lines.append(f'<path class="mark-line" d="M{x + room / 2:.1f} 24V{end}"/>')
        dots.append(f'<circle class="dot" cx="{x + room / 2:.1f}" cy="14" r="9.5"/>')
        dots.append(svg.text(x + room / 2, 18, str(number), "dot-t", "middle"))
    unknown = [
        svg.text(x + room / 2, box.height - box.below - 5, NO_COUNT, "soft", "middle")
        for place, (_, people) in enumerate(counted)
        for x, room in [box.column(place, of)]
        if people is None
    ]
    short = most < (10_000 if box is WIDE else 1_000)
    numbers = [sum(each.values()) for each in past] if short else []
    drawn = columns(past, ("past", "block"), box, days, numbers=numbers, translator=language)
    return Markup("\n".join([*lines, *drawn, *unknown, *dots]))  # noqa: S704 - svg.py escapes


AWAY = Box(340, 150, left=30, below=24, above=22)
LABELLED = 6
"""Every so many hours the time is written below, and how many have lost mail by then above."""


def away_picture(hours: Sequence[int], now: datetime, language: Language = IN_ENGLISH) -> tuple[str, Markup]:
    """In words and drawn: how many devices have lost mail by each of the next hours while a source stays away."""
    lost, of = list(accumulate(hours, initial=0)), len(hours)
    top, room = nice(lost[-1]), (AWAY.width - AWAY.left) / (of + 1)  # the last step is as wide as any other
    at = [AWAY.left + room * hour for hour in range(of + 1)]
    steps = (
        "".join(f"H{at[hour]:.1f}V{AWAY.y(lost[hour], top)}" for hour in range(1, of + 1)) + f"H{AWAY.width}"
    )
    ground = AWAY.y(0, top)
    parts = [
        f'<path class="past" d="M{at[0]} {ground}{steps}V{ground}Z"/>',
        *columns([{"": top}], (), AWAY, translator=language),
    ]
    parts.append(f'<path class="line no" d="M{at[0]} {ground}{steps}"/>')
    told = list[str]()
    for hour in range(0, of + 1, LABELLED):
        moment = (now + timedelta(hours=hour)).astimezone(UTC)
        if hour < of:
            # in the middle below its hour the first one has room to the left, and never runs into the second
            parts.append(
                svg.text(
                    at[hour], AWAY.height - 6, f"{moment:%H:%M}", "soft", "middle", at=moment, form="time"
                )
            )
        if lost[hour] > lost[max(hour - LABELLED, 0)]:
            parts.append(
                svg.text(at[hour] - 3, AWAY.y(lost[hour], top) - 5, language.number(lost[hour]), "ink", "end")
            )
            told.append(phrase("%(count)s by %(at)s", count=lost[hour], at=time_of(moment)))
    words = phrase(
        "Devices that may lose mail within 24 hours: %(numbers)s", numbers=joined(told) or phrase("none")
    )
    return words, Markup("\n".join(parts))  # noqa: S704 - svg.py escapes
