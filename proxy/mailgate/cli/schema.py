"""``mailgate schema``: the JSON Schemas of the files, so that editors complete them."""

import json
from pathlib import Path
from typing import Annotated

import typer

from mailgate.config.schemas import SCHEMAS, schema_of


def schema(
    kind: Annotated[
        str | None, typer.Argument(metavar="|".join(SCHEMAS), help="Which file's schema.")
    ] = None,
    every: Annotated[
        Path | None, typer.Option("--all", metavar="DIR", help="Write all of them into this folder.")
    ] = None,
) -> None:
    """Print the JSON Schema of one kind of file, or write all of them."""
    if (kind is None) == (every is None) or (kind is not None and kind not in SCHEMAS):
        typer.echo(f"give either one of {', '.join(SCHEMAS)} or --all DIR", err=True)
        raise typer.Exit(2)
    if kind is not None:
        typer.echo(_text(kind))
        return
    assert every is not None
    try:
        every.mkdir(parents=True, exist_ok=True)
        for name in SCHEMAS:
            path = every / f"{name}.schema.json"
            path.write_text(_text(name) + "\n", encoding="utf-8")
            typer.echo(str(path))
    except OSError as error:
        typer.echo(f"{every}: cannot be written: {error.strerror}; expected a folder", err=True)
        raise typer.Exit(2) from error


def _text(name: str) -> str:
    return json.dumps(schema_of(name), indent=2, ensure_ascii=False)
