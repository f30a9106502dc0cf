"""A plan on the terminal: the most important things first, in words that need no manual."""

from collections.abc import Iterable, Mapping

from rich.box import SIMPLE
from rich.console import Console
from rich.table import Column, Table
from rich.text import Text

from mailgate.cli.output import printable
from mailgate.console.plans.facts import (
    NEWLY,
    held_back_in_words,
    idle_rules,
    moment_in_words,
    notes_of,
    sample_in_words,
    undated_in_words,
    who_in_words,
)
from mailgate.policy.simulate.impact import DIMENSIONS
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


def show_plan(plan: Plan, console: Console) -> None:
    """Print a plan."""
    active = plan.active
    console.print(Text(f"Plan {plan.digest[:12]}", style="bold"), highlight=False)
    place = f"in place of version {active.number} (policy {active.policy})"
    _line(console, f"policy {plan.candidate.policy} {place}")
    _changes(console, plan)
    _cases(console, plan)
    _line(console, f"\nIf it ran now, of {_totals(plan)}:")
    console.print(_overview(plan.newly, plan.untouched))
    for label in LABELS:
        _details(console, plan, label)
    for moment in plan.later:
        _later(console, plan, moment)
    undated = [*undated_in_words(plan), *map(who_in_words, plan.undated.samples[:_ROWS])]
    _part(console, "At times that we cannot tell", undated)
    _part(console, "Held back by a share or a stage", _held_back(plan))
    _part(console, "Rules that do nothing", idle_rules(plan.rules), "yellow")
    _part(console, "Good to know", notes_of(plan))


def _line(console: Console, text: str, style: str = "") -> None:
    """Print one line. A line break at its beginning prints an empty line first."""
    if text.startswith("\n"):
        console.print()
    console.print(Text(printable(text.removeprefix("\n")), style=style), highlight=False)


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
    strangers = f" and {totals.clients:,} clients without one" if totals.clients else ""
    return f"{totals.people:,} people with {totals.devices:,} devices{strangers}"


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


def _later(console: Console, plan: Plan, moment: Moment) -> None:
    """How many move when a stage has begun. The guard counts them now."""
    when = moment_in_words(plan, moment)
    newly = moment.newly
    if not any(newly[label].devices for label in LABELS):
        _line(console, f"\n{when}, nothing changes for anybody.", "dim")
        return
    _line(console, f"\n{when}, beside what applies by then:", "bold")
    console.print(_overview(newly))
    for label in LABELS:
        for sample in newly[label].samples[:_ROWS]:
            _line(console, f"  {sample_in_words(sample, 'without the change')}")


def _held_back(plan: Plan) -> list[str]:
    """Whom a share or a stage misses. The guard does not count them."""
    if plan.held_back is None:
        return []
    samples = [each for label in LABELS for each in plan.held_back.newly[label].samples[:_ROWS]]
    return [held_back_in_words(plan), *(sample_in_words(each, "without the change") for each in samples)]


def _details(console: Console, plan: Plan, label: str) -> None:
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
    for sample in new.samples[:_ROWS]:
        _line(console, f"  {sample_in_words(sample)}")
