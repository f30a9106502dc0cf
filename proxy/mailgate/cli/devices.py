"""``mailgate devices``: what is stored of devices, and how to have it forgotten."""

import json
from collections.abc import AsyncIterator
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.box import SIMPLE
from rich.console import Console
from rich.table import Column, Table
from rich.text import Text

from mailgate.cli.check import DEFAULT_PATH
from mailgate.cli.stored import fail, printable, with_store
from mailgate.config import Bundle
from mailgate.store import Device, Recorded, Store, posture_of

app = typer.Typer(help="Show and forget what is stored of devices.", no_args_is_help=True)

Config = Annotated[Path, typer.Option("--config", help="The settings, which say where the store is.")]
Id = Annotated[
    str, typer.Argument(metavar="ID", help="The device's id, as `mailgate devices list` shows it.")
]
Source = Annotated[str, typer.Option(help="Who reported it, where two sources use one id.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]

_ROWS = 1000
_SIGHTINGS = 20
_COLUMNS = ("id", "owner", "kind", "os", "state", "listed apps", "reported", "source")
_STYLES = {"clean": "green", "prohibited": "red", "missing": "dim"}


@app.command("list")
def list_devices(config: Config = DEFAULT_PATH, as_json: AsJson = False) -> None:
    """List devices by id. The table ends after 1000; --json has all of them, in one array."""
    with_store(config, _list_json if as_json else _list_table)


@app.command()
def show(device_id: Id, source: Source = "", config: Config = DEFAULT_PATH, as_json: AsJson = False) -> None:
    """Show everything that is stored of one device."""

    async def run(store: Store, bundle: Bundle) -> None:
        device = _only(await store.devices.called(device_id), device_id, source)
        seen = await store.sightings.latest(device=device.id, size=_SIGHTINGS)
        told = _told(device, bundle) | {
            "names": [{"kind": kind, "name": name} for kind, name in sorted(device.names)],
            "sightings": [_sighting(each) for each in seen],
        }
        if as_json:
            typer.echo(json.dumps(told, ensure_ascii=False))
        else:
            _print_device(told)

    with_store(config, run)


@app.command()
def forget(
    device_id: Id,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    config: Config = DEFAULT_PATH,
    as_json: AsJson = False,
) -> None:
    """Delete a device and everything stored about it, what was decided for it too."""

    async def run(store: Store, _bundle: Bundle) -> None:
        if not await store.devices.called(device_id):
            fail(1, _unknown(device_id))
        if not yes:
            question = f"Forget {printable(device_id)} and everything stored about it?"
            typer.confirm(question, abort=True, err=True)
        count = await store.devices.forget(device_id)
        typer.echo(json.dumps({"forgotten": count}) if as_json else f"forgot {printable(device_id)}")

    with_store(config, run)


async def _all(store: Store) -> AsyncIterator[Device]:
    after = ("", "")
    while page := await store.devices.page(after):
        for device in page:
            yield device
        after = (page[-1].id, page[-1].source)


async def _list_json(store: Store, bundle: Bundle) -> None:
    """One array, written as it is read: a million devices need not fit in memory."""
    before = "["
    async for device in _all(store):
        typer.echo(before + json.dumps(_told(device, bundle), ensure_ascii=False), nl=False)
        before = ",\n"
    typer.echo("[]" if before == "[" else "]")


async def _list_table(store: Store, bundle: Bundle) -> None:
    table = Table(
        *(Column(name, no_wrap=name in ("id", "state"), overflow="fold") for name in _COLUMNS), box=SIMPLE
    )
    async for device in _all(store):
        if table.row_count == _ROWS:
            typer.echo(f"Only the first {_ROWS} are shown; --json lists all of them.", err=True)
            break
        table.add_row(*_cells(_told(device, bundle), bundle))
    if table.row_count:
        Console().print(table)
    else:
        typer.echo("No device is stored yet.")


def _cells(told: dict[str, Any], bundle: Bundle) -> list[Text]:
    apps = ", ".join(bundle.policy.catalog.name_of(key) for key in told["apps"])
    system = f"{told['os']} {told['os_version']}".strip()
    words = [
        told["id"],
        told["owner"],
        told["kind"],
        system,
        told["state"],
        apps,
        _minute(told["reported_at"]),
        told["source"],
    ]
    cells = [Text(printable(word or "")) for word in words]
    cells[_COLUMNS.index("state")].style = _STYLES.get(told["state"], "yellow")
    return cells


def _told(device: Device, bundle: Bundle) -> dict[str, Any]:
    """A device and its posture now, as plain data."""
    posture = posture_of(device, bundle.policy.catalog, bundle.settings.posture.max_age, datetime.now(UTC))
    named = asdict(posture) | {
        "status": device.status,
        "apps_complete": device.apps_complete,
        "first_seen": device.first_seen,
        "last_seen": device.last_seen,
    }
    del named["last_state"]  # is of a store that cannot be asked, and this one was
    return {"id": named.pop("device_id")} | {name: _plain(value) for name, value in named.items()}


def _sighting(recorded: Recorded) -> dict[str, Any]:
    seen = recorded.sighting
    return {
        "id": recorded.id,
        "day": seen.day.isoformat(),
        "kind": seen.client.kind,
        "protocol": seen.client.protocol,
        "user_agent": dict(seen.client.headers).get("user-agent", ""),
        "user": seen.user,
        "posture": seen.posture,
        "rule": seen.rule,
        "effect": seen.effect,
        "reason": seen.reason,
        "would": list(seen.would),
        "policy": seen.policy,
        "times": recorded.tally.times,
        "first": recorded.tally.first.isoformat(),
        "last": recorded.tally.last.isoformat(),
        "reference": recorded.tally.reference,
    }


def _print_device(told: dict[str, Any]) -> None:
    console, facts, seen = Console(), Table.grid(padding=(0, 2)), told.pop("sightings")
    told["names"] = [f"{each['kind']} {each['name']}" for each in told["names"]]
    for name, value in told.items():
        shown = ", ".join(value) if isinstance(value, list) else "" if value is None else str(value)
        facts.add_row(Text(name.replace("_", " "), style="bold"), Text(printable(shown)))
    console.print(facts)
    columns = ("day", "kind", "user", "rule", "effect", "reason", "times", "last")
    table = Table(*columns, title=f"last {len(seen)} sightings", title_justify="left", box=SIMPLE)
    for each in seen:
        shown = each | {"last": _minute(each["last"])}
        table.add_row(*(Text(printable(str(shown[column]))) for column in columns))
    if seen:
        console.print(table)


def _minute(moment: str | None) -> str:
    """A time as a table shows it."""
    return f"{datetime.fromisoformat(moment):%Y-%m-%d %H:%M} UTC" if moment else ""


def _only(found: list[Device], device_id: str, source: str) -> Device:
    found = [device for device in found if source in ("", device.source)]
    if not found:
        fail(1, _unknown(device_id))
    if len(found) > 1:
        sources = ", ".join(printable(device.source) for device in found)
        fail(2, f"several sources call a device {printable(device_id)}: name one with --source: {sources}")
    return found[0]


def _unknown(device_id: str) -> str:
    return f"no device is called {printable(device_id)}; `mailgate devices list` shows those that are"


def _plain(value: object) -> object:
    if isinstance(value, datetime):
        return value.isoformat()
    return list(value) if isinstance(value, tuple) else value
