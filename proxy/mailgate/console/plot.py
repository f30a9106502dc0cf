"""Draws the verdicts of the last minutes as SVG: a stacked bar for each minute, with a text for screen readers."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from mailgate.console.render import count
from mailgate.console.verdict_rates import Minute
from mailgate.views import svg

WIDTH, HEIGHT, LEFT, BELOW, ABOVE = 640, 190, 44, 22, 10
EFFECTS = ("block", "challenge", "warn", "allow")
"""The parts from the axis upwards. Those that keep people out stand where they are seen first."""
KINDS = ("laptop", "phone", "tablet", "mail_app", "tool", "bot", "other", "unknown")


@dataclass(frozen=True, slots=True)
class Plot:
    """The values that a template needs to draw it."""

    part: str
    """``effect`` or ``kind``."""
    title: str
    words: str
    drawn: Markup
    """The bars, the lines of the grid with their numbers, and the span of time."""
    totals: tuple[tuple[str, int], ...]
    """The parts that occurred, each with its sum, in their order."""
    width: int = WIDTH
    height: int = HEIGHT


def plot(minutes: Sequence[Minute], part: str) -> Plot:
    """The plot of these minutes by ``effect`` or by ``kind``."""
    order = EFFECTS if part == "effect" else KINDS
    counted = [minute.by(part) for minute in minutes]
    totals = sum(counted, Counter[str]())
    top = nice(max((each.total() for each in counted), default=0))
    parts = [each for value in sorted({0, top // 2, top}) for each in _line(value, top)]
    for place, each in enumerate(counted):
        parts += _column(each, place, len(counted), top, order)
    parts.append(svg.text(LEFT, HEIGHT - 4, "an hour ago", "soft"))
    parts.append(svg.text(WIDTH, HEIGHT - 4, "now", "soft", "end"))
    told = [(name, totals[name]) for name in order if totals[name]]
    words = ", ".join(f"{number:,} {name}" for name, number in told) or "nothing was asked"
    return Plot(
        part,
        f"Verdicts per minute by {part}",
        f"The last {len(minutes)} minutes: {words}.",
        Markup("\n".join(parts)),  # noqa: S704 - svg.py escapes
        tuple(told),
    )


def nice(most: int) -> int:
    """The number at the top of an axis: 1, 2 or 5 with zeros, and even where it has a half."""
    step = 1
    while True:
        for factor in (2, 4, 6, 10):
            if factor * step >= most:
                return factor * step
        step *= 10


def _line(value: int, top: int) -> list[str]:
    y = _height(value, top)
    return [svg.across(LEFT, y, WIDTH - LEFT), svg.text(LEFT - 8, y + 4, count(value), "soft", "end")]


def _column(each: Counter[str], place: int, of: int, top: int, order: Sequence[str]) -> list[str]:
    room = (WIDTH - LEFT) / of
    bars, below = [], 0
    for name in order:
        if each[name]:
            upper = _height(below + each[name], top)
            lower = _height(below, top)
            bars.append(svg.bar(LEFT + place * room, upper, room * 0.8, lower - upper, f"bar {name}"))
            below += each[name]
    return bars


def _height(value: int, top: int) -> float:
    return round(HEIGHT - BELOW - (HEIGHT - BELOW - ABOVE) * value / top, 1)
