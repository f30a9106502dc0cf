"""``mailgate extension``: the companion extension at the company's own computers."""

import csv
import io
import json
import sys
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from mailgate.atomic_files import write_atomically
from mailgate.attest.sealing import MachineTokens
from mailgate.cli import extension_package, extension_policies
from mailgate.cli.admin import TokenFile, acting_person
from mailgate.cli.exit_codes import fail
from mailgate.cli.options import DEFAULT_PATH, AsJson, AsObject, Config, with_store
from mailgate.cli.output import Columns, own_word, print_json, print_rows, printable
from mailgate.config import Bundle
from mailgate.console.address_values import MisreadError
from mailgate.console.extension.facts import (
    FILTERS,
    STATES,
    BrowserFacts,
    FleetFacts,
    WithoutFacts,
    browsers,
    fleet,
    people_without,
)
from mailgate.console.spreadsheet import lines
from mailgate.errors import LineMistake
from mailgate.store import Store
from mailgate.store.fleet import FleetFilter

app = typer.Typer(help="The companion extension at the company's own computers.", no_args_is_help=True)

_MAX_NAME = 255
_MAX_MISTAKES = 20
"""How many mistakes are printed; further ones are only counted."""


class TokenForm(StrEnum):
    """How tokens are written."""

    CSV = "csv"
    JSON = "json"


@app.callback()
def extension() -> None:
    """The companion extension at the company's own computers."""


@app.command()
def tokens(
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
    token_file: TokenFile = None,
    config: Config = DEFAULT_PATH,
) -> None:
    """Make the token of each computer of an inventory, by which it enrols under its name.

    Nothing is stored: the same computer and owner always have the same token, as long as extension.fleet_secret is the same. The token of
    an owner is good for that owner alone; without one, who logs in by the browser becomes the owner, where a trusted proxy says who that is.
    """

    async def made(store: Store, bundle: Bundle) -> tuple[int, str]:
        by = acting_person(bundle.settings, "operator", token_file=token_file)
        machines = _machines(inventory, form)
        if bundle.settings.extension.fleet_secret is None:
            fail(1, "the settings have no `extension.fleet_secret`, with which tokens are made and checked")
        act = replace(by.act(datetime.now(UTC), "machine-tokens-made"), details={"machines": len(machines)})
        await store.audit.append(act)
        return len(machines), _written(machines, bundle.settings.extension.machine_tokens, form)

    count, text = with_store(config, made, decides=False)
    if out is None:
        typer.echo(text, nl=False)
    else:
        write_atomically(out, text, 0o600)
        typer.echo(f"{count} tokens in {out}, which only you can read", err=True)


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
            mistakes.append(LineMistake(line, "machine", "it is empty; expected the computer's name"))
        elif before != line:
            told = f"{printable(machine)[:60]} is in line {before} already; expected each computer once"
            mistakes.append(LineMistake(line, "machine", told))
        for field, name in (("machine", machine), ("owner", owner)):
            if len(name) > _MAX_NAME or not name.isprintable():
                told = f"expected one line of at most {_MAX_NAME} printable characters"
                mistakes.append(LineMistake(line, field, told))
            elif form is TokenForm.CSV and lines([[name]]).count("'") > name.count("'"):
                told = "a spreadsheet could take it for a formula; expected another name, or --format json"
                mistakes.append(LineMistake(line, field, told))
        found[machine] = owner
    if not found:
        mistakes.append(LineMistake(2, "", "there is no computer; expected one a line"))
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
        fail(2, f"{place}: {(error.strerror or 'it cannot be read').lower()}; expected CSV in UTF-8")
    except UnicodeDecodeError:
        fail(2, f"{place}: not UTF-8; expected CSV in UTF-8")
    head = text.partition("\n")[0]
    parted = max(",;\t", key=head.count)  # spreadsheets of some countries part cells by semicolons
    rows = csv.reader(io.StringIO(text, newline=""), delimiter=parted, strict=True)
    try:
        columns = [name.strip().lower() for name in next(rows, [])]
        if columns.count("machine") != 1 or columns.count("owner") > 1:
            fail(2, f"{place}: line 1: expected the column machine once, and owner at most once")
        for cells in rows:
            row = dict(zip(columns, map(str.strip, cells), strict=False))
            if any(row.values()):
                yield rows.line_num, row.get("machine", ""), row.get("owner", "")
    except csv.Error as error:
        fail(2, f"{place}: line {rows.line_num}: not CSV ({error}); expected RFC 4180")


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
def list_browsers(
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
    config: Config = DEFAULT_PATH,
    as_json: AsObject = False,
) -> None:
    """List the browsers with the extension: how many report, sleep or are missing, and those that match.

    The table ends after 1000; --json has all of them.
    """
    asked = {"name": name, "state": state, "heard": heard}
    asked |= {"browser": browser, "extension": extension, "installed": installed}
    wanted = FleetFilter(**{option: _read(option, text) for option, text in asked.items()})

    async def run(store: Store, bundle: Bundle) -> tuple[FleetFacts, list[BrowserFacts]]:
        now, found, after, more = datetime.now(UTC), list[BrowserFacts](), "", True
        while more:
            page, after = await browsers(store, bundle.settings, wanted, now, _ROWS, after)
            found += page
            more = bool(after) and (as_json or len(found) < _ROWS)
        return await fleet(store, bundle.settings, now), found

    counts, found = with_store(config, run)
    if as_json:
        print_json({"counts": counts, "browsers": found})
        return
    states = ", ".join(f"{STATES[each.name].lower()} {each.browsers}" for each in counts.states)
    typer.echo(f"{counts.browsers} enrolled, {counts.day} reported within a day, {counts.week} within a week")
    typer.echo(states)
    print_rows(found, _BROWSERS, as_json=False, none="No browser matches.", whole=("state", "device"))


@app.command("people")
def list_people(config: Config = DEFAULT_PATH, as_json: AsJson = False) -> None:
    """List the people who asked for mail on a laptop within a week without the extension, and of whom no browser reported.

    Only people whom a trusted proxy names are known here.
    """

    async def run(store: Store, _bundle: Bundle) -> list[WithoutFacts]:
        now, found, after, more = datetime.now(UTC), list[WithoutFacts](), "", True
        while more:
            page, after = await people_without(store, now, _ROWS, after)
            found, more = found + page, bool(after)
        return found

    none = "Nobody of whom this is known."
    print_rows(with_store(config, run), _PEOPLE, as_json=as_json, none=none, whole=("user",))


def _read(option: str, text: str) -> str:
    try:
        return FILTERS[option](text) if text else ""
    except MisreadError as error:
        fail(2, f"--{option}: {error.words}")


app.command()(extension_package.package)
app.command()(extension_policies.policies)
