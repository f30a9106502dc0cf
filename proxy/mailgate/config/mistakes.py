"""Turns pydantic's errors into mistakes that a person can act on: file, line, column, what is wrong, and what was
expected."""

import types
import typing
from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import Any, TypeVar, get_args, get_origin

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from mailgate.config.document import Document, Path
from mailgate.errors import Mistake
from mailgate.policy.spelling import expected, quoted

Model = TypeVar("Model", bound=BaseModel)


def validated(
    model: type[Model], document: Document, context: Mapping[str, Any]
) -> tuple[Model | None, list[Mistake]]:
    """The document as an instance of ``model``; None if it has mistakes, which are returned."""
    try:
        return model.model_validate(document.value, context=dict(context)), []
    except ValidationError as error:
        found = [m for each in error.errors(include_url=False) for m in _mistakes(each, model, document)]
        return None, list(dict.fromkeys(found))


def _mistakes(error: ErrorDetails, model: type[BaseModel], document: Document) -> Iterator[Mistake]:
    path, context = _known_path(error["loc"], document), error.get("ctx", {})
    match error["type"]:
        case "condition":
            for fault in context["faults"]:
                yield document.mistake_inside(path, fault.line, fault.column, fault.message)
        case "missing":
            holder = _model_at(model, error["loc"][:-1], document)
            yield document.mistake(path, f"the key `{error['loc'][-1]}` is missing; {_needs(holder)}")
        case "extra_forbidden":
            fields = _model_at(model, error["loc"][:-1], document)
            message = f"the key `{path[-1]}` is not known; {expected(str(path[-1]), _names(fields))}"
            yield document.mistake(path, message, at_key=True)
        case "union_tag_not_found":
            key = context["discriminator"].strip("'")
            yield document.mistake(
                path, f"the key `{key}` is missing; expected it here, to tell which kind this is"
            )
        case "union_tag_invalid":
            known = [tag.strip(" '") for tag in context["expected_tags"].split(",")]
            place = (*path, context["discriminator"].strip("'"))
            message = f"{_shown(context['tag'])} is not known here; {expected(str(context['tag']), known)}"
            yield document.mistake(place, message)
        case "too_short" if error["input"]:
            return  # the entries exist, but each has a mistake of its own
        case _:
            below = context.get("key", ())
            path = (*path, *((below,) if isinstance(below, str) else below))
            yield document.mistake(path, wording(error), at_key="[key]" in error["loc"])


def _known_path(loc: tuple[int | str, ...], document: Document) -> Path:
    """The part of pydantic's location that is in the document, without the names of union members."""
    path: Path = ()
    for step in loc:
        if (*path, step) in document.nodes:
            path = (*path, step)
    return path


_TYPES = {
    "string_type": "a text",
    "bool_type": "true or false",
    "int_type": "a whole number",
    "float_type": "a number",
    "tuple_type": "a list",
    "dict_type": "a mapping of keys to values",
    "mapping_type": "a mapping of keys to values",
    "model_type": "a mapping of keys to values",
    "model_attributes_type": "a mapping of keys to values",
}


def wording(error: ErrorDetails) -> str:
    """What is wrong with a value and what was expected, in words."""
    kind, context, given = error["type"], error.get("ctx", {}), error["input"]
    if kind in _TYPES:
        return f"{_kind(given)}; expected {_TYPES[kind]}"
    if kind in ("enum", "literal_error"):
        words = [word.strip(" '") for word in context["expected"].replace(" or ", ", ").split(",")]
        return f"{_shown(given)} is not known here; {expected(str(given), words)}"
    if kind == "word":
        return f"{_shown(context['word'])} is not known here; {expected(context['word'], context['known'])}"
    if kind == "string_pattern_mismatch":
        return f"{_shown(given)} has the wrong form; expected {_form(context['pattern'])}"
    if kind in ("too_short", "string_too_short"):
        return "it is empty; expected at least one"
    if kind in ("too_long", "string_too_long"):
        return f"it is too long; expected at most {context['max_length']}"
    if kind in ("greater_than_equal", "less_than_equal"):
        return f"{_shown(given)} is out of range; expected {error['msg'].removeprefix('Input should be ')}"
    if not error["msg"].startswith("not "):
        return error["msg"]
    secret = kind in ("store", "secret") or "@" in str(given)
    return f"{'it' if secret else _shown(given)} is {error['msg']}"


_FORMS = {
    r"^[a-z0-9]+(-[a-z0-9]+)*$": "kebab-case: small letters, digits and single hyphens",
    r"^[A-Za-z0-9][A-Za-z0-9._-]*$": "letters, digits, dots, hyphens and underscores",
    r"^\d{4}-\d\d-\d\d$": "a date like 2026-12-01",
    r"^\S+$": "a text without spaces",
    r"^[A-Za-z][A-Za-z0-9-]*$": "letters, digits and hyphens",
    r"^[^\x00-\x1f\x7f]+$": "one line of text",
    r"^[a-z0-9]+([._@-][a-z0-9]+)*$": "small letters and digits, with single dots, hyphens, underscores or @ between",
    r"^[A-Za-z0-9._%+-]+@[A-Za-z0-9.-]+$": "a mail address",
    r"^[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)*$": "a domain like example.com",
    r"^[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?$": "the name of a host, without a port",
}


def _form(pattern: str) -> str:
    return _FORMS.get(pattern, f"what matches {pattern}")


def _kind(value: object) -> str:
    """A value and its type in YAML."""
    match value:
        case None | dict() | tuple():
            return f"{_shown(value)} stands here"
        case bool():
            return f"{_shown(value)} is a truth value"
        case int() | float():
            return f"{_shown(value)} is a number"
    return f"{_shown(value)} is a text"


def _shown(value: object) -> str:
    """A value as a person wrote it. Long ones are cut; values that may hold a secret never get here."""
    match value:
        case None:
            return "nothing"
        case bool():
            return f"`{str(value).lower()}`"
        case dict():
            return "a mapping"
        case tuple() | list():
            return "a list"
        case timedelta():
            return f"`{value / timedelta(seconds=1):g}s`"
    text = str(value)
    return f"`{text if len(text) <= 60 else text[:57] + '…'}`"


def _names(model: type[BaseModel] | None) -> list[str]:
    return list(model.model_fields) if model else []


def _needs(model: type[BaseModel] | None) -> str:
    needed = [name for name, field in model.model_fields.items() if field.is_required()] if model else []
    return f"expected {quoted(needed)} here" if needed else "expected it here"


def _model_at(
    model: type[BaseModel], loc: tuple[int | str, ...], document: Document
) -> type[BaseModel] | None:
    """The model of the keys at pydantic's location ``loc``, which also has the names of union members."""
    kind: Any = model
    path: Path = ()
    for step in loc:
        if (*path, step) in document.nodes:
            path = (*path, step)
            kind = _inside(_bare(kind), step)
        else:
            kind = _member(kind, step)
    kind = _bare(kind)
    return kind if isinstance(kind, type) and issubclass(kind, BaseModel) else None


def _inside(kind: Any, step: str | int) -> Any:
    if isinstance(kind, type) and issubclass(kind, BaseModel):
        field = kind.model_fields.get(str(step))
        return field.annotation if field else None
    arguments = get_args(kind)
    if not arguments:
        return None
    return arguments[0] if get_origin(kind) is tuple else arguments[-1]


def _member(kind: Any, tag: str | int) -> Any:
    """The model of a union by its ``tag``; ``kind`` itself if it is no union."""
    union = get_args(kind)[0] if get_origin(kind) is typing.Annotated else kind
    tags = {
        word: each
        for each in get_args(union)
        if isinstance(each, type) and issubclass(each, BaseModel)
        for field in each.model_fields.values()
        if get_origin(field.annotation) is typing.Literal
        for word in get_args(field.annotation)
    }
    return tags.get(tag, kind)


def _bare(kind: Any) -> Any:
    """The type without ``| None`` and without annotations."""
    if get_origin(kind) is typing.Annotated:
        return _bare(get_args(kind)[0])
    if get_origin(kind) in (types.UnionType, typing.Union):
        models = [_bare(each) for each in get_args(kind) if each is not type(None)]
        return next(
            (each for each in models if isinstance(each, type) and issubclass(each, BaseModel)), models[0]
        )
    return kind
