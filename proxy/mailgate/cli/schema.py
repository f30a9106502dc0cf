"""``mailgate schema``: the JSON Schemas of the files, for completion in editors, and the description of the API."""

import json
from pathlib import Path
from typing import Annotated

import typer

from mailgate.atomic_files import write_atomically
from mailgate.cli.exit_codes import fail
from mailgate.config.schemas import SCHEMAS, schema_of

API = "api"
"""The name of the OpenAPI description of the console's API, which is about no file. A running gate serves it as
well."""
KINDS = (*SCHEMAS, API)


def schema(
    kind: Annotated[
        str | None,
        typer.Argument(
            metavar="|".join(KINDS), help="The file of the schema, or `api` for the description of the API."
        ),
    ] = None,
    every: Annotated[
        Path | None, typer.Option("--all", metavar="DIR", help="Write all of them into this folder.")
    ] = None,
) -> None:
    """Print the JSON Schema of one kind of file, or write all of them; or print the OpenAPI description of the API."""
    if (kind is None) == (every is None) or (kind is not None and kind not in KINDS):
        fail(2, f"give either one of {', '.join(KINDS)} or --all DIR")
    if kind is not None:
        typer.echo(_text(kind))
        return
    assert every is not None
    try:
        every.mkdir(parents=True, exist_ok=True)
        for name in SCHEMAS:
            path = every / f"{name}.schema.json"
            write_atomically(path, _text(name) + "\n")
            typer.echo(str(path))
    except OSError as error:
        fail(2, f"{every}: cannot be written: {error.strerror}; expected a folder")


def _text(name: str) -> str:
    if name == API:
        from mailgate.console.api import OPERATIONS, description  # the whole console

        return description(OPERATIONS).decode()
    return json.dumps(schema_of(name), indent=2, ensure_ascii=False)
