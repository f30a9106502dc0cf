"""Options that several commands have, and the store of the settings that they name, open for one command."""

import asyncio
import os
import sys
from collections.abc import Callable, Coroutine
from contextlib import redirect_stdout
from contextvars import ContextVar
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from pwd import getpwuid
from socket import gethostname
from typing import Annotated, Any, TypeVar

import typer
from pydantic import TypeAdapter, ValidationError

from mailgate.app import open_store
from mailgate.cli.exit_codes import UsageError, end, fail
from mailgate.config import Bundle, load_bundle
from mailgate.config.values import Duration
from mailgate.console.looks import note_look, sought_in
from mailgate.policy.written import Moment
from mailgate.rollout import in_force
from mailgate.rollout.person import Person
from mailgate.rollout.replay import away_now
from mailgate.store import Store, StoreUnavailableError
from mailgate.store.looks import NOT_KEPT

Result = TypeVar("Result")

DEFAULT_PATH = Path("config/mailgate.yaml")
"""The default path of the settings."""
CONFIG_VARIABLE = "MAILGATE_CONFIG"


_CALLED: ContextVar[tuple[str, dict[str, Any]]] = ContextVar("called", default=("", {}))
"""The command that was called, if it reads the settings, and its parameters, which are all read once it runs."""


def _existing(context: typer.Context, path: Path) -> Path:
    """The path of the settings. Ends the command if none is given and the default does not exist."""
    called = context.command_path.removeprefix(context.find_root().command_path).strip()
    _CALLED.set((called, context.params))
    named = path != DEFAULT_PATH or context.params.get("named")
    if not named and not context.resilient_parsing and not path.exists():
        ways = f"name yours with --config or {CONFIG_VARIABLE}, or write some with `mailgate init`"
        end(UsageError(f"{path} does not exist, and no settings file was named; {ways}"))
    return path


Config = Annotated[
    Path,
    typer.Option(
        "--config",
        metavar="FILE",
        envvar=CONFIG_VARIABLE,
        callback=_existing,
        help="The settings, which name the other files and the store.",
    ),
]
"""The path of the settings, for every command that reads them."""
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]
AsObject = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]
Until = Annotated[
    str,
    typer.Option(
        metavar="DATE",
        help="The end: a date (midnight UTC), or a time with its zone like 2026-12-08T09:00-08:00.",
    ),
]
MOMENT: TypeAdapter[datetime] = TypeAdapter(Moment)
DURATION: TypeAdapter[timedelta] = TypeAdapter(Duration)


def checked(option: str, kind: TypeAdapter[Result], text: str) -> Result:
    """The value of an option, written as in the files. Ends the command if it is not one."""
    try:
        return kind.validate_python(text)
    except ValidationError as error:
        fail(2, f"{option}: {error.errors()[0]['msg']}")


async def _note_look(store: Store, bundle: Bundle) -> None:
    """Keep that the user of this computer reads about people by this command, and about whom it was asked. Raises
    StoreUnavailableError if neither the store nor the disk takes it."""
    path, params = _CALLED.get()
    asked = {name: text for name, text in params.items() if isinstance(text, str) and text}
    login = (asked.get("login") or asked.get("person") or "").strip()
    named = {"login": bundle.settings.logins.person(login), "device": asked.get("name", "")}
    await note_found(store, named if login or path == "devices show" else {})


async def note_found(store: Store, found: Any) -> None:
    """Keep whom a command is about to show that was not asked for them by name. Raises StoreUnavailableError."""
    path, params = _CALLED.get()
    by, sought = system_user(), sought_in(each for each in params.items() if isinstance(each[1], str))
    by = replace(by, origin=f"command at {by.origin}")
    note_look(store, datetime.now(UTC), by, (), path, sought, found)
    await store.look_queue.flush()
    if store.look_queue.backlog().in_memory:
        raise StoreUnavailableError(NOT_KEPT)


def system_user() -> Person:
    """The user of the system who runs the command, whatever the environment says; the number of one without a name, as in a
    container."""
    try:
        return Person(getpwuid(os.getuid()).pw_name, gethostname())
    except KeyError:
        return Person(str(os.getuid()), gethostname())


def with_store(
    config: Path, run: Callable[[Store, Bundle], Coroutine[Any, Any, Result]], *, decides: bool = True
) -> Result:
    """Run a command on the store of a configuration. Raises MailgateError if the files or the store cannot be used.

    The bundle has the rules in force, which may differ from those of the files, and their reliefs. For a command that
    ``decides`` nothing the bundle has the rules of the files, since the rules in force may no longer be readable.
    """

    async def opened() -> Result:
        bundle = load_bundle(config)
        store = await open_store(config, bundle.settings)
        try:
            with redirect_stdout(sys.stderr):  # what is logged is no output of the command
                await _note_look(store, bundle)
            if not decides:
                return await run(store, bundle)
            rules = await in_force(store) or bundle.rules
            reliefs = await store.reliefs.current(datetime.now(UTC))
            away = await away_now(store, bundle.settings)
            return await run(store, replace(bundle, rules=rules.with_reliefs(reliefs), away=away))
        finally:
            with redirect_stdout(sys.stderr):
                await store.close()

    return asyncio.run(opened())
