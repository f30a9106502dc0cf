"""Reads one value like a setting of its type."""

from typing import Any

from pydantic import TypeAdapter

from mailgate.config.references import Sources


def read(kind: Any, value: object, sources: Sources | None = None) -> Any:
    return TypeAdapter(kind).validate_python(value, context={"sources": sources})
