"""Options that several commands have."""

from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer
from pydantic import TypeAdapter, ValidationError

from mailgate.cli.stored import fail
from mailgate.policy.stages import Moment

DEFAULT_PATH = Path("config/mailgate.yaml")
"""The settings that count if none are named."""
Config = Annotated[Path, typer.Option("--config", help="The settings, which say where the store is.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]
AsObject = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]
Until = Annotated[
    str,
    typer.Option(
        metavar="DATE",
        help="Until when: a date (midnight UTC), or a time with its zone like 2026-12-08T09:00-08:00.",
    ),
]
_MOMENT: TypeAdapter[datetime] = TypeAdapter(Moment)


def read_until(text: str) -> datetime:
    """The moment that the text stands for, written as in the files. Ends the command if it is no time."""
    try:
        return _MOMENT.validate_python(text)
    except ValidationError as error:
        fail(2, f"--until: {error.errors()[0]['msg']}")
