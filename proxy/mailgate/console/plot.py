"""Verdicts of the last minutes as a picture: one bar a minute, its parts one above the other. SVG, readable without seeing it."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from mailgate.console.pulse import Minute

WIDTH, HEIGHT, LEFT, BELOW, ABOVE = 640, 190, 44, 22, 10
EFFECTS = ("block", "challenge", "warn", "allow")
"""From the axis upwards: what keeps people out stands where it is seen first."""
KINDS = ("laptop", "phone", "tablet", "mail_app", "tool", "bot", "other", "unknown")


@dataclass(frozen=True, slots=True)
class Bar:
    """One part of one minute, in pixels."""

    part: str
    x: float
    y: float
    width: float
    height: float


@dataclass(frozen=True, slots=True)
class Plot:
    """What a template needs to draw it."""

    part: str
    """``effect`` or ``kind``."""
    title: str
    words: str
    bars: tuple[Bar, ...]
    lines: tuple[tuple[float, int], ...]
    """Heights of grid lines in pixels, with the numbers beside them."""
    totals: tuple[tuple[str, int], ...]
    """The parts that occurred, each with its sum, in their order."""
    width: int = WIDTH
    height: int = HEIGHT
    left: int = LEFT


def plot(minutes: Sequence[Minute], part: str) -> Plot:
    """The plot of these minutes by ``effect`` or by ``kind``."""
    order = EFFECTS if part == "effect" else KINDS
    counted = [minute.by(part) for minute in minutes]
    totals = sum(counted, Counter[str]())
    top = nice(max((each.total() for each in counted), default=0))
    bars = tuple(
        bar for place, each in enumerate(counted) for bar in _column(each, place, len(counted), top, order)
    )
    told = [(name, totals[name]) for name in order if totals[name]]
    words = ", ".join(f"{number:,} {name}" for name, number in told) or "nothing was asked"
    lines = tuple((_height(value, top), value) for value in sorted({0, top // 2, top}))
    return Plot(
        part,
        f"Verdicts per minute by {part}",
        f"The last {len(minutes)} minutes: {words}.",
        bars,
        lines,
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


def _column(each: Counter[str], place: int, of: int, top: int, order: Sequence[str]) -> list[Bar]:
    room = (WIDTH - LEFT) / of
    bars, below = [], 0
    for name in order:
        if each[name]:
            upper = _height(below + each[name], top)
            lower = _height(below, top)
            bars.append(
                Bar(name, round(LEFT + place * room, 1), upper, round(room * 0.8, 1), round(lower - upper, 1))
            )
            below += each[name]
    return bars


def _height(value: int, top: int) -> float:
    return round(HEIGHT - BELOW - (HEIGHT - BELOW - ABOVE) * value / top, 1)
