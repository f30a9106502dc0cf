"""Pictures in SVG that screen readers can read: verdicts as stacked columns, and a trend as a small line beside its number."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta

from markupsafe import Markup

from mailgate.console import svg
from mailgate.console.apps.facts import DAYS, AppOnDay, AppTrend
from mailgate.console.now.traffic import RANGES, Range, Traffic
from mailgate.console.svg import Box, Mark, columns, nice
from mailgate.console.words import effect_in_words, kind_in_words
from mailgate.model.phrase import joined, phrase, translate
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
TREND = (160, 36)
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
    order, tell = (EFFECTS, effect_in_words) if part == "effect" else (KINDS, kind_in_words)
    counted = [getattr(each, part) for each in traffic.spans]
    totals = sum((Counter(each) for each in counted), Counter[str]())
    told = _worded_totals(totals, order, tell)
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


def trend(app: AppTrend, days: int) -> Markup:
    """The people kept out because of an app, a thin column for each day."""
    last = app.last.day
    told = {each.day: each.kept_out_people for each in app.days}
    return thin_columns([told.get(last - timedelta(days=back), 0) for back in range(days - 1, -1, -1)])


def thin_columns(counted: Sequence[int]) -> Markup:
    """A thin column for each number, in a drawing of the size ``TREND``."""
    width, height = TREND
    top, room = nice(max(counted)), width / len(counted)
    return Markup("\n").join(
        Markup(svg.bar(place * room, height - tall, room * 0.8, tall, "bar block"))  # noqa: S704
        for place, number in enumerate(counted)
        if (tall := max(height * number / top, 1.0))
    )


def _worded_totals(
    totals: Counter[str], order: Sequence[str], tell: Callable[[str], str]
) -> tuple[tuple[str, str, int], ...]:
    return tuple((name, tell(name), totals[name]) for name in order if totals[name])


def _marks(traffic: Traffic) -> list[Mark]:
    """The first, the middle and the last time. A day is marked by its noon, which is on that day in nearly all time
    zones."""
    span, count, _ = RANGES[traffic.range]
    form, later = ("short", timedelta(hours=12)) if span == "day" else ("time", timedelta(0))
    return [
        Mark(place, at=traffic.spans[place].at + later, form=form) for place in (0, count // 2, count - 1)
    ]
