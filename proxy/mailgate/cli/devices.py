"""``mailgate devices``: stored devices, marking them as lost, and forgetting them; ``mailgate apps``: how many have each listed app."""

import json
from collections.abc import Sequence
from dataclasses import replace
from typing import Annotated, TypeVar

import typer
from rich.console import Console
from rich.text import Text

from mailgate.cli.exit_codes import fail
from mailgate.cli.opened import Opened, on_store
from mailgate.cli.output import Columns, fields_grid, minute, print_json, print_rows, printable, table_of
from mailgate.cli.people import export, forget_person, warn_if_not_wiped
from mailgate.console.apps.facts import apps as listed
from mailgate.console.apps.facts import count_apps
from mailgate.console.devices.facts import DeviceFacts, WholeDevice, choices, device_facts, whole_device
from mailgate.console.devices.rows import catch_up
from mailgate.console.explain.requests import sightings_of
from mailgate.console.words import APP_STATES, not_denied_in_words
from mailgate.rollout.counted_acts import mark_lost

app = typer.Typer(help="Show devices, mark lost ones, and forget them.", no_args_is_help=True)

Each = TypeVar("Each")

Name = Annotated[
    str,
    typer.Argument(
        metavar="NAME",
        help="The device's id, as `mailgate devices list` shows it, or any name of it: serial number, UDID, "
        "ActiveSync id, thumbprint, a source's own id, its owner's login name.",
    ),
]

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
@on_store()
async def list_devices(opened: Opened) -> None:
    """List devices by id. The table ends after 1000; --json has all of them, in one array."""
    await (_list_json if opened.as_json else _list_table)(opened)


@app.command()
@on_store()
async def show(opened: Opened, name: Name) -> None:
    """Show everything that is stored about one device: its reports, its names, and its contradictions."""
    device = only(await opened.store.devices.called(name), name)
    seen = await sightings_of(opened.store, device, _SIGHTINGS)
    told = whole_device(device, seen, opened.bundle, opened.now)
    if opened.as_json:
        print_json(told)
    else:
        _print_device(told)


@app.command()
@on_store(acts=True)
async def lost(opened: Opened, name: Name) -> None:
    """Mark a device as lost: it gets nothing, at every gate within a second, whatever the rules say.

    It counts for the guard. Beyond what the guard lets pass by hand, another approver has to do the same.
    """
    await _mark(opened, name, is_lost=True)


@app.command()
@on_store(acts=True)
async def found(opened: Opened, name: Name) -> None:
    """Mark a device as found: the rules decide about it again."""
    await _mark(opened, name, is_lost=False)


@app.command()
@on_store(acts=True)
async def forget(
    opened: Opened,
    name: Annotated[str, typer.Argument(metavar="[NAME]", help="The device, by any of its names.")] = "",
    person: Annotated[
        str,
        typer.Option(
            "--person", metavar="LOGIN", help="Delete everything about this person, instead of one device."
        ),
    ] = "",
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
) -> None:
    """Delete a device and everything stored about it, including decisions; or with --person everything about a
    person."""
    if bool(name) == bool(person):
        fail(2, "give a device's name, or --person with a login name")
    if person:
        await forget_person(opened, person, yes=yes)
        return
    by, store = opened.person("operator"), opened.store
    device = only(await store.devices.called(name), name)
    if not yes:
        typer.confirm(
            f"Forget {printable(str(device))} and everything stored about it?", abort=True, err=True
        )
    now = opened.now
    act = replace(by.act(now, "device-forgotten"), about=f"device {device.id}")
    forgotten = await store.devices.forget(device.id, now, act)
    await warn_if_not_wiped(store)
    opened.say(f"forgot {printable(str(device))}", {"id": device.id, "forgotten": forgotten})


app.command()(export)


async def _mark(opened: Opened, name: str, *, is_lost: bool) -> None:
    by = opened.person("operator", "approver") if is_lost else opened.person("operator")
    device = only(await opened.store.devices.called(name), name)
    at = await mark_lost(opened.store, opened.guard, device, by, opened.now, lost=is_lost)
    words = "is lost and gets no mail" if at else "is not lost any more"
    opened.say(f"{printable(str(device))} {words}", {"id": device.id, "lost_at": at})


def only(called: Sequence[Each], name: str) -> Each:
    """The only device of those that are called so. Ends the command if there is none, or more than one."""
    if not called:
        fail(1, f"no device is called {printable(name)}; `mailgate devices list` shows those that are")
    if len(called) > 1:
        fail(
            1,
            f"several devices are called {printable(name)}: name one by its id: {printable(choices(called))}",
        )
    return called[0]


async def _list_json(opened: Opened) -> None:
    """One array, written while it is read, since a million devices need not fit in memory."""
    before, now = "[", opened.now
    async for device in opened.store.devices.every():
        facts = device_facts(device, opened.bundle, now)
        told = json.dumps(facts.model_dump(mode="json"), ensure_ascii=False)
        typer.echo(before + told, nl=False)
        before = ",\n"
    typer.echo("[]" if before == "[" else "]")


async def _list_table(opened: Opened) -> None:
    now, name_of, rows = opened.now, opened.bundle.policy.catalog.name_of, list[DeviceFacts]()
    async for device in opened.store.devices.every():
        if len(rows) == _ROWS:
            typer.echo(f"Only the first {_ROWS} are shown; --json lists all of them.", err=True)
            break
        rows.append(device_facts(device, opened.bundle, now))
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
    "mail": lambda each: APP_STATES[each.state].lower(),
    "people": "people",
    "devices": "devices",
    "in a week": lambda each: "" if each.week is None else f"{each.week:+d}",
    "lists": "lists",
}


@on_store()
async def apps(opened: Opened) -> None:
    """List the listed apps, with the number of people and devices that have each, counted now."""
    store, bundle, now = opened.store, opened.bundle, opened.now
    while await catch_up(store, bundle, now):
        pass
    await count_apps(store, bundle.policy.catalog.apps, now)
    found = await listed(store, bundle.policy, now)
    opened.print_rows(found, _APPS, none="No app is listed.", whole=("app",))
