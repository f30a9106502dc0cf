"""``mailgate extension``: the companion extension at the company's own computers."""

import csv
import io
import json
import sys
from collections.abc import Iterator, Mapping
from dataclasses import replace
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from mailgate.atomic_files import write_atomically
from mailgate.attest.sealing import MachineTokens
from mailgate.cli import extension_package, extension_policies
from mailgate.cli.exit_codes import fail
from mailgate.cli.opened import Opened, on_store
from mailgate.cli.options import AsObject
from mailgate.cli.output import Columns, own_word, print_json, printable, tell
from mailgate.console.address_values import MisreadError
from mailgate.console.extension.facts import (
    FILTERS,
    STATES,
    BrowserFacts,
    WithoutFacts,
    browsers,
    fleet,
    people_without,
)
from mailgate.console.spreadsheet import lines
from mailgate.errors import LineMistake
from mailgate.store.fleet import FleetFilter

app = typer.Typer(help="The companion extension at the company's own computers.", no_args_is_help=True)

_MAX_NAME = 255
_MAX_MISTAKES = 20
"""How many mistakes are printed; further ones are only counted."""


class TokenForm(StrEnum):
    """How tokens are written."""

    CSV = "csv"
    JSON = "json"


@app.command()
@on_store(acts=True, decides=False, json=None)
async def tokens(
    opened: Opened,
    inventory: Annotated[
        Path,
        typer.Option(
            metavar="FILE", help="CSV with the columns machine and, if it is known, owner; - for stdin."
        ),
    ],
    form: Annotated[TokenForm, typer.Option("--format", help="The form of what is printed.")] = TokenForm.CSV,
    out: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Write to a file that only you can read, instead of printing."),
    ] = None,
) -> None:
    """Make the token of each computer of a list, by which it enrols under its name.

    Nothing is stored: the same computer and owner always have the same token, as long as extension.fleet_secret is the same. The token of
    an owner is good for that owner alone; without one, who logs in by the browser becomes the owner, where a trusted proxy says who that is.
    """
    by, machines = opened.person("operator"), _machines(inventory, form)
    if opened.settings.extension.fleet_secret is None:
        fail(1, "the settings have no `extension.fleet_secret`, with which tokens are made and checked")
    act = replace(by.act(opened.now, "machine-tokens-made"), details={"machines": len(machines)})
    await opened.store.audit.append(act)
    text = _written(machines, opened.settings.extension.machine_tokens, form)
    if out is None:
        typer.echo(text, nl=False)
    else:
        write_atomically(out, text, 0o600)
        tell(f"{len(machines)} tokens in {out}, which only you can read", err=True)


def _written(machines: Mapping[str, str], fleet: MachineTokens, form: TokenForm) -> str:
    names = ("machine", "owner", "token")
    rows = [(machine, owner, fleet.token(machine, owner)) for machine, owner in machines.items()]
    if form is TokenForm.JSON:
        objects = [dict(zip(names, row, strict=True)) for row in rows]
        return json.dumps(objects, ensure_ascii=False, indent=1) + "\n"
    return lines([names, *rows])


def _machines(inventory: Path, form: TokenForm) -> Mapping[str, str]:
    """The owner of each machine of an inventory. Ends the command with all mistakes in it."""
    place, found, mistakes = "stdin" if str(inventory) == "-" else str(inventory), dict[str, str](), []
    seen: dict[str, int] = {}
    for line, machine, owner in _rows(inventory, place):
        before = seen.setdefault(machine.lower(), line)
        if not machine:
            mistakes.append(LineMistake(line, "machine", "it is empty; write the computer's name"))
        elif before != line:
            told = f"{printable(machine)[:60]} is in line {before} already; name each computer once"
            mistakes.append(LineMistake(line, "machine", told))
        for field, name in (("machine", machine), ("owner", owner)):
            if len(name) > _MAX_NAME or not name.isprintable():
                told = f"use one line of at most {_MAX_NAME} printable characters"
                mistakes.append(LineMistake(line, field, told))
            elif form is TokenForm.CSV and lines([[name]]).count("'") > name.count("'"):
                told = "a spreadsheet could take it for a formula; use another name, or --format json"
                mistakes.append(LineMistake(line, field, told))
        found[machine] = owner
    if not found:
        mistakes.append(LineMistake(2, "", "there is no computer; write one a line"))
    if mistakes:
        more = len(mistakes) - _MAX_MISTAKES
        first = [f"{place}: {each}" for each in mistakes[:_MAX_MISTAKES]]
        fail(2, "\n".join([*first, *([f"and {more} more"] if more > 0 else [])]))
    return found


def _rows(inventory: Path, place: str) -> Iterator[tuple[int, str, str]]:
    """The line, machine and owner of each row. Other columns are left alone, as inventories have many."""
    try:
        raw = sys.stdin.buffer.read() if place == "stdin" else inventory.read_bytes()
        text = raw.decode("utf-8-sig")
    except OSError as error:
        fail(2, f"{place}: {(error.strerror or 'it cannot be read').lower()}; save it as CSV in UTF-8")
    except UnicodeDecodeError:
        fail(2, f"{place}: not UTF-8; save it as CSV in UTF-8")
    head = text.partition("\n")[0]
    parted = max(",;\t", key=head.count)  # spreadsheets of some countries part cells by semicolons
    rows = csv.reader(io.StringIO(text, newline=""), delimiter=parted, strict=True)
    try:
        columns = [name.strip().lower() for name in next(rows, [])]
        if columns.count("machine") != 1 or columns.count("owner") > 1:
            fail(2, f"{place}: line 1: name the column machine once, and owner at most once")
        for cells in rows:
            row = dict(zip(columns, map(str.strip, cells), strict=False))
            if any(row.values()):
                yield rows.line_num, row.get("machine", ""), row.get("owner", "")
    except csv.Error as error:
        fail(2, f"{place}: line {rows.line_num}: not CSV ({error}); write it by RFC 4180")


_ROWS = 1000
_BROWSERS: Columns = {
    "state": lambda each: STATES[each.state],
    "user": "person",
    "computer": lambda each: own_word(each.computer, each.computer_proven),
    "browser": lambda each: f"{each.browser} {each.browser_version}".strip(),
    "extension": "extension_version",
    "system": lambda each: f"{each.os} {each.os_version}".strip(),
    "installed": "installed",
    "last report": "reported_at",
    "without it": "asked_without_at",
    "device": "device",
}
_PEOPLE: Columns = {"user": "person", "browser": "browser", "system": "os", "last asked": "asked_at"}


@app.command("list")
@on_store(json=AsObject)
async def list_browsers(
    opened: Opened,
    name: Annotated[
        str, typer.Option(metavar="TEXT", help="The beginning of a login name or of a computer's name.")
    ] = "",
    state: Annotated[str, typer.Option(metavar="STATE", help=f"One of: {', '.join(STATES)}.")] = "",
    heard: Annotated[
        str, typer.Option(metavar="SPAN", help="The last report was within a `day` or a `week`, or `before`.")
    ] = "",
    browser: Annotated[str, typer.Option(metavar="NAME", help='Like "Firefox" or "Google Chrome 142".')] = "",
    extension: Annotated[str, typer.Option(metavar="VERSION", help="The version of the extension.")] = "",
    installed: Annotated[
        str, typer.Option(metavar="WAY", help="How the extension was installed: `admin` is by policy.")
    ] = "",
) -> None:
    """List the browsers with the extension: how many report, sleep or are missing, and those that match.

    The table ends after 1000; --json has all of them.
    """
    asked = {"name": name, "state": state, "heard": heard}
    asked |= {"browser": browser, "extension": extension, "installed": installed}
    wanted = FleetFilter(**{option: _read(option, text) for option, text in asked.items()})
    now, found, after, more = opened.now, list[BrowserFacts](), "", True
    while more:
        page, after = await browsers(opened.store, opened.settings, wanted, now, _ROWS, after)
        found += page
        more = bool(after) and (opened.as_json or len(found) < _ROWS)
    counts = await fleet(opened.store, opened.settings, now)
    if opened.as_json:
        print_json({"counts": counts, "browsers": found})
        return
    states = ", ".join(f"{STATES[each.name].lower()} {each.browsers}" for each in counts.states)
    tell(f"{counts.browsers} enrolled, {counts.day} reported within a day, {counts.week} within a week")
    tell(states)
    opened.print_rows(found, _BROWSERS, none="No browser matches.", whole=("state", "device"))


@app.command("people")
@on_store()
async def list_people(opened: Opened) -> None:
    """List the people who asked for mail on a laptop within a week without the extension, and of whom no browser reported.

    Only people whom a trusted proxy names are known here.
    """
    now, found, after, more = opened.now, list[WithoutFacts](), "", True
    while more:
        page, after = await people_without(opened.store, now, _ROWS, after)
        found, more = found + page, bool(after)
    opened.print_rows(found, _PEOPLE, none="Nobody of whom this is known.", whole=("user",))


def _read(option: str, text: str) -> str:
    try:
        return FILTERS[option](text) if text else ""
    except MisreadError as error:
        fail(2, f"--{option}: {error.words}")


app.command()(extension_package.package)
app.command()(extension_policies.policies)
