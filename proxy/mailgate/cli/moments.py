"""Dates and times that commands take, as the files do."""

from datetime import datetime
from typing import Annotated

import typer
from pydantic import TypeAdapter, ValidationError

from mailgate.cli.stored import fail
from mailgate.policy.stages import Moment

Until = Annotated[
    str,
    typer.Option(
        metavar="DATE",
        help="Until when: a date (midnight UTC), or a time with its zone like 2026-12-08T09:00-08:00.",
    ),
]
_READ: TypeAdapter[datetime] = TypeAdapter(Moment)


def read_until(text: str) -> datetime:
    """The moment that is meant; ends the command where the text is none."""
    try:
        return _READ.validate_python(text)
    except ValidationError as error:
        fail(2, f"--until: {error.errors()[0]['msg']}")
