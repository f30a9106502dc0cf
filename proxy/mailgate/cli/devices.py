"""``mailgate devices``: stored devices, marking them as lost, and forgetting them; ``mailgate apps``: how many have each listed app."""

import json
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.text import Text

from mailgate.cli.admin import TokenFile, acting_person
from mailgate.cli.exit_codes import fail
from mailgate.cli.options import DEFAULT_PATH, AsJson, Config, with_store
from mailgate.cli.output import Columns, fields_grid, minute, print_json, print_rows, printable, say, table_of
from mailgate.cli.people import export, forget_person, warn_if_not_wiped
from mailgate.config import Bundle
from mailgate.console.apps.facts import AppFacts, count_apps
from mailgate.console.apps.facts import apps as listed
from mailgate.console.devices.facts import DeviceFacts, WholeDevice, device_facts, whole_device
from mailgate.console.devices.rows import catch_up
from mailgate.console.explain.requests import sightings_of
from mailgate.console.words import app_state_in_words, not_denied_in_words
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
_STYLES = {"clean": "green", "listed": "yellow", "lost": "red", "missing": "dim", "asleep": "dim"}
_COLUMNS: Columns = {
    "id": "id",
    "owner": "owner",
    "kind": "kind",
    "os": lambda each: f"{each.os} {each.os_version}".strip(),
    "state": lambda each: _state(each),
    "listed apps": "apps",
    "reported": "reported_at",
    "sources": "sources",
}
_FINDINGS: Columns = {"since": "since", "reason": "reason", "detail": "detail"}
_REPORTS: Columns = {
    **{name: name for name in ("source", "id", "owner", "kind", "os", "enrolment")},
    "listed apps": lambda each: (
        ", ".join(each.apps) + ("" if each.apps_complete and not each.profile else " (not all seen)")
    ),
    "reported": "reported_at",
    "verdict": lambda each: (
        "" if each.compliance == "none" else f"{each.compliance} {minute(each.compliance_at)}"
    ),
    "has it": lambda each: "no longer" if each.gone else "yes",
}
_NAMES: Columns = {
    "kind": "kind",
    "name": "name",
    "from": lambda each: ", ".join(each.sources) + ("" if each.found_by else " (another device has it)"),
}
_SEEN: Columns = {name: name for name in ("day", "kind", "user", "rule", "effect", "reason", "times", "last")}


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
            print_json(told)
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
        fail(2, "give a device's name, or --person with a login name")
    if person:
        forget_person(person, config, token_file, yes=yes, as_json=as_json)
        return

    async def run(store: Store, bundle: Bundle) -> None:
        by = acting_person(bundle.settings, "operator", token_file=token_file)
        device = await _only(store, name)
        if not yes:
            typer.confirm(f"Forget {_called(device)} and everything stored about it?", abort=True, err=True)
        now = datetime.now(UTC)
        act = replace(by.act(now, "device-forgotten"), about=f"device {device.id}")
        forgotten = await store.devices.forget(device.id, now, act)
        await warn_if_not_wiped(store)
        say(f"forgot {_called(device)}", {"id": device.id, "forgotten": forgotten}, as_json=as_json)

    with_store(config, run)


app.command()(export)


def _mark(name: str, token_file: Path | None, config: Path, as_json: bool, *, is_lost: bool) -> None:
    async def run(store: Store, bundle: Bundle) -> None:
        roles = ("operator", "approver") if is_lost else ("operator",)
        by = acting_person(bundle.settings, *roles, token_file=token_file)
        device, guard = await _only(store, name), guard_of(bundle.settings)
        at = await mark_lost(store, guard, device, by, datetime.now(UTC), lost=is_lost)
        words = "is lost and gets no mail" if at else "is not lost any more"
        say(f"{_called(device)} {words}", {"id": device.id, "lost_at": at}, as_json=as_json)

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
        told = json.dumps(device_facts(device, bundle, now).model_dump(mode="json"), ensure_ascii=False)
        typer.echo(before + told, nl=False)
        before = ",\n"
    typer.echo("[]" if before == "[" else "]")


async def _list_table(store: Store, bundle: Bundle) -> None:
    now, name_of, rows = datetime.now(UTC), bundle.policy.catalog.name_of, list[DeviceFacts]()
    async for device in _all(store):
        if len(rows) == _ROWS:
            typer.echo(f"Only the first {_ROWS} are shown; --json lists all of them.", err=True)
            break
        rows.append(device_facts(device, bundle, now))
    columns = {**_COLUMNS, "listed apps": lambda each: [name_of(key) for key in each.apps]}
    print_rows(rows, columns, as_json=False, none="No device is stored yet.", whole=("id", "state"))


def _state(told: DeviceFacts) -> Text:
    state = "lost" if told.lost else told.state
    return Text(f"{state} !" if told.findings else state, style=_STYLES.get(state, "yellow"))


def _print_device(told: WholeDevice) -> None:
    console = Console()
    facts = told.model_dump(exclude={"findings", "reports", "names", "sightings"})
    if told.not_denied:
        facts["not_denied"] = f"{told.not_denied}: {not_denied_in_words(told.not_denied)}"
    console.print(fields_grid(facts))
    for title, rows, columns in (
        ("what does not fit", told.findings, _FINDINGS),
        ("what each source says", told.reports, _REPORTS),
        ("names", told.names, _NAMES),
        (f"last {len(told.sightings)} requests", told.sightings, _SEEN),
    ):
        if rows:
            console.print(table_of(rows, columns, title=title))


_APPS: Columns = {
    "app": "key",
    "name": "name",
    "mail": lambda each: app_state_in_words(each.state).lower(),
    "people": "people",
    "devices": "devices",
    "in a week": lambda each: "" if each.week is None else f"{each.week:+d}",
    "lists": "lists",
}


def apps(config: Config = DEFAULT_PATH, as_json: AsJson = False) -> None:
    """List the listed apps, with the number of people and devices that have each, counted now."""

    async def run(store: Store, bundle: Bundle) -> list[AppFacts]:
        now = datetime.now(UTC)
        while await catch_up(store, bundle, now):
            pass
        await count_apps(store, bundle.policy.catalog.apps, now)
        return await listed(store, bundle.policy, now)

    found = with_store(config, run)
    print_rows(found, _APPS, as_json=as_json, none="No app is listed.", whole=("app",))
