"""``mailgate connectors``: the state of device inventories, and reading one now."""

import sys
from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import asdict, replace
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, BinaryIO

import typer
from rich.console import Console
from rich.text import Text

from mailgate.cli.exit_codes import fail
from mailgate.cli.opened import Opened, on_store
from mailgate.cli.output import Columns, fields_grid, print_json, progress_bar, table_of, tell
from mailgate.config.admins import Role
from mailgate.config.sources.every_source import EverySource
from mailgate.config.sources.line import FileSettings, PostSettings
from mailgate.console.now.readiness import ConnectorState, connector_state
from mailgate.errors import SourceError, Trouble
from mailgate.model.phrase import did_you_mean, plural
from mailgate.policy.written import in_words
from mailgate.rollout.person import Person
from mailgate.store import Act

if TYPE_CHECKING:
    from mailgate.app.connectors import HandOutcome, SourceByHand

_STYLES = {"ok": "green", "new": "dim", "reading": "dim", "unavailable": "red", "failing": "red"}


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
    source = _source(opened, name)
    if not source.settings.scheduled():
        fail(2, f"the source of {name} sends reports by itself: there is nothing to read")
    told = {"full": full, "mark_missing_as_gone": mark_missing_as_gone}
    act = None if by is None else _act(by, "connector-read", name, **told)
    with progress_bar(name, "devices", shown=not opened.as_json) as show:
        outcome = await source.read(act, **told, progress=show)
    _print_outcome(name, outcome, opened.as_json, dry=dry_run)


@app.command()
@on_store()
async def check(opened: Opened, name: Name) -> None:
    """Read some devices of a source and show which facts were found. Stores nothing."""
    try:
        counts, short = await _source(opened, name).sample()
    except SourceError as error:
        _complain(name, error.trouble, error.hint, error.details)
        raise typer.Exit(1) from None
    if opened.as_json:
        print_json(counts | {"shortcomings": [str(each) for each in short]})
    else:
        tell(f"{name}: this was read; nothing was stored")
        Console().print(fields_grid(counts))
        for each in short:
            tell(f"WARNING {name}: {each}")


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
    by, source = opened.person("operator", "approver"), _source(opened, name)
    if not isinstance(source.settings, FileSettings | PostSettings):
        fail(2, f"{name} is of type {_type(source.settings)}; use one of type file or post")
    is_csv = file.casefold().endswith(".csv") if as_csv is None else as_csv
    act = _act(by, "connector-import-asked", name, mark_missing_as_gone=mark_missing_as_gone)
    with progress_bar(name, "devices", shown=not opened.as_json) as show:
        lines = partial(_lines, file)
        outcome = await source.take_in(
            lines, act, is_csv=is_csv, mark_missing_as_gone=mark_missing_as_gone, progress=show
        )
    if outcome and (outcome.taken or outcome.gone):
        taken, gone = outcome.taken, outcome.gone
        await opened.store.audit.append(_act(by, "connector-imported", name, taken=taken, gone=gone))
    _print_outcome(name, outcome, opened.as_json)


def _lines(file: str) -> AbstractContextManager[BinaryIO]:
    return nullcontext(sys.stdin.buffer) if file == "-" else Path(file).open("rb")


def _act(by: Person, what: str, name: str, **details: int) -> Act:
    """Who wants to read a source or import for it, before anything is stored, or what came of it."""
    return replace(by.act(datetime.now(UTC), what), about=f"connector {name}", details=details)


def _source(opened: Opened, name: str) -> "SourceByHand":
    """The source that the settings name so. Ends the command if there is none."""
    # imported here, since it loads more of the gate than any other command needs
    from mailgate.app.connectors import SourceByHand

    known = opened.settings.connectors
    if name not in known:
        fail(2, f"no source is called `{name}`; {did_you_mean(name, known)}")
    return SourceByHand(name, known[name], opened.store, opened.bundle)


def _type(settings: EverySource) -> str:
    return str(settings.type) if hasattr(settings, "type") else ""


def _print_outcome(name: str, outcome: "HandOutcome", as_json: bool, *, dry: bool = False) -> None:
    """Print what came of it. Exit code 1 if it was not complete."""
    if outcome is None:
        fail(1, f"{name}: another gate is reading it now")
    if as_json:
        print_json(asdict(outcome) | {"narrowed": [each._asdict() for each in outcome.narrowed]})
    else:
        tell(f"{name}: {outcome.in_words()}{'; nothing was stored' if dry else ''}")
        if outcome.narrowed or not outcome.trouble:  # of a source that was not read nobody knows
            _print_narrowed(name, outcome.narrowed, None if dry else outcome.NARROWS_AFTER)
    if outcome.held:
        more = "That is more than `most_gone` of this source allows, so they are kept."
        again = "If it is right, run this again with --let-go."
        gone = "1 device is" if outcome.held == 1 else f"{outcome.held} devices are"
        tell(f"{gone} no longer named. {more} {again}", err=True)
    elif outcome.trouble:
        _complain(name, outcome.trouble, outcome.hint, outcome.details)
    if outcome.trouble:
        raise typer.Exit(1)


def _print_narrowed(name: str, narrowed: Sequence[Any], after: timedelta | None) -> None:
    """Print the devices of which the source sees less than before: who has to be told. ``after``: how long until that counts; None if
    nothing was stored."""
    if narrowed:
        Console().print(table_of(narrowed, _NARROWED))
        when = "" if after is None else f", in at most {in_words(after)}"
        seen = plural("%(count)s device", "%(count)s devices", len(narrowed))
        then = "clean only if another source sees the whole device."
        tell(f"{seen} that {name} saw whole would be seen in part{when}: {then}")
    elif after is None:
        tell("No device that was seen whole would be seen in part.")


def _complain(name: str, trouble: Trouble, hint: str, details: Sequence[str]) -> None:
    for each in details:
        tell(each, err=True)
    tell(f"{name}: {trouble}{f': {hint}' if hint else ''}", err=True)
