"""``mailgate schema``: the JSON Schemas of the files, for completion in editors, and the description of the API."""

import json
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any

import typer
from pydantic import BaseModel
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue
from pydantic_core import core_schema

from mailgate.atomic_files import write_atomically
from mailgate.cli.exit_codes import fail
from mailgate.config.described_schema import DescribedSchema
from mailgate.config.rules import AppsFile, GroupsFile
from mailgate.config.settings import Settings
from mailgate.config.sources.line import DeviceLine
from mailgate.policy.cases import CasesFile
from mailgate.policy.rules import PolicyFile
from mailgate.policy.written import AppList

SCHEMAS: Mapping[str, type[BaseModel]] = {
    "settings": Settings,
    "apps": AppsFile,
    "list": AppList,
    "policy": PolicyFile,
    "policy-tests": CasesFile,
    "groups": GroupsFile,
    "device-line": DeviceLine,
}
"""The name of each schema, and the model of its file."""


class _Generator(DescribedSchema):
    """Describes what the loader accepts: no null, no key of another form, defaults as people write them."""

    def nullable_schema(self, schema: core_schema.NullableSchema) -> JsonSchemaValue:
        return self.generate_inner(schema["schema"])

    def dict_schema(self, schema: core_schema.DictSchema) -> JsonSchemaValue:
        written = super().dict_schema(schema)
        return {**written, "additionalProperties": False} if "patternProperties" in written else written

    def default_schema(self, schema: core_schema.WithDefaultSchema) -> JsonSchemaValue:
        nothing = schema.get("default") is None
        return self.generate_inner(schema["schema"]) if nothing else super().default_schema(schema)

    def encode_default(self, dft: Any) -> Any:
        if isinstance(dft, timedelta):
            return f"{dft / timedelta(seconds=1):g}s"
        return super().encode_default(dft)


def schema_of(name: str) -> dict[str, Any]:
    """The schema of the file of that name. ``name`` is a key of ``SCHEMAS``."""
    schema = SCHEMAS[name].model_json_schema(schema_generator=_Generator)
    return {"$schema": GenerateJsonSchema.schema_dialect, **schema}


API = "api"
"""The name of the OpenAPI description of the console's API, which is about no file."""
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
        fail(2, f"{every}: cannot be written: {error.strerror}; use a folder")


def _text(name: str) -> str:
    if name == API:
        from mailgate.console.api.description import description  # the whole console
        from mailgate.console.api.site import OPERATIONS

        return description(OPERATIONS).decode()
    return json.dumps(schema_of(name), indent=2, ensure_ascii=False)
