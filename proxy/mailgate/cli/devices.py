"""``mailgate devices``: stored devices, marking them as lost, and forgetting them."""

import json
from collections.abc import AsyncIterator, Iterable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from mailgate.cli.exit_codes import fail
from mailgate.cli.identity import TokenFile
from mailgate.cli.identity import acting_person as acting
from mailgate.cli.open_store import printable, with_store
from mailgate.cli.options import DEFAULT_PATH, AsJson, Config
from mailgate.cli.people import export, forget_person, warn_if_not_wiped
from mailgate.cli.table import unclipped_table
from mailgate.config import Bundle
from mailgate.console.devices.facts import (
    DeviceFacts,
    NameFacts,
    ReportFacts,
    SightingFacts,
    WholeDevice,
    device_facts,
    whole_device,
)
from mailgate.console.explain.requests import sightings_of
from mailgate.devices.device import Device
from mailgate.rollout.counted_acts import mark_lost
from mailgate.rollout.guard import guard_of
from mailgate.store import Store

app = typer.Typer(help="Show devices, mark lost ones, and forget them.", no_args_is_help=True)

Name = Annotated[
    str,
    typer.Argument(
        metavar="NAME",
        help="The device's id, as `mailgate devices list` shows it, or any name of it: serial number, UDID, "
        "ActiveSync id, thumbprint, a source's own id, its owner's login name.",
    ),
]
NameOrNone = Annotated[str, typer.Argument(metavar="[NAME]", help="The device, by any of its names.")]

_ROWS = 1000
_SIGHTINGS = 20
_COLUMNS = ("id", "owner", "kind", "os", "state", "listed apps", "reported", "sources")
_STYLES = {"clean": "green", "listed": "yellow", "lost": "red", "missing": "dim"}


@app.command("list")
def list_devices(config: Config = DEFAULT_PATH, as_json: AsJson = False) -> None:
    """List devices by id. The table ends after 1000; --json has all of them, in one array."""
    with_store(config, _list_json if as_json else _list_table)


@app.command()
def show(name: Name, config: Config = DEFAULT_PATH, as_json: AsJson = False) -> None:
    """Show everything that is stored about one device: its reports, its names, and its contradictions."""

    async def run(store: Store, bundle: Bundle) -> None:
        device = await _only(store, name)
        seen = await sightings_of(store, device, _SIGHTINGS)
        told = whole_device(device, seen, bundle, datetime.now(UTC))
        if as_json:
            typer.echo(json.dumps(told.model_dump(mode="json"), ensure_ascii=False))
        else:
            _print_device(told)

    with_store(config, run)


@app.command()
def lost(
    name: Name, token_file: TokenFile = None, config: Config = DEFAULT_PATH, as_json: AsJson = False
) -> None:
    """Mark a device as lost: it gets nothing, at every gate within a second, whatever the rules say.

    It counts for the guard. Beyond what the guard lets pass by hand, another approver has to do the same.
    """
    _mark(name, token_file, config, as_json, is_lost=True)


@app.command()
def found(
    name: Name, token_file: TokenFile = None, config: Config = DEFAULT_PATH, as_json: AsJson = False
) -> None:
    """Mark a device as found: the rules decide about it again."""
    _mark(name, token_file, config, as_json, is_lost=False)


@app.command()
def forget(
    name: NameOrNone = "",
    person: Annotated[
        str,
        typer.Option(
            "--person", metavar="LOGIN", help="Delete everything about this person, instead of one device."
        ),
    ] = "",
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    token_file: TokenFile = None,
    config: Config = DEFAULT_PATH,
    as_json: AsJson = False,
) -> None:
    """Delete a device and everything stored about it, including decisions; or with --person everything about a
    person."""
    if bool(name) == bool(person):
        fail(2, "expected a device's name, or --person with a login name")
    if person:
        forget_person(person, config, token_file, yes=yes, as_json=as_json)
        return

    async def run(store: Store, bundle: Bundle) -> None:
        by = acting(bundle.settings, "operator", token_file=token_file)
        device = await _only(store, name)
        if not yes:
            typer.confirm(f"Forget {_called(device)} and everything stored about it?", abort=True, err=True)
        now = datetime.now(UTC)
        act = replace(by.act(now, "device-forgotten"), about=f"device {device.id}")
        forgotten = await store.devices.forget(device.id, now, act)
        await warn_if_not_wiped(store)
        told = {"id": device.id, "forgotten": forgotten}
        typer.echo(json.dumps(told) if as_json else f"forgot {_called(device)}")

    with_store(config, run)


app.command()(export)


def _mark(name: str, token_file: Path | None, config: Path, as_json: bool, *, is_lost: bool) -> None:
    async def run(store: Store, bundle: Bundle) -> None:
        roles = ("operator", "approver") if is_lost else ("operator",)
        by = acting(bundle.settings, *roles, token_file=token_file)
        device, guard = await _only(store, name), guard_of(bundle.settings)
        at = await mark_lost(store, guard, device, by, datetime.now(UTC), lost=is_lost)
        told = {"id": device.id, "lost_at": at and at.isoformat()}
        words = "is lost and gets no mail" if at else "is not lost any more"
        typer.echo(json.dumps(told) if as_json else f"{_called(device)} {words}")

    with_store(config, run)


async def _only(store: Store, name: str) -> Device:
    """The device with this name. Ends the command if there is none, or more than one."""
    called = await store.devices.called(name)
    if not called:
        fail(1, f"no device is called {printable(name)}; `mailgate devices list` shows those that are")
    if len(called) > 1:
        several = "; ".join(_called(device) for device in called)
        fail(1, f"several devices are called {printable(name)}: name one by its id: {several}")
    return called[0]


def _called(device: Device) -> str:
    """The name of a device for people: its id, and its names at its sources."""
    own = ", ".join(f"{each.id} at {each.source}" for each in device.reports)
    return printable(f"{device.id} ({own})")


async def _all(store: Store) -> AsyncIterator[Device]:
    after = ""
    while page := await store.devices.page(after):
        for device in page:
            yield device
        after = page[-1].id


async def _list_json(store: Store, bundle: Bundle) -> None:
    """One array, written while it is read, since a million devices need not fit in memory."""
    before, now = "[", datetime.now(UTC)
    async for device in _all(store):
        typer.echo(
            before
            + json.dumps(device_facts(device, bundle, now).model_dump(mode="json"), ensure_ascii=False),
            nl=False,
        )
        before = ",\n"
    typer.echo("[]" if before == "[" else "]")


async def _list_table(store: Store, bundle: Bundle) -> None:
    now = datetime.now(UTC)
    table = unclipped_table(*_COLUMNS, whole=("id", "state"))
    async for device in _all(store):
        if table.row_count == _ROWS:
            typer.echo(f"Only the first {_ROWS} are shown; --json lists all of them.", err=True)
            break
        table.add_row(*_cells(device_facts(device, bundle, now), bundle))
    if table.row_count:
        Console().print(table)
    else:
        typer.echo("No device is stored yet.")


def _cells(told: DeviceFacts, bundle: Bundle) -> list[Text]:
    state = "lost" if told.lost else told.state
    words = [
        told.id,
        told.owner,
        told.kind,
        f"{told.os} {told.os_version}".strip(),
        f"{state} !" if told.findings else state,
        ", ".join(bundle.policy.catalog.name_of(key) for key in told.apps),
        _minute(told.reported_at),
        ", ".join(told.sources),
    ]
    cells = [Text(printable(word or "")) for word in words]
    cells[_COLUMNS.index("state")].style = _STYLES.get(state, "yellow")
    return cells


def _print_device(told: WholeDevice) -> None:
    console, facts = Console(), Table.grid(padding=(0, 2))
    apart = {"findings", "reports", "names", "sightings"}
    for name, value in told.model_dump(mode="json", exclude=apart).items():
        shown = ", ".join(value) if isinstance(value, list) else "" if value is None else str(value)
        facts.add_row(Text(name.replace("_", " "), style="bold"), Text(printable(shown)))
    console.print(facts)
    found = [(_minute(each.since), each.reason, each.detail) for each in told.findings]
    _print_table(console, found, "what does not fit", ("since", "reason", "detail"))
    reported = ("source", "id", "owner", "kind", "os", "listed apps", "reported", "has it")
    _print_table(console, map(_report_row, told.reports), "what each source says", reported)
    _print_table(console, map(_name_row, told.names), "names", ("kind", "name", "from"))
    seen = ("day", "kind", "user", "rule", "effect", "reason", "times", "last")
    title = f"last {len(told.sightings)} sightings"
    _print_table(console, map(_sighting_row, told.sightings), title, seen)


def _report_row(each: ReportFacts) -> tuple[object, ...]:
    apps = ", ".join(each.apps) + ("" if each.apps_complete else " (not all seen)")
    has_it = "no longer" if each.gone else "yes"
    return each.source, each.id, each.owner, each.kind, each.os, apps, _minute(each.reported_at), has_it


def _name_row(each: NameFacts) -> tuple[object, ...]:
    return (
        each.kind,
        each.name,
        ", ".join(each.sources) + ("" if each.found_by else " (another device has it)"),
    )


def _sighting_row(each: SightingFacts) -> tuple[object, ...]:
    last = _minute(each.last)
    return each.day, each.kind, each.user, each.rule, each.effect, each.reason, each.times, last


def _print_table(
    console: Console, rows: Iterable[tuple[object, ...]], title: str, columns: tuple[str, ...]
) -> None:
    table = unclipped_table(*columns, title=title)
    for cells in rows:
        table.add_row(*(Text(printable("" if cell is None else str(cell))) for cell in cells))
    if table.row_count:
        console.print(table)


def _minute(moment: datetime | None) -> str:
    """A time for a table."""
    return f"{moment:%Y-%m-%d %H:%M} UTC" if moment else ""
