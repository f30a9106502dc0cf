"""A plan on the terminal: the most important things first, in words that need no manual."""

from collections.abc import Iterable, Mapping

from rich.box import SIMPLE
from rich.console import Console
from rich.table import Column, Table
from rich.text import Text

from mailgate.cli.output import printable, wrapped
from mailgate.console.plans.facts import (
    NEWLY,
    held_back_in_words,
    idle_rules,
    moment_in_words,
    mover_in_words,
    notes_of,
    undated_in_words,
    who_in_words,
)
from mailgate.policy.simulate.impact import DIMENSIONS, Mover
from mailgate.rollout.plan import LABELS, Counts, Moment, Plan

_STYLES = {
    "block": "bold red",
    "challenge": "bold yellow",
    "warn": "yellow",
    "allow": "green",
    "unknown": "magenta",
}
_SIGNS = {"+": "green", "-": "red", "~": "yellow"}
_ROWS = 8
"""How many rows of each breakdown are printed; --json and --csv have all."""


class Examples:
    """The first movers at each moment of a plan by their new effect, each of another person, to name them."""

    def __init__(self) -> None:
        self._found: dict[tuple[int, str], dict[str, Mover]] = {}

    def add(self, movers: Iterable[Mover]) -> None:
        for each in movers:
            for moment in range(each.since, each.until + 1):
                found = self._found.setdefault((moment, each.label), {})
                if len(found) < _ROWS:
                    found.setdefault(each.person or each.device, each)

    def of(self, moment: int, *labels: str) -> list[Mover]:
        """Those at the moment of this number: 0 is now, then come those in ``later`` of the plan."""
        return [each for label in labels for each in self._found.get((moment, label), {}).values()]

    def plain(self) -> list[dict[str, object]]:
        """All of them as plain data, each once."""
        each_once = dict.fromkeys(mover for found in self._found.values() for mover in found.values())
        return [each._asdict() for each in each_once]


def show_plan(plan: Plan, console: Console, examples: Examples) -> None:
    """Print a plan, with the names of some whom it moves."""
    active = plan.active
    console.print(Text(f"Plan {plan.digest[:12]}", style="bold"), highlight=False)
    place = f"in place of version {active.number} (policy {active.policy})"
    _line(console, f"policy {plan.candidate.policy} {place}")
    _changes(console, plan)
    _cases(console, plan)
    _line(console, f"\nIf it ran now, of {_totals(plan)}:")
    console.print(_overview(plan.newly, plan.untouched))
    for label in LABELS:
        _details(console, plan, label, examples)
    for number, moment in enumerate(plan.later, 1):
        _later(console, plan, moment, examples.of(number, *LABELS))
    undated = [*undated_in_words(plan), *map(who_in_words, examples.of(len(plan.later) + 1, *LABELS))]
    _part(console, "At times that we cannot tell", undated)
    _part(
        console,
        "Held back by a share or a stage",
        _held_back(plan, examples.of(len(plan.later) + 2, *LABELS)),
    )
    _part(console, "Rules that do nothing", idle_rules(plan.rules), "yellow")
    _part(console, "Good to know", notes_of(plan))


def _line(console: Console, text: str, style: str = "") -> None:
    """Print one line. A line break at its beginning prints an empty line first."""
    if text.startswith("\n"):
        console.print()
    line = printable(text.removeprefix("\n"))
    fits = wrapped(line, console.width) if console.is_terminal else line
    console.print(Text(fits, style=style), highlight=False, soft_wrap=True)


def _part(console: Console, title: str, lines: Iterable[str], style: str = "") -> None:
    """Print some lines below a title; nothing without lines."""
    for number, words in enumerate(lines):
        if not number:
            _line(console, f"\n{title}", "bold")
        _line(console, f"  {words}", style)


def _changes(console: Console, plan: Plan) -> None:
    _line(console, "\nWhat changes in the rules", "bold")
    for each in plan.changes:
        _line(console, f"  {each}", _SIGNS[each.sign])
    if not plan.changes:
        _line(console, "  no difference that affects a decision")


def _cases(console: Console, plan: Plan) -> None:
    run, failed = plan.cases.run, plan.cases.failed
    _line(console, f"\nTests: {run - len(failed)} of {run} cases hold", "bold red" if failed else "bold")
    for each in failed:
        wrong = ", ".join(f"{name} is {got}, not {wanted}" for name, (wanted, got) in each.wrong.items())
        _line(console, f"  FAILED {each.name}: {wrong}", "red")


def _totals(plan: Plan) -> str:
    totals = plan.totals
    strangers = f" and {totals.clients:,} clients without a known one" if totals.clients else ""
    return f"{totals.people:,} people, {totals.devices:,} known devices{strangers}"


def _overview(newly: Mapping[str, Counts], same: Counts | None = None) -> Table:
    table = Table(
        Column(""), Column("people", justify="right"), Column("devices", justify="right"), box=SIMPLE
    )
    for label in LABELS:
        new = newly[label]
        style = _STYLES[label] if new.devices else "dim"
        table.add_row(NEWLY[label], f"{new.people:,}", f"{new.devices:,}", style=style)
    if same:
        table.add_row("no change", f"{same.people:,}", f"{same.devices:,}")
    return table


def _later(console: Console, plan: Plan, moment: Moment, examples: Iterable[Mover]) -> None:
    """How many move when a stage has begun. The guard counts them now."""
    when = moment_in_words(plan, moment)
    newly = moment.newly
    if not any(newly[label].devices for label in LABELS):
        _line(console, f"\n{when}, nothing changes for anybody.", "dim")
        return
    _line(console, f"\n{when}, beside what applies by then:", "bold")
    console.print(_overview(newly))
    for each in examples:
        _line(console, f"  {mover_in_words(each, 'without the change')}")


def _held_back(plan: Plan, examples: Iterable[Mover]) -> list[str]:
    """Whom a share or a stage misses. The guard does not count them."""
    if plan.held_back is None:
        return []
    return [held_back_in_words(plan), *(mover_in_words(each, "without the change") for each in examples)]


def _details(console: Console, plan: Plan, label: str, examples: Examples) -> None:
    new = plan.newly[label]
    if not new.devices:
        return
    table = Table(
        Column("", min_width=8), Column("", overflow="fold"), Column("people", justify="right"), Column("devices", justify="right"),
        box=SIMPLE, title=NEWLY[label].capitalize(), title_style=_STYLES[label], title_justify="left",
    )  # fmt: skip
    for dimension in DIMENSIONS:
        for number, row in enumerate(new.by[dimension][:_ROWS]):
            name = f"by {dimension}" if number == 0 else ""
            table.add_row(name, Text(printable(row.value)), f"{row.people:,}", f"{row.devices:,}")
        if len(new.by[dimension]) > _ROWS:
            table.add_row("", f"and {len(new.by[dimension]) - _ROWS} more", "", "")
    console.print(table)
    for each in examples.of(0, label):
        _line(console, f"  {mover_in_words(each)}")
