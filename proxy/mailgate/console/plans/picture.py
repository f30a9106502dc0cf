"""Draws a plan: the people who move among the whole company, over time, by group and by kind. The SVG can be read by screen readers."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from mailgate.console import svg
from mailgate.console.plans.facts import EFFECT_STATES, counted_in_words, devices_in, people_in, title_of
from mailgate.console.svg import Box, Mark, columns
from mailgate.console.words import KIND_CHOICES
from mailgate.model.phrase import ENGLISH, Phrase, Translator, capital, joined, phrase, plural, translate
from mailgate.rollout.plan import Counts, MoverCounts, PeopleMoved, Plan

ORDER = ("block", "challenge", "unknown", "warn", "allow")
"""The order of the labels: those that keep people out come first."""
WORDS = EFFECT_STATES | {"unknown": phrase("not known")}
WIDTH, LEAST = 420, 3.0
"""The width of a picture, and the thinnest bar, in pixels: one person among a million is still visible."""
MOST, GROUPS, KINDS = 6, 6, 4
"""How many moments, groups and kinds are drawn."""

_STYLE = (
    ".bar.block{fill:var(--no)}.bar.challenge{fill:var(--accent)}.bar.warn{fill:var(--warn)}.bar.allow{fill:var(--ok)}"
    ".bar.unknown{fill:var(--off)}.bar.rest{fill:var(--line)}.grid-line{stroke:var(--line)}.head{font-weight:600}"
)


@dataclass(frozen=True, slots=True)
class Panel:
    title: str
    words: str
    """The picture in words."""
    height: int
    drawn: str
    width: int = WIDTH


@dataclass(frozen=True, slots=True)
class Point:
    """The people who move at one moment; ``at`` is None for now."""

    at: datetime | None
    newly: Mapping[str, MoverCounts]
    moved: PeopleMoved


def points_of(plan: Plan) -> list[Point]:
    """The movers now and at each later moment."""
    moments = ((None, plan), *((each.at, each) for each in plan.later))
    return [Point(at, movers.newly, movers.moved) for at, movers in moments]


def worst_of(plan: Plan) -> Point:
    """The moment with most people kept out; where nobody is, with most devices of nobody; among equals, with most people who move, and
    then with most devices."""

    def rank(each: Point) -> tuple[int, ...]:
        people, (lost, moving) = each.moved, _devices_of_nobody(plan, each)
        return people.out, lost, people.people, moving

    return max(points_of(plan), key=rank)


def _most_moved(plan: Plan) -> Point:
    """The same moment as far as people go, whom the pictures count."""
    return max(points_of(plan), key=lambda each: (each.moved.out, each.moved.people))


def _devices_of_nobody(plan: Plan, point: Point) -> tuple[int, int]:
    """The devices that lose mail, or may, at a moment at which no person does; and all that move then."""
    moving = {label: each.devices for label, each in point.newly.items()}
    if point.moved.out:
        return 0, sum(moving.values())
    surely = moving["block"] + moving["unknown"]
    # a device that had no mail before, and is asked for a proof now, is none of those that the plan keeps out
    asked = 0 if point.newly["challenge"].people else moving["challenge"]
    return surely + min(asked, max(0, plan.kept_out.devices - surely)), sum(moving.values())


def panels(plan: Plan, translator: Translator = ENGLISH) -> list[Panel]:
    """The pictures of a plan, labelled in ``translator``; none if nobody moves."""
    if not _most_moved(plan).moved.people:
        return []
    over = [over_time(plan, translator)] if len({each.moved.people for each in points_of(plan)}) > 1 else []
    return [company(plan, translator), *over, *by_what(plan, translator)]


def picture(plan: Plan, translator: Translator = ENGLISH) -> str:
    """All pictures of a plan in one SVG file."""
    drawn = panels(plan, translator)
    parts, y = list[str](), 100
    for number, each in enumerate(drawn):
        x = 30 + (number % 2) * (WIDTH + 40)
        parts += svg.placed(
            [svg.text(0, 0, translate(each.title, translator), "head ink"), *svg.placed([each.drawn], 0, 12)],
            x,
            y,
        )
        if number % 2 or number + 1 == len(drawn):
            y += max(part.height for part in drawn[number - number % 2 : number + 1]) + 50
    heading = (_cut(translate(title_of(plan), translator)), summary(plan, translator))
    told = translate(described(plan, translator), translator)
    return svg.document(2 * WIDTH + 100, max(y, 120), heading, told, _STYLE, parts)


def summary(plan: Plan, translator: Translator = ENGLISH) -> str:
    """The largest effect of the plan and its time, in one sentence."""
    at, words = impact_at(plan), impact_words(plan)
    whole = words if at is None else joined([words, _when(plan, at, translator)], " ")
    return f"{translate(whole, translator)}."


def impact_at(plan: Plan) -> datetime | None:
    """From when on the largest effect holds; None if it does at once, or if nobody can tell when."""
    point = worst_of(plan)
    dated = point.moved.out or _devices_of_nobody(plan, point)[0] or not plan.undated.devices
    return point.at if dated else None


def impact_words(plan: Plan) -> str:
    """The largest effect of the plan, as a sentence without full stop."""
    point = worst_of(plan)
    worst, (lost, moving) = point.moved, _devices_of_nobody(plan, point)
    if worst.out or lost:
        who = _of(worst.out, plan) if worst.out else devices_in(Counts(people=0, devices=lost))
        return capital(
            phrase("%(people)s newly without mail, or may be", people=who)
            if point.newly["unknown"].devices
            else phrase("%(people)s newly without mail", people=who)
        )
    if plan.undated.devices:
        return _undated(plan)
    if moving and not worst.people:
        return plural(
            "Nobody is newly without mail; %(count)s device gets something else",
            "Nobody is newly without mail; %(count)s devices get something else",
            moving,
        )
    if worst.people:
        return plural(
            "Nobody is newly without mail; %(people)s gets something else",
            "Nobody is newly without mail; %(people)s get something else",
            worst.people,
            people=_of(worst.people, plan),
        )
    everybody = people_in(Counts(people=plan.totals.people, devices=0))
    held = plan.held_back.moved.people if plan.held_back else 0
    if held:
        return plural(
            "Nothing changes yet for %(people)s: a share or a stage holds %(number)s of them back",
            "Nothing changes yet for %(people)s: a share or a stage holds %(number)s of them back",
            held,
            people=everybody,
            number=held,
        )
    return phrase("Nothing changes for %(people)s", people=everybody)


def _undated(plan: Plan) -> str:
    people, devices = plan.undated.people, plan.undated.devices
    return plural(
        "%(who)s might lose mail at a time we cannot tell",
        "%(who)s might lose mail at a time we cannot tell",
        people or devices,
        who=_of(people, plan) if people else devices_in(plan.undated),
    )


def described(plan: Plan, translator: Translator = ENGLISH) -> str:
    """The pictures in words."""
    found: list[str] = [
        phrase(
            "%(counts)s %(outcome)s%(when)s.",
            counts=counted_in_words(newly),
            outcome=WORDS[label],
            when=_at(plan, point.at, translator),
        )
        for point in points_of(plan)
        for label in ORDER
        if (newly := point.newly[label]).devices
    ]
    if plan.undated.devices:
        found.append(joined([_undated(plan), "."], ""))
    return joined([*(found or [phrase("Nothing changes for anybody.")]), _same(plan)], " ")


def company(plan: Plan, translator: Translator = ENGLISH) -> Panel:
    """A strip of all people, with those who move in colour."""
    worst, everybody = _most_moved(plan), max(plan.totals.people, 1)
    parts = [svg.bar(0, 0, WIDTH, 22, "bar rest")]
    x, y = 0.0, 46
    for label, count in _moving(worst):
        wide = max(LEAST, WIDTH * count / everybody)
        parts.append(svg.bar(x, 0, wide, 22, f"bar {label}"))
        x += wide
        parts += [
            svg.bar(0, y - 11, 12, 12, f"bar {label}"),
            svg.text(20, y, translate(_legend(label, count, plan), translator), "ink"),
        ]
        y += 22
    return Panel(phrase("The whole company"), described(plan, translator), y, "\n".join(parts))


def _legend(label: str, count: int, plan: Plan) -> str:
    return joined([WORDS[label], _of(count, plan)], ": ")


def over_time(plan: Plan, translator: Translator = ENGLISH) -> Panel:
    """The people who move now and from each later moment on."""
    points = points_of(plan)[: MOST + 1]
    counted = [dict(_moving(each)) for each in points]
    marks = [_mark(plan, place, each.at) for place, each in enumerate(points)]
    told = [
        phrase(
            "%(number)s%(when)s",
            number=each.moved.people,
            when=_at(plan, each.at, translator) or phrase(" at once"),
        )
        for each in points
    ]
    numbers = [translator.number(each.moved.people) for each in points]
    drawn = columns(counted, ORDER, Box(WIDTH, 220, above=24), marks, numbers=numbers, translator=translator)
    return Panel(phrase("By stage"), joined([joined(told), "."], ""), 220, "\n".join(drawn))


def _mark(plan: Plan, place: int, at: datetime | None) -> Mark:
    if at is None or at == plan.made_at:
        return Mark(place, phrase("at once") if at is None else phrase("grace over"))
    return Mark(place, at=at)


BY = {"group": phrase("By group"), "kind": phrase("By kind")}


def by_what(plan: Plan, translator: Translator = ENGLISH) -> Iterator[Panel]:
    """The people who move at the worst moment, by group and by kind, each against the whole group or kind."""
    worst = _most_moved(plan)
    for dimension, most in (("group", GROUPS), ("kind", KINDS)):
        rows = _rows(plan, worst, dimension)[:most]
        if len(rows) == 1 or len({moved / whole for *_, moved, whole in rows}) > 1:
            told = [
                phrase("%(name)s: %(number)s of %(whole)s", name=name, number=moved, whole=whole)
                for name, _, moved, whole in rows
            ]
            words = joined([joined(told), "."], "")
            yield Panel(BY[dimension], words, 26 * len(rows) + 4, "\n".join(_bars(rows, translator)))


Bar = tuple[str, dict[str, int], int, int]
"""A name, the people who move by label, all who move, each once, and all people."""


def _rows(plan: Plan, point: Point, dimension: str) -> list[Bar]:
    whole = {row.value: row.people for row in plan.company.get(dimension, ())}
    found: dict[str, dict[str, int]] = {}
    for label in ORDER:
        for row in point.newly[label].by.get(dimension, ()):
            if row.people:
                found.setdefault(row.value, {})[label] = row.people
    moved = point.moved.by[dimension]
    known = KIND_CHOICES if dimension == "kind" else {}
    rows = [
        (
            known.get(name) or name.replace("_", " "),
            parts,
            moved[name],
            max(whole.get(name, 0), moved[name]),
        )
        for name, parts in found.items()
    ]
    return sorted(rows, key=lambda each: (-each[2], each[0]))


def _bars(rows: list[Bar], translator: Translator) -> Iterator[str]:
    # a person whose devices move to two effects is in the bars of both, so bars may be longer than the number beside them
    largest, left, right = max(max(whole, sum(parts.values())) for _, parts, _, whole in rows), 120, 110
    room = WIDTH - left - right
    for number, (name, parts, moved, whole) in enumerate(rows):
        y, x = number * 26, float(left)
        yield svg.text(left - 8, y + 14, _cut(translate(name, translator), 15), "ink", "end")
        yield svg.bar(left, y, max(LEAST, room * whole / largest), 18, "bar rest")
        for label, count in parts.items():
            wide = max(LEAST, room * count / largest)
            yield svg.bar(x, y, wide, 18, f"bar {label}")
            x += wide
        told = phrase("%(number)s of %(whole)s", number=moved, whole=whole)
        yield svg.text(WIDTH - right + 8, y + 14, translate(told, translator), "soft")


def _moving(point: Point) -> list[tuple[str, int]]:
    return [(label, point.newly[label].people) for label in ORDER if point.newly[label].people]


def _of(count: int, plan: Plan) -> str:
    """A number of people, and its part of all people."""
    everybody = plan.totals.people
    part = 100 * count / everybody if everybody else 0
    return plural(
        "%(number)s of %(count)s person (%(part)s)",
        "%(number)s of %(count)s people (%(part)s)",
        everybody,
        number=count,
        part=_percent(part),
    )


def _percent(part: float) -> str:
    if 0 < part < 0.1:
        return phrase("under 0.1%")
    digits = 1 if part < 10 else 0
    return phrase("%(number)s%%", number=Phrase(lambda translator: _with_digits(part, digits, translator)))


def _with_digits(part: float, digits: int, translator: Translator) -> str:
    """A number with this many decimal digits."""
    whole, _, rest = f"{part:.{digits}f}".partition(".")
    sign = translator.number(0.5)[1:2]
    return f"{whole}{sign}{rest}" if rest else whole


def _at(plan: Plan, at: datetime | None, translator: Translator) -> str:
    return "" if at is None else phrase(", %(when)s", when=_when(plan, at, translator))


def _when(plan: Plan, at: datetime, translator: Translator) -> str:
    if at == plan.made_at:
        return phrase("once every grace is over")
    return phrase("from %(day)s on", day=translator.day(at.astimezone(UTC)))


def _same(plan: Plan) -> str:
    same: Counts = plan.untouched
    return phrase(
        "No change for %(devices)s of %(people)s.", devices=devices_in(same), people=people_in(same)
    )


def _cut(words: str, most: int = 80) -> str:
    return words if len(words) <= most else f"{words[: most - 1]}…"
