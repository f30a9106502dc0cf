"""A plan as pictures: people against the company, over the days of the stages, by group and kind. SVG, readable without seeing it."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from mailgate.rollout.plan import Counts, Newly, Plan
from mailgate.views import svg
from mailgate.views.columns import Box, Mark, columns
from mailgate.views.plan_titles import title_of
from mailgate.views.plans import IS, devices_in, people_in

ORDER = ("block", "challenge", "unknown", "warn", "allow")
"""What keeps people out comes first."""
OUT = ORDER[:3]
"""What keeps people out, or may."""
WORDS = IS | {"unknown": "cannot be told"}
WIDTH, LEAST = 420, 3.0
"""Of one picture; and the pixels of the thinnest bar: one person among a million still shows."""
MOST, GROUPS, KINDS = 6, 6, 4
"""Moments, groups and kinds that are drawn."""

_STYLE = """\
.bar.block{fill:#b3261e}.bar.challenge{fill:#6b46c1}.bar.warn{fill:#9a5b00}.bar.allow{fill:#1d7a46}.bar.unknown{fill:#525c6d}
.bar.rest{fill:#dde1e8}.grid{stroke:#dde1e8}.head{font-weight:600}
@media (prefers-color-scheme:dark){.bar.block{fill:#ff9a92}.bar.challenge{fill:#bfa5ff}.bar.warn{fill:#f0b45c}.bar.allow{fill:#6fd39b}
.bar.unknown{fill:#a9b4c4}.bar.rest{fill:#323b49}.grid{stroke:#323b49}}
"""


@dataclass(frozen=True, slots=True)
class Panel:
    """One picture."""

    title: str
    words: str
    """What it shows."""
    height: int
    drawn: str
    width: int = WIDTH


@dataclass(frozen=True, slots=True)
class Point:
    """Who moves at one moment; ``at`` is None for now."""

    at: datetime | None
    newly: Mapping[str, Newly]

    @property
    def out(self) -> int:
        return sum(self.newly[label].people for label in OUT)

    @property
    def moved(self) -> int:
        return sum(self.newly[label].people for label in ORDER)


def points_of(plan: Plan) -> list[Point]:
    """Now, and the later moments."""
    return [Point(None, plan.newly), *(Point(each.at, each.newly) for each in plan.later)]


def worst_of(plan: Plan) -> Point:
    """The moment at which most people are kept out, else at which most move."""
    return max(points_of(plan), key=lambda each: (each.out, each.moved))


def panels(plan: Plan) -> list[Panel]:
    """The pictures of a plan; none where nobody moves whom one could draw."""
    if not worst_of(plan).moved:
        return []
    return [company(plan), over_time(plan), *by_what(plan)]


def picture(plan: Plan) -> str:
    """All of them in one file, as SVG text."""
    drawn = panels(plan)
    parts, y = list[str](), 100
    for number, each in enumerate(drawn):
        x = 30 + (number % 2) * (WIDTH + 40)
        parts += svg.placed([svg.text(0, 0, each.title, "head ink"), *svg.placed([each.drawn], 0, 12)], x, y)
        if number % 2 or number + 1 == len(drawn):
            y += max(part.height for part in drawn[number - number % 2 : number + 1]) + 50
    heading = (_cut(title_of(plan)), summary(plan))
    return svg.document(2 * WIDTH + 100, max(y, 120), heading, described(plan), _STYLE, parts)


def summary(plan: Plan) -> str:
    """The most that happens, and when, in one sentence."""
    at = worst_of(plan).at
    return f"{impact_words(plan)}{'' if at is None else f' {_when(plan, at)}'}."


def impact_words(plan: Plan) -> str:
    """The most that happens, as a sentence without its end."""
    worst = worst_of(plan)
    if worst.out:
        return f"{_of(worst.out, plan)} newly kept out"
    if worst.moved:
        gets = "gets" if worst.moved == 1 else "get"
        return f"Nobody is newly kept out; {_of(worst.moved, plan)} {gets} something else"
    return f"Nobody changes, of {people_in(Counts(people=plan.totals.people, devices=0))}"


def described(plan: Plan) -> str:
    """The pictures in words."""
    found = [
        f"{people_in(newly)} with {devices_in(newly)} {WORDS[label]}{_at(plan, point.at)}."
        for point in points_of(plan)
        for label in ORDER
        if (newly := point.newly[label]).devices
    ]
    return " ".join([*(found or ["Nobody changes."]), _same(plan)])


def company(plan: Plan) -> Panel:
    """Everybody as one strip, and those who move in their colours."""
    worst, everybody = worst_of(plan), max(plan.totals.people, 1)
    parts = [svg.bar(0, 0, WIDTH, 22, "bar rest")]
    x, y = 0.0, 46
    for label, count in _moving(worst):
        wide = max(LEAST, WIDTH * count / everybody)
        parts.append(svg.bar(x, 0, wide, 22, f"bar {label}"))
        x += wide
        parts += [
            svg.bar(0, y - 11, 12, 12, f"bar {label}"),
            svg.text(20, y, f"{WORDS[label]}: {_of(count, plan)}", "ink"),
        ]
        y += 22
    return Panel("The whole company", described(plan), y, "\n".join(parts))


def over_time(plan: Plan) -> Panel:
    """Who moves today, and from each later moment on."""
    points = points_of(plan)[: MOST + 1]
    counted = [dict(_moving(each)) for each in points]
    marks = [_mark(plan, place, each.at) for place, each in enumerate(points)]
    told = [f"{each.moved:,}{_at(plan, each.at) or ' today'}" for each in points]
    return Panel(
        "By stage",
        f"{', '.join(told)}.",
        220,
        "\n".join(columns(counted, ORDER, Box(WIDTH, 220, above=24), marks, numbers=True)),
    )


def _mark(plan: Plan, place: int, at: datetime | None) -> Mark:
    if at is None or at == plan.made_at:
        return Mark(place, "today" if at is None else "grace over")
    return Mark(place, at=at)


def by_what(plan: Plan) -> Iterator[Panel]:
    """Who moves at the worst moment, by group and by kind, each against all of that group or kind."""
    worst = worst_of(plan)
    for dimension, most in (("group", GROUPS), ("kind", KINDS)):
        rows = _rows(plan, worst, dimension)[:most]
        if rows:
            told = ", ".join(f"{name}: {sum(part.values()):,} of {whole:,}" for name, part, whole in rows)
            yield Panel(f"By {dimension}", f"{told}.", 26 * len(rows) + 4, "\n".join(_bars(rows)))


Bar = tuple[str, dict[str, int], int]
"""A name, who moves by label, and how many there are."""


def _rows(plan: Plan, point: Point, dimension: str) -> list[Bar]:
    whole = {row.value: row.people for row in plan.company.get(dimension, ())}
    found: dict[str, dict[str, int]] = {}
    for label in ORDER:
        for row in point.newly[label].by.get(dimension, ()):
            if row.people:
                found.setdefault(row.value, {})[label] = row.people
    rows = [(name, parts, max(whole.get(name, 0), sum(parts.values()))) for name, parts in found.items()]
    return sorted(rows, key=lambda each: (-sum(each[1].values()), each[0]))


def _bars(rows: list[Bar]) -> Iterator[str]:
    largest, left, right = max(whole for *_, whole in rows), 120, 110
    room = WIDTH - left - right
    for number, (name, parts, whole) in enumerate(rows):
        y, x = number * 26, float(left)
        yield svg.text(left - 8, y + 14, _cut(name.replace("_", " "), 15), "ink", "end")
        yield svg.bar(left, y, max(LEAST, room * whole / largest), 18, "bar rest")
        for label, count in parts.items():
            wide = max(LEAST, room * count / largest)
            yield svg.bar(x, y, wide, 18, f"bar {label}")
            x += wide
        moved = sum(parts.values())
        yield svg.text(WIDTH - right + 8, y + 14, f"{moved:,} of {whole:,}", "soft")


def _moving(point: Point) -> list[tuple[str, int]]:
    return [(label, point.newly[label].people) for label in ORDER if point.newly[label].people]


def _of(count: int, plan: Plan) -> str:
    """So many of everybody, and what part that is."""
    everybody = plan.totals.people
    part = 100 * count / everybody if everybody else 0
    told = "under 0.1 %" if 0 < part < 0.1 else f"{part:.1f} %" if part < 10 else f"{part:.0f} %"
    return f"{count:,} of {everybody:,} {'person' if everybody == 1 else 'people'} ({told})"


def _at(plan: Plan, at: datetime | None) -> str:
    return "" if at is None else f", {_when(plan, at)}"


def _when(plan: Plan, at: datetime) -> str:
    if at == plan.made_at:
        return "once every grace is over"
    there = at.astimezone(UTC)
    return f"from {there.day} {there:%B %Y} on"


def _same(plan: Plan) -> str:
    same: Counts = plan.untouched
    return f"No change for {devices_in(same)} of {people_in(same)}."


def _cut(words: str, most: int = 80) -> str:
    return words if len(words) <= most else f"{words[: most - 1]}…"
