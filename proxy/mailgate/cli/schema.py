"""``mailgate schema``: the JSON Schemas of the files, so that editors complete them, and the description of the API."""

import json
from pathlib import Path
from typing import Annotated

import typer

from mailgate.config.schemas import SCHEMAS, schema_of
from mailgate.console.api import OPERATIONS, description
from mailgate.whole_file import write_whole

API = "api"
"""Not a file but the console's API: its OpenAPI description, which a running gate serves as well."""
KINDS = (*SCHEMAS, API)


def schema(
    kind: Annotated[
        str | None,
        typer.Argument(metavar="|".join(KINDS), help="Which file's schema, or the description of the API."),
    ] = None,
    every: Annotated[
        Path | None, typer.Option("--all", metavar="DIR", help="Write all of them into this folder.")
    ] = None,
) -> None:
    """Print the JSON Schema of one kind of file, or write all of them; or print the OpenAPI description of the API."""
    if (kind is None) == (every is None) or (kind is not None and kind not in KINDS):
        typer.echo(f"give either one of {', '.join(KINDS)} or --all DIR", err=True)
        raise typer.Exit(2)
    if kind is not None:
        typer.echo(_text(kind))
        return
    assert every is not None
    try:
        every.mkdir(parents=True, exist_ok=True)
        for name in SCHEMAS:
            path = every / f"{name}.schema.json"
            write_whole(path, _text(name) + "\n")
            typer.echo(str(path))
    except OSError as error:
        typer.echo(f"{every}: cannot be written: {error.strerror}; expected a folder", err=True)
        raise typer.Exit(2) from error


def _text(name: str) -> str:
    if name == API:
        return description(OPERATIONS).decode()
    return json.dumps(schema_of(name), indent=2, ensure_ascii=False)
