"""The API's OpenAPI 3.1 description. It is made from the operations themselves, so that it describes exactly what is served."""

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Literal

from pydantic import TypeAdapter
from pydantic_core import core_schema

from mailgate import __version__
from mailgate.config.described_schema import DescribedSchema
from mailgate.console.api.operation import JSON, VERSION, Operation
from mailgate.console.api.problems import KINDS, Problem
from mailgate.gateway.answer import PROBLEM

Mode = Literal["validation", "serialization"]
Schema = dict[str, Any]

_PLACE = "#/components/schemas/{model}"
_HEADERS: Mapping[int, tuple[str, str]] = {
    401: ("WWW-Authenticate", "How to authenticate (RFC 6750)."),
    429: ("Retry-After", "How many seconds to wait."),
    503: ("Retry-After", "How many seconds to wait."),
}
"""The header fields that go with a problem, by status."""
_ABOUT = """What the console shows and does, for programs. `docs/api.md` says how to begin.

Every error is answered with a problem document (RFC 9457). Unknown parameters and unknown names in a
body are refused. Lists that have `next` are read on with it as `after`, until it is null."""


class _Shapes(DescribedSchema):
    """Schemas without repeated names. Those of answers allow fields to be added."""

    def field_title_should_be_set(self, schema: Any) -> bool:  # noqa: ARG002
        return False

    def dict_schema(self, schema: core_schema.DictSchema) -> Schema:
        """Refuse names that do not match, which ``patternProperties`` alone does not do."""
        made = super().dict_schema(schema)
        for pattern, values in made.pop("patternProperties", {}).items():
            made |= {"propertyNames": {"pattern": pattern}, "additionalProperties": values}
        return made

    def model_schema(self, schema: core_schema.ModelSchema) -> Schema:
        return self._open(super().model_schema(schema))

    def dataclass_schema(self, schema: core_schema.DataclassSchema) -> Schema:
        return self._open(super().dataclass_schema(schema))

    def _open(self, made: Schema) -> Schema:
        if self.mode == "serialization":
            made.pop("additionalProperties", None)
        return made


def description(operations: Sequence[Operation]) -> bytes:
    """The description of these operations, as JSON."""
    shapes, schemas = _shapes(operations)
    # the fields of paths and queries are listed with each operation, so nothing refers to their models
    addresses = {_referred(shape) for (use, _), shape in shapes.items() if use.endswith((" path", " query"))}
    components = {name: schemas[name] for name in sorted(schemas.keys() - addresses)}
    paths: dict[str, Schema] = {}
    for each in operations:
        paths.setdefault(each.path, {})[each.method.lower()] = _operation(each, shapes, schemas)
    told = {
        "openapi": "3.1.0",
        "info": {
            "title": "Mailgate",
            "version": __version__,
            "description": _ABOUT,
            "license": {"name": "Apache License 2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": VERSION, "description": "The admin port of this gate"}],
        "security": [{"token": []}],
        "tags": [{"name": name} for name in dict.fromkeys(each.tag for each in operations)],
        "paths": paths,
        "components": {
            "schemas": components,
            "responses": {str(status): _problem(status) for status in KINDS},
            "securitySchemes": {
                "token": {
                    "type": "http",
                    "scheme": "bearer",
                    "description": "An admin token, as `mailgate admin add` prints it: the name, a colon and a secret.",
                }
            },
        },
    }
    return json.dumps(told, indent=1).encode()


def _shapes(operations: Sequence[Operation]) -> tuple[Mapping[tuple[str, Mode], Schema], dict[str, Schema]]:
    """The schemas of the inputs and answers of operations, by use and mode, and the schemas that they refer to, by name."""
    wanted: list[tuple[str, Mode, TypeAdapter[Any]]] = [("problem", "serialization", TypeAdapter(Problem))]
    for each in operations:
        wanted += [
            (f"{each.name} path", "validation", TypeAdapter(each.path_model)),
            (f"{each.name} query", "validation", TypeAdapter(each.query_model)),
        ]
        if each.body_model:
            wanted.append((f"{each.name} body", "validation", TypeAdapter(each.body_model)))
        if each.media == JSON and not each.empty:
            wanted.append((f"{each.name} answer", "serialization", each.output_adapter))
    shapes, rest = TypeAdapter.json_schemas(wanted, ref_template=_PLACE, schema_generator=_Shapes)
    return shapes, dict(rest["$defs"])


def _referred(shape: Schema) -> str:
    return str(shape.get("$ref", "")).rpartition("/")[2]


def _operation(
    each: Operation, shapes: Mapping[tuple[str, Mode], Schema], schemas: dict[str, Schema]
) -> Schema:
    summary, more = each.about
    who = f"It takes the role {' or '.join(each.roles)}." if each.roles else "Every admin may."
    told: Schema = {
        "operationId": each.name,
        "tags": [each.tag],
        "summary": summary,
        "description": " ".join(filter(None, [more.replace("\n", " "), who])),
        "parameters": [
            *_parameters("path", shapes[f"{each.name} path", "validation"], schemas),
            *_parameters("query", shapes[f"{each.name} query", "validation"], schemas),
        ],
        "responses": {
            str(each.status): _answer(each, shapes),
            **{str(status): {"$ref": f"#/components/responses/{status}"} for status in each.statuses},
        },
    }
    if each.body_model:
        schema = shapes[f"{each.name} body", "validation"]
        told["requestBody"] = {"required": True, "content": {JSON: {"schema": schema}}}
    return told


def _parameters(place: str, shape: Schema, schemas: dict[str, Schema]) -> Iterator[Schema]:
    """Each field of a model as a parameter, since nothing refers to the model."""
    model = schemas[_referred(shape)]
    for field, schema in model.get("properties", {}).items():
        plain = {key: value for key, value in _without_null(schema).items() if key != "description"}
        told = {"name": field, "in": place, "required": field in model.get("required", ()), "schema": plain}
        yield told | {"description": schema["description"]}


def _without_null(schema: Schema) -> Schema:
    """A parameter is left out or has a value, but never null."""
    rest = [each for each in schema.get("anyOf", ()) if each != {"type": "null"}]
    if len(rest) != 1:
        return schema
    return {**{key: schema[key] for key in schema if key not in ("anyOf", "default")}, **rest[0]}


def _answer(each: Operation, shapes: Mapping[tuple[str, Mode], Schema]) -> Schema:
    if each.empty:
        told: Schema = {"description": "Done."}
    elif each.media == JSON:
        schema = shapes[f"{each.name} answer", "serialization"]
        told = {"description": each.about[0], "content": {JSON: {"schema": schema}}}
    else:
        told = {"description": each.about[0], "content": {each.media: {"schema": {"type": "string"}}}}
    if each.has_location:
        told["headers"] = {"Location": _header("The address of the result.")}
    if each.links:
        told["links"] = {
            to: {"operationId": to, "parameters": {name: _expression(at) for name, at in places.items()}}
            for to, places in each.links.items()
        }
    return told


def _expression(at: str) -> str:
    return at if at.startswith("$") else f"$response.body#/{at}"


def _problem(status: int) -> Schema:
    told: Schema = {
        "description": KINDS[status][1],
        "content": {PROBLEM: {"schema": {"$ref": _PLACE.format(model="Problem")}}},
    }
    if status in _HEADERS:
        name, words = _HEADERS[status]
        told["headers"] = {name: _header(words)}
    return told


def _header(words: str) -> Schema:
    return {"description": words, "required": True, "schema": {"type": "string"}}
