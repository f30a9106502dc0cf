"""A plan on the terminal: first what matters most, in words that need no manual."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from rich.box import SIMPLE
from rich.console import Console
from rich.table import Column, Table
from rich.text import Text

from mailgate.cli.stored import printable
from mailgate.rollout.plan import LABELS
from mailgate.simulate import DIMENSIONS

NEWLY = {
    "block": "newly kept out",
    "challenge": "newly asked for proof",
    "warn": "newly warned",
    "allow": "newly let in",
    "unknown": "cannot be told",
}
"""What each label is called before people."""
IS = {
    "block": "kept out",
    "challenge": "asked for proof",
    "warn": "warned",
    "allow": "let in",
    "unknown": "unknown",
}
_STYLES = {
    "block": "bold red",
    "challenge": "bold yellow",
    "warn": "yellow",
    "allow": "green",
    "unknown": "magenta",
}
_SIGNS = {"+": "green", "-": "red", "~": "yellow"}
_ROWS = 8
"""Rows of each breakdown; --json and --csv have all."""


def show_plan(plan: dict[str, Any], console: Console) -> None:
    """Print a plan."""
    active, candidate, window = plan["active"], plan["candidate"], plan["window"]
    console.print(Text(f"Plan {plan['digest'][:12]}", style="bold"), highlight=False)
    _line(
        console,
        f"policy {candidate['policy']} in place of version {active['number']} (policy {active['policy']})",
    )
    _changes(console, plan)
    _cases(console, plan)
    _line(console, f"\nIf it were in force now, of {_totals(plan)}:")
    console.print(_overview(plan["newly"], plan["untouched"]))
    for label in LABELS:
        _details(console, plan, label)
    for moment in plan["later"]:
        _later(console, plan, moment)
    _rules(console, plan)
    notes = list(_notes(plan, window))
    if notes:
        _line(console, "\nGood to know", "bold")
        for note in notes:
            _line(console, f"  {note}")


def _line(console: Console, text: str, style: str = "") -> None:
    """One line; a line break in front leaves an empty one."""
    if text.startswith("\n"):
        console.print()
    console.print(Text(printable(text.removeprefix("\n")), style=style), highlight=False)


def _changes(console: Console, plan: dict[str, Any]) -> None:
    _line(console, "\nWhat changes in the rules", "bold")
    for each in plan["changes"]:
        _line(console, f"  {each['sign']} {each['about']}: {each['words']}", _SIGNS[each["sign"]])
    if not plan["changes"]:
        _line(console, "  nothing that decides anything")


def _cases(console: Console, plan: dict[str, Any]) -> None:
    run, failed = plan["cases"]["run"], plan["cases"]["failed"]
    _line(console, f"\nTests: {run - len(failed)} of {run} cases hold", "bold red" if failed else "bold")
    for each in failed:
        wrong = ", ".join(f"{name} is {got}, not {wanted}" for name, (wanted, got) in each["wrong"].items())
        _line(console, f"  FAILED {each['name']}: {wrong}", "red")


def _totals(plan: dict[str, Any]) -> str:
    totals = plan["totals"]
    strangers = f" and {_number(totals['clients'])} clients without one" if totals["clients"] else ""
    return f"{_number(totals['people'])} people with {_number(totals['devices'])} devices{strangers}"


def _overview(newly: dict[str, Any], same: dict[str, int] | None = None) -> Table:
    table = Table(
        Column(""), Column("people", justify="right"), Column("devices", justify="right"), box=SIMPLE
    )
    for label in LABELS:
        new = newly[label]
        style = _STYLES[label] if new["devices"] else "dim"
        table.add_row(NEWLY[label], _number(new["people"]), _number(new["devices"]), style=style)
    if same:
        table.add_row("no change", _number(same["people"]), _number(same["devices"]))
    return table


def _later(console: Console, plan: dict[str, Any], moment: dict[str, Any]) -> None:
    """Who moves when a stage has begun; the guard counts them now."""
    begun = datetime.fromisoformat(moment["at"])
    when = f"From {begun.astimezone(UTC):%Y-%m-%d %H:%M} UTC on"
    if moment["at"] == plan["made_at"]:
        when = "Once every grace is over and no rule is out"
    newly = moment["newly"]
    if not any(newly[label]["devices"] for label in LABELS):
        _line(console, f"\n{when}, nobody moves.", "dim")
        return
    _line(console, f"\n{when}, beside what is in force by then:", "bold")
    console.print(_overview(newly))
    for label in LABELS:
        for sample in newly[label]["samples"][:_ROWS]:
            _line(console, f"  {_told(sample, 'without the change')}")


def _details(console: Console, plan: dict[str, Any], label: str) -> None:
    new = plan["newly"][label]
    if not new["devices"]:
        return
    table = Table(
        Column("", min_width=8), Column("", overflow="fold"), Column("people", justify="right"), Column("devices", justify="right"),
        box=SIMPLE, title=NEWLY[label].capitalize(), title_style=_STYLES[label], title_justify="left",
    )  # fmt: skip
    for dimension in DIMENSIONS:
        for number, row in enumerate(new["by"][dimension][:_ROWS]):
            name = f"by {dimension}" if number == 0 else ""
            table.add_row(
                name, Text(printable(row["value"])), _number(row["people"]), _number(row["devices"])
            )
        if len(new["by"][dimension]) > _ROWS:
            table.add_row("", f"and {len(new['by'][dimension]) - _ROWS} more", "", "")
    console.print(table)
    for sample in new["samples"][:_ROWS]:
        _line(console, f"  {_told(sample)}")


def _told(sample: dict[str, Any], today: str = "now") -> str:
    who = sample["person"] or "nobody named"
    apps = f", has {', '.join(sample['apps'])}" if sample["apps"] else ""
    what = f"{sample['kind']} {sample['system']}".strip()
    before, after = sample["from"], sample["to"]
    return (
        f"{who}: {what}, {sample['device']}{apps}: {IS[before['effect']]} by {before['rule']} {today}, "
        f"then {IS[after['effect']]} by {after['rule']} ({after['reason']})"
    )


def _rules(console: Console, plan: dict[str, Any]) -> None:
    found = list(_idle(plan["rules"]))
    if found:
        _line(console, "\nRules that do nothing", "bold")
    for words in found:
        _line(console, f"  {words}", "yellow")


def _idle(rules: dict[str, Any]) -> Iterator[str]:
    for name, why in rules["out_of_reach"].items():
        yield f"{name} can never decide anything: {why}"
    for name in rules["match_nobody"]:
        yield f"{name} matches nobody of all these"
    for name in rules["not_started"]:
        yield f"{name} has not started by its stages: whom it will hit stands under its date"


def _notes(plan: dict[str, Any], window: dict[str, Any]) -> Iterator[str]:
    yield f"Counted: every known device, and every sighting since {window['since']}. A person or device that comes in"
    yield "two ways may stand in two rows. Devices not seen since then are taken to ask with their proof."
    if plan["newly"]["unknown"]["devices"]:
        names = ", ".join(plan["hangs_on"])
        yield f"What cannot be told hangs on {names}, which is not recorded of requests."
    exempt, off = plan["reliefs"]["exempt"], plan["reliefs"]["off"]
    if exempt["people"] or exempt["devices"]:
        yield f"{_number(exempt['people'])} people and {_number(exempt['devices'])} devices are exempt from some rule and decided so."
    for name, words in off.items():
        yield f"{name} is {words}. Nobody is counted as stopped by it."
    for name in plan["newly_listed"]:
        yield f"{name} is listed only now: no report tells of it yet, so whom it hits is not known."


def _number(count: int) -> str:
    return f"{count:,}"
