"""JSON schemas in which the docstrings of fields describe them.

The docstrings are read from the source while a schema is made. pydantic's ``use_attribute_docstrings`` reads them when a class is made,
which was an eighth of all that a start does.
"""

import ast
from collections.abc import Mapping
from inspect import cleandoc, getsource
from itertools import zip_longest
from textwrap import dedent

from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue
from pydantic_core import core_schema


class DescribedSchema(GenerateJsonSchema):
    """Describes each field of models and dataclasses by the docstring below it."""

    def model_schema(self, schema: core_schema.ModelSchema) -> JsonSchemaValue:
        made, fields = super().model_schema(schema), schema["cls"].model_fields
        _describe(
            made, schema["cls"], {name: each.serialization_alias or name for name, each in fields.items()}
        )
        return made

    def dataclass_schema(self, schema: core_schema.DataclassSchema) -> JsonSchemaValue:
        made = super().dataclass_schema(schema)
        _describe(made, schema["cls"], {})
        return made


def _describe(made: JsonSchemaValue, kind: type, others: Mapping[str, str]) -> None:
    """Add the docstrings of the fields to what was made of their class. ``others``: the names that they have in JSON."""
    shown = made.get("properties", {})
    for field, text in _descriptions(kind).items():
        if (told := shown.get(others.get(field, field))) is not None:
            told.setdefault("description", text)


def _descriptions(kind: type) -> dict[str, str]:
    """The docstrings of the fields of a class, by field; also those that it takes over, unless it has the field anew."""
    found: dict[str, str] = {}
    for base in reversed(kind.__mro__[:-1]):
        found |= {} if base.__module__.startswith("pydantic") else _docstrings(base)
    return {name: text for name, text in found.items() if text}


def _docstrings(kind: type) -> dict[str, str]:
    """The texts that stand below annotated names in the source of a class; empty for a name without one."""
    try:
        (written,) = ast.parse(dedent(getsource(kind))).body
    except (OSError, TypeError):  # it was made without a source
        return {}
    body = written.body if isinstance(written, ast.ClassDef) else []
    return {
        field.target.id: _text(below)
        for field, below in zip_longest(body, body[1:])
        if isinstance(field, ast.AnnAssign) and isinstance(field.target, ast.Name)
    }


def _text(below: ast.stmt | None) -> str:
    is_text = isinstance(below, ast.Expr) and isinstance(below.value, ast.Constant)
    return cleandoc(str(below.value.value)) if is_text else ""  # type: ignore[union-attr]
