"""Options that several commands have."""

from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer
from pydantic import TypeAdapter, ValidationError

from mailgate.cli.exit_codes import UsageError, end, fail
from mailgate.policy.stages import Moment

DEFAULT_PATH = Path("config/mailgate.yaml")
"""The default path of the settings."""
CONFIG_VARIABLE = "MAILGATE_CONFIG"


def _existing(context: typer.Context, path: Path) -> Path:
    """The path of the settings. Ends the command if none is given and the default does not exist."""
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
_MOMENT: TypeAdapter[datetime] = TypeAdapter(Moment)


def read_until(text: str) -> datetime:
    """The moment in a text, written as in the files. Ends the command if it is no time."""
    try:
        return _MOMENT.validate_python(text)
    except ValidationError as error:
        fail(2, f"--until: {error.errors()[0]['msg']}")
