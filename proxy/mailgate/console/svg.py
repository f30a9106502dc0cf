"""The elements of every picture: SVG for light and dark paper that screen readers can read."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from html import escape

from mailgate.look import tokens
from mailgate.model.phrase import ENGLISH, Translator, phrase, translate

_PAPER = ".paper{fill:var(--card)}.ink{fill:var(--ink)}.soft{fill:var(--soft)}text{font:15px var(--sans)}.title{font-size:20px;font-weight:600}"


def document(
    width: int, height: int, heading: tuple[str, str], description: str, style: str, parts: Iterable[str]
) -> str:
    """A whole SVG file. ``heading`` is its title and the line below; ``description`` is for screen readers."""
    title, note = heading
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" role="img" aria-labelledby="title desc">',
        f'<title id="title">{escape(title)}</title>',
        f'<desc id="desc">{escape(description)}</desc>',
        f"<style>{tokens()}{_PAPER}{style}</style>",
        f'<rect class="paper" width="{width}" height="{height}"/>',
        text(30, 42, title, "title ink"),
        text(30, 68, note, "soft"),
        *parts,
        "</svg>",
        "",
    ]
    return "\n".join(lines)


def text(
    x: float,
    y: float,
    words: str,
    style: str,
    anchor: str = "start",
    *,
    at: datetime | None = None,
    form: str = "short",
) -> str:
    """A line of text. ``anchor`` is the end of it that is at ``x``. A page shows ``at`` in its reader's time zone."""
    moment = f' data-at="{at.isoformat()}" data-form="{form}"' if at else ""
    place = f'x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}"'
    return f'<text class="{style}" {place}{moment}>{escape(words)}</text>'


def placed(parts: Iterable[str], x: int, y: int) -> list[str]:
    return [f'<g transform="translate({x} {y})">', *parts, "</g>"]


def bar(x: float, y: float, width: float, height: float, style: str) -> str:
    """A rectangle, by its upper left corner."""
    return f'<rect class="{style}" x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" height="{height:.1f}" rx="2"/>'


def across(x: float, y: float, width: float) -> str:
    """A horizontal line of the grid."""
    return f'<path class="grid-line" d="M{x:.1f} {y:.1f}h{width:.1f}"/>'


@dataclass(frozen=True, slots=True)
class Box:
    """The size of the drawing, and its margins for numbers and words, in pixels."""

    width: int
    height: int
    left: int = 44
    below: int = 22
    above: int = 10

    def column(self, place: int, of: int) -> tuple[float, float]:
        """The left end and the width of a column."""
        room = (self.width - self.left) / of
        return self.left + place * room, room

    def y(self, value: float, top: int) -> float:
        return round(self.height - self.below - (self.height - self.below - self.above) * value / top, 1)


@dataclass(frozen=True, slots=True)
class Mark:
    """Words below a column. A page shows ``at`` in the time zone of its reader; ``form`` is ``short`` for a day, or ``time``."""

    place: int
    words: str = ""
    at: datetime | None = None
    form: str = "short"


def columns(
    counted: Sequence[Mapping[str, int]],
    order: Sequence[str],
    box: Box,
    marks: Iterable[Mark] = (),
    *,
    numbers: Sequence[int | str] = (),
    translator: Translator = ENGLISH,
) -> list[str]:
    """Draw the grid with its numbers, the columns, and the marks below them.

    :param numbers: what to write above each column, if anything.
    :param translator: the language of numbers and words.
    """
    top = nice(max((sum(each.values()) for each in counted), default=0))
    parts = [each for value in sorted({0, top // 2, top}) for each in _line(value, top, box, translator)]
    for place, each in enumerate(counted):
        parts += _column(each, place, len(counted), top, order, box)
        if numbers and each:
            x, room = box.column(place, len(counted))
            y = box.y(sum(each.values()), top) - 5
            parts.append(text(x + room / 2, y, translate(numbers[place], translator), "ink", "middle"))
    return parts + [_mark(each, len(counted), box, translator) for each in marks]


def nice(most: int) -> int:
    """The number at the top of an axis: 2, 4, 6 or 10 times a power of ten, so that its half is a whole number."""
    step = 1
    while True:
        for factor in (2, 4, 6, 10):
            if factor * step >= most:
                return factor * step
        step *= 10


def short_number(value: int, translator: Translator = ENGLISH) -> str:
    """A number in few characters, for an axis."""
    for size, sign in ((1_000_000, phrase("M")), (1_000, phrase("k"))):
        if value >= 10 * size or (value >= size and size > 1_000):
            part = value / size
            return (
                f"{translator.number(int(part) if part.is_integer() else part)}{translate(sign, translator)}"
            )
    return translator.number(value)


def _line(value: int, top: int, box: Box, translator: Translator) -> list[str]:
    y = box.y(value, top)
    return [
        across(box.left, y, box.width - box.left),
        text(box.left - 8, y + 4, short_number(value, translator), "soft", "end"),
    ]


def _column(
    each: Mapping[str, int], place: int, of: int, top: int, order: Sequence[str], box: Box
) -> list[str]:
    x, room = box.column(place, of)
    wide = min(room * 0.8, 64)
    bars, below = [], 0
    for name in order:
        if number := each.get(name, 0):
            upper, lower = box.y(below + number, top), box.y(below, top)
            bars.append(bar(x + (room - wide) / 2, upper, wide, max(lower - upper, 1.5), f"bar {name}"))
            below += number
    return bars


def _mark(mark: Mark, of: int, box: Box, translator: Translator) -> str:
    x, room = box.column(mark.place, of)
    words = translate(mark.words, translator) or (
        translator.short_day(mark.at.astimezone(UTC)) if mark.at else ""
    )
    ends = {0: "start", of - 1: "end"} if of > 8 else {}
    anchor = ends.get(mark.place, "middle")
    at = {"start": x, "middle": x + room / 2, "end": x + room}[anchor]
    return text(at, box.height - 4, words, "soft", anchor, at=mark.at, form=mark.form)
