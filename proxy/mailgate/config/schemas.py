"""JSON Schemas (2020-12) of the files, made from the models that read them, so that editors complete what the loader
accepts."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue
from pydantic_core import core_schema

from mailgate.config.apps import AppsFile
from mailgate.config.groups import GroupsFile
from mailgate.config.settings import Settings
from mailgate.config.sources import DeviceLine
from mailgate.policy.apps import AppList
from mailgate.policy.cases import CasesFile
from mailgate.policy.rules import PolicyFile

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


class _Generator(GenerateJsonSchema):
    """Describes what the loader accepts: no null, no key of another form, defaults as people write them."""

    def nullable_schema(self, schema: core_schema.NullableSchema) -> JsonSchemaValue:
        return self.generate_inner(schema["schema"])

    def dict_schema(self, schema: core_schema.DictSchema) -> JsonSchemaValue:
        written = super().dict_schema(schema)
        return {**written, "additionalProperties": False} if "patternProperties" in written else written

    def default_schema(self, schema: core_schema.WithDefaultSchema) -> JsonSchemaValue:
        return (
            self.generate_inner(schema["schema"])
            if schema.get("default") is None
            else super().default_schema(schema)
        )

    def encode_default(self, dft: Any) -> Any:
        if isinstance(dft, timedelta):
            return f"{dft / timedelta(seconds=1):g}s"
        return super().encode_default(dft)


def schema_of(name: str) -> dict[str, Any]:
    """The schema of the file of that name. ``name`` is a key of ``SCHEMAS``."""
    schema = SCHEMAS[name].model_json_schema(schema_generator=_Generator)
    return {"$schema": GenerateJsonSchema.schema_dialect, **schema}
