"""``mailgate connectors``: the state of device inventories, and reading one now."""

import asyncio
import shutil
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import asdict, replace
from datetime import UTC, datetime
from hashlib import file_digest
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Annotated, Any

import structlog
import typer
from prometheus_client import CollectorRegistry
from rich.console import Console
from rich.text import Text

from mailgate.cli.exit_codes import fail
from mailgate.cli.opened import Opened, on_store
from mailgate.cli.output import Columns, fields_grid, print_json, progress_bar, table_of
from mailgate.config import Bundle
from mailgate.config.admins import Role
from mailgate.config.sources.every_source import EverySource
from mailgate.config.sources.line import FileSettings, PostSettings
from mailgate.connectors.file import LinesFile
from mailgate.connectors.protocol import Connector, SourceTools
from mailgate.connectors.run import NARROWS_AFTER, SourceOutcome, reading
from mailgate.connectors.runner import Runner, RunOptions, where_it_failed
from mailgate.connectors.setup import ApiConnector, Setup
from mailgate.console.now.readiness import ConnectorState, connector_state
from mailgate.devices.device import Report
from mailgate.devices.names import EAS, SERIAL
from mailgate.errors import SourceError, Trouble
from mailgate.model.phrase import did_you_mean, plural
from mailgate.policy.written import in_words
from mailgate.rollout.counted_acts import RestrictedDevices, note_import
from mailgate.rollout.person import Person
from mailgate.store import Act
from mailgate.store.kept_out import NOBODY, KeptOut

_STYLES = {"ok": "green", "new": "dim", "reading": "dim", "unavailable": "red", "failing": "red"}


def count_facts(seen: Sequence[Report]) -> dict[str, Any]:
    """How many of these devices have each important fact, as plain data."""
    looked = [report for report in seen if report.reported_at]
    times = [report.reported_at for report in looked if report.reported_at]
    kinds = [{kind for kind, _ in report.names} for report in seen]
    return {
        "devices": len(seen),
        "with_eas_id": sum(EAS in each for each in kinds),
        "with_owner": sum(bool(report.owner) for report in seen),
        "with_serial": sum(SERIAL in each for each in kinds),
        "kinds": dict(Counter(str(report.kind or "unknown") for report in seen)),
        "enrolments": dict(Counter(str(report.enrolment) for report in seen)),
        "verdicts": dict(Counter(str(report.compliance) for report in seen)),
        "with_all_apps": sum(bool(report.apps_complete) for report in looked),
        "with_some_apps": sum(not report.apps_complete for report in looked),
        "without_apps": len(seen) - len(looked),
        "listed_apps": dict(Counter(app for report in looked for app in sorted(report.apps))),
        "newest_report": max(times, default=None),
        "oldest_report": min(times, default=None),
    }


STATES: Columns = {
    "name": "name",
    "state": lambda each: _stacked(
        f"{each.state}\n{each.retrying or each.trouble}", ("since", each.trouble_since)
    ),
    "next try": lambda each: _stacked("", ("", each.retry_at or each.next_attempt)),
    "read": lambda each: _stacked(
        "" if each.last_success else "never", ("", each.last_success), ("in full", each.last_full)
    ),
    "devices": lambda each: Text(f"{each.devices}\n{each.held} held") if each.held else each.devices,
}
"""For a terminal of 80 columns: times are on lines of their own, and only long names are folded."""
WHOLE = tuple(each for each in STATES if each != "name")


def _stacked(word: str, *moments: tuple[str, datetime | None]) -> Text:
    """A word and what happened when, a line each for the event, the day and the minute."""
    lines = [word, *(f"{event}\n{at:%Y-%m-%d}\n{at:%H:%M} UTC" for event, at in moments if at)]
    return Text("\n".join(lines).replace("\n\n", "\n").strip())


_NARROWED: Columns = {"device": "device", "owner": "owner", "id at the source": "id"}


class NamedState(ConnectorState):
    """The state of a connector, with its name and the type of its source."""

    name: str
    type: str


app = typer.Typer(help="Sources of devices: show their state, and read one now.", no_args_is_help=True)

Name = Annotated[str, typer.Argument(metavar="NAME", help="The source, as the settings name it.")]
LetGo = Annotated[
    bool,
    typer.Option(
        "--let-go", help="Treat devices that the source no longer lists as gone, however many they are."
    ),
]

_SAMPLE = 500
"""How many devices ``check`` reads."""


@app.command("list")
@on_store()
async def list_connectors(opened: Opened) -> None:
    """List the sources of the settings with their last success and what is wrong."""
    states, now = await opened.store.connectors.states(), opened.now
    last_known_for = opened.settings.posture.last_known_for

    def state(name: str, each: EverySource) -> NamedState:
        every = each.every if each.scheduled() else None
        told = connector_state(states.get(name), last_known_for, now, every)
        return NamedState(name=name, type=_type(each), **dict(told))

    opened.print_rows(
        [state(name, each) for name, each in opened.settings.connectors.items()],
        STATES,
        none="No source is set up. docs/connectors.md says how to add one.",
        whole=WHOLE,
        style=lambda each: _STYLES.get(each.state, "yellow"),
    )


@app.command()
@on_store(acts=True)
async def sync(
    opened: Opened,
    name: Name,
    full: Annotated[bool, typer.Option("--full", help="Read everything, not only changes.")] = False,
    mark_missing_as_gone: LetGo = False,
    dry_run: Annotated[
        bool,
        typer.Option(
            "--dry-run",
            help="Read everything, store nothing, and list the devices that were seen whole and would be seen in part.",
        ),
    ] = False,
) -> None:
    """Read a source now, independently of its schedule.

    Devices that are let go count for the guard. Beyond what the guard lets pass by hand, another approver has to do the same.
    """
    roles: list[Role] = ["operator", "approver"] if mark_missing_as_gone else ["operator"]
    by = None if dry_run else opened.person(*roles)
    settings, runner = _found(name, opened.bundle), _runner(opened)
    if not settings.scheduled():
        fail(2, f"the source of {name} sends reports by itself: there is nothing to read")
    full_run = full or mark_missing_as_gone or dry_run
    options, outcome = RunOptions(full_run, mark_missing_as_gone, dry=dry_run), None
    if by is not None:
        act = _act(by, "connector-read", name, full=full, mark_missing_as_gone=mark_missing_as_gone)
        newly, outcome = await _restricted(opened, runner, name, options)
        await note_import(opened.store, opened.guard, act, "without those not listed", newly)
    with progress_bar(name, "devices", shown=not opened.as_json) as show:
        outcome = outcome or await runner.run(name, settings, replace(options, progress=show))
    _print_outcome(name, outcome, opened.as_json, dry=dry_run)


@app.command()
@on_store()
async def check(opened: Opened, name: Name) -> None:
    """Read some devices of a source and show which facts were found. Stores nothing."""
    settings, runner = _found(name, opened.bundle), _runner(opened)
    tools = runner.tools()
    connector = runner.make(name, settings, tools)
    try:
        seen = await _some(connector)
        short = await connector.shortcomings() if isinstance(connector, ApiConnector) else ()
    except SourceError as error:
        _complain(name, error.trouble, error.hint, error.details)
        raise typer.Exit(1) from None
    except Exception as error:  # noqa: BLE001 - its text may quote the source
        _complain(name, Trouble.FAULT, "", where_it_failed(error))
        raise typer.Exit(1) from None
    finally:
        await connector.close()
    counts = count_facts(seen) | {"of": tools.tally.total, "unreadable": tools.tally.unreadable}
    if opened.as_json:
        print_json(counts | {"shortcomings": [str(each) for each in short]})
    else:
        typer.echo(f"{name}: this was read; nothing was stored")
        Console().print(fields_grid(counts))
        for each in short:
            typer.echo(f"WARNING {name}: {each}")


@app.command("import")
@on_store(acts=True)
async def import_lines(
    opened: Opened,
    name: Name,
    file: Annotated[str, typer.Argument(metavar="FILE", help="CSV or JSON lines; - for standard input.")],
    as_csv: Annotated[
        bool | None,
        typer.Option(
            "--csv/--jsonl", help="The format. Default: by the name of the file.", show_default=False
        ),
    ] = None,
    mark_missing_as_gone: LetGo = False,
) -> None:
    """Import the devices of a file: all of them, or none if a line is wrong.

    NAME is a source of type `file` or `post`. If the file is `complete`, devices that are not in it are gone. What a person
    imports makes the guard's limit no larger, until the source itself reports it. Known devices that may lose mail by it
    count for the guard. Beyond what the guard lets pass by hand, another approver has to import the same file.
    """
    by, store, settings = opened.person("operator", "approver"), opened.store, _found(name, opened.bundle)
    if not isinstance(settings, FileSettings | PostSettings):
        fail(2, f"{name} is of type {_type(settings)}; use one of type file or post")
    complete = isinstance(settings, FileSettings) and settings.complete
    is_csv = file.casefold().endswith(".csv") if as_csv is None else as_csv
    try:
        with _copy_of(file) as path, progress_bar(name, "devices", shown=not opened.as_json) as show:

            def make(_name: str, _settings: EverySource, tools: SourceTools) -> Connector:
                setup = Setup(name, opened.bundle.policy.catalog, tools, lag=settings.inventory_lag)
                return LinesFile(setup, path, is_csv=is_csv, complete=complete)

            act = _act(by, "connector-import-asked", name, mark_missing_as_gone=mark_missing_as_gone)
            runner = replace(_runner(opened), make=make)
            options = RunOptions(full=True, mark_missing_as_gone=mark_missing_as_gone, handed=True)
            newly, outcome = await _restricted(opened, runner, name, options)
            same = await asyncio.to_thread(_digest, path) if newly != NOBODY else ""
            await note_import(store, opened.guard, act, f"file {same[:12]}", newly)
            outcome = outcome or await runner.run(name, settings, replace(options, progress=show))
            if outcome is not None and (outcome.taken or outcome.gone):
                taken, gone = outcome.taken, outcome.gone
                await store.audit.append(_act(by, "connector-imported", name, taken=taken, gone=gone))
    except SourceError as error:
        outcome = SourceOutcome(error.trouble, hint=error.hint)
    _print_outcome(name, outcome, opened.as_json)


@contextmanager
def _copy_of(file: str) -> Iterator[Path]:
    """A copy of a file or of standard input: what was counted is what is imported. Raises SourceError."""
    with NamedTemporaryFile(suffix=".lines") as copy:
        try:
            with nullcontext(sys.stdin.buffer) if file == "-" else Path(file).open("rb") as lines:
                shutil.copyfileobj(lines, copy)
            copy.flush()
        except OSError as error:
            raise SourceError(Trouble.FILE, (error.strerror or "").lower()) from None
        yield Path(copy.name)


def _act(by: Person, what: str, name: str, **details: int) -> Act:
    """Who wants to read a source or import for it, before anything is stored, or what came of it."""
    return replace(by.act(datetime.now(UTC), what), about=f"connector {name}", details=details)


async def _restricted(
    opened: Opened, runner: Runner, name: str, options: RunOptions
) -> tuple[KeptOut, SourceOutcome | None]:
    """How many devices may newly be kept out by what a person hands in or lets go, and what went wrong with looking; None if
    nothing did. What a source says by itself does not count. If the guard has a limit, everything is read once more for that."""
    guard, bundle, person = opened.guard, opened.bundle, opened.settings.logins.person
    if guard is None or guard.limit is None or not (options.handed or options.mark_missing_as_gone):
        return NOBODY, None
    found = RestrictedDevices(opened.store, bundle.policy, bundle.posture_terms, opened.now)

    async def show(records: Sequence[Report]) -> None:
        counting = [each for each in records if options.handed or each.gone]
        await found.take([replace(each, owner=person(each.owner)) for each in counting])

    looked = await runner.run(name, _found(name, bundle), replace(options, dry=True, show=show))
    looked = looked or SourceOutcome(Trouble.STOPPED, hint="another gate is reading it now")
    return found.count, looked if looked.trouble not in (None, Trouble.GONE) else None


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return file_digest(file, "sha256").hexdigest()


def _runner(opened: Opened) -> Runner:
    """A run without log lines, since this command prints the result."""
    # imported here, since it loads more of the gate than any other command needs
    from mailgate.app.connectors import runner_for

    quiet = structlog.wrap_logger(structlog.ReturnLogger(), processors=[])
    return replace(runner_for(opened.store, lambda: opened.bundle, CollectorRegistry()), log=quiet)


def _found(name: str, bundle: Bundle) -> EverySource:
    known = bundle.settings.connectors
    if name not in known:
        fail(2, f"no source is called `{name}`; {did_you_mean(name, known)}")
    return known[name]


def _type(settings: EverySource) -> str:
    return str(settings.type) if hasattr(settings, "type") else ""


async def _some(connector: Connector) -> list[Report]:
    """The first devices of a source."""
    seen: list[Report] = []
    async with reading(connector, None) as records:
        async for record in records:
            seen.append(record)
            if len(seen) == _SAMPLE:
                break
    return seen


def _print_outcome(name: str, outcome: SourceOutcome | None, as_json: bool, *, dry: bool = False) -> None:
    """Print the result of a run. Exit code 1 if it was not complete."""
    if outcome is None:
        fail(1, f"{name}: another gate is reading it now")
    if as_json:
        print_json(asdict(outcome) | {"narrowed": [each._asdict() for each in outcome.narrowed]})
    else:
        typer.echo(f"{name}: {outcome.in_words()}{'; nothing was stored' if dry else ''}")
        _print_narrowed(name, outcome, dry=dry)
    if outcome.held:
        more = "That is more than `most_gone` of this source allows, so they are kept."
        again = "If it is right, run this again with --let-go."
        gone = "1 device is" if outcome.held == 1 else f"{outcome.held} devices are"
        typer.echo(f"{gone} no longer named. {more} {again}", err=True)
    elif outcome.trouble:
        _complain(name, outcome.trouble, outcome.hint, outcome.details)
    if outcome.trouble:
        raise typer.Exit(1)


def _print_narrowed(name: str, outcome: SourceOutcome, *, dry: bool) -> None:
    """Print the devices of which the source sees less than before: who has to be told."""
    if outcome.narrowed:
        Console().print(table_of(outcome.narrowed, _NARROWED))
        when = "" if dry else f", in at most {in_words(NARROWS_AFTER)}"
        seen = plural("%(count)s device", "%(count)s devices", len(outcome.narrowed))
        then = "clean only if another source sees the whole device."
        typer.echo(f"{seen} that {name} saw whole would be seen in part{when}: {then}")
    elif dry:
        typer.echo("No device that was seen whole would be seen in part.")


def _complain(name: str, trouble: Trouble, hint: str, details: Sequence[str]) -> None:
    for each in details:
        typer.echo(each, err=True)
    typer.echo(f"{name}: {trouble}{f': {hint}' if hint else ''}", err=True)
