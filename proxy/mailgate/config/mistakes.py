"""Turns pydantic's errors into mistakes that a person can act on: where, what, and what was expected."""

import re
import types
import typing
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import timedelta
from typing import Any, TypeVar, get_args, get_origin

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from mailgate.config.document import Document, Path
from mailgate.errors import Mistake
from mailgate.model.phrase import Phrase, code, did_you_mean, phrase, quoted, words_of
from mailgate.policy.written import in_words

Model = TypeVar("Model", bound=BaseModel)


def validated(
    model: type[Model], document: Document, context: Mapping[str, Any]
) -> tuple[Model | None, list[Mistake]]:
    """The document as an instance of ``model``; None if it has mistakes, which are returned."""
    try:
        return model.model_validate(document.value, context=dict(context)), []
    except ValidationError as error:
        errors = _one_a_value(error.errors(include_url=False), document)
        found = [m for each in errors for m in _mistakes(each, model, document)]
        return None, list(dict.fromkeys(found))


def _one_a_value(errors: Iterable[ErrorDetails], document: Document) -> Iterator[ErrorDetails]:
    """The errors without those of other kinds that a value may have: of several about one value the first that tells its form."""
    by_path: dict[Path, list[ErrorDetails]] = {}
    for each in errors:
        if each["type"] in _OF_ONE_KIND and "[key]" not in each["loc"]:
            by_path.setdefault(_known_path(each["loc"], document), []).append(each)
        else:
            yield each
    for found in by_path.values():
        yield next((each for each in found if each["type"] != "literal_error"), found[0])


def _mistakes(error: ErrorDetails, model: type[BaseModel], document: Document) -> Iterator[Mistake]:
    path, context = _known_path(error["loc"], document), error.get("ctx", {})
    match error["type"]:
        case "condition":
            for fault in context["faults"]:
                yield document.mistake_inside(path, fault.line, fault.column, fault.message)
        case "missing" if _has_no_value((*path, error["loc"][-1]), document):
            return  # the document says so, at the key's own line
        case "missing":
            holder = _model_at(model, error["loc"][:-1], document)
            message = phrase(
                "the key `%(key)s` is missing; %(needs)s", key=error["loc"][-1], needs=_needs(holder)
            )
            yield document.mistake(path, message)
        case "extra_forbidden":
            fields = _model_at(model, error["loc"][:-1], document)
            known = did_you_mean(str(path[-1]), fields.model_fields if fields else ())
            message = phrase("the key `%(key)s` is not known; %(expected)s", key=path[-1], expected=known)
            yield document.mistake(path, message, at_key=True)
        case "union_tag_not_found":
            key = context["discriminator"].strip("'")
            message = phrase("the key `%(key)s` is missing; add it, to tell which kind this is", key=key)
            yield document.mistake(path, message)
        case "union_tag_invalid":
            place = (*path, context["discriminator"].strip("'"))
            yield document.mistake(place, wording(error))
        case "too_short" if error["input"]:
            return  # the entries exist, but each has a mistake of its own
        case _:
            below = context.get("key", ())
            path = (*path, *((below,) if isinstance(below, str) else below))
            yield document.mistake(path, wording(error), at_key="[key]" in error["loc"])


def _has_no_value(path: Path, document: Document) -> bool:
    """Whether this key is written without a value, which is a mistake of the document."""
    key = document.keys.get(path)
    line = key.start_mark.line + 1 if key else 0
    return path not in document.nodes and line in {each.line for each in document.mistakes}


def _known_path(loc: tuple[int | str, ...], document: Document) -> Path:
    """The part of pydantic's location that is in the document, without the names of union members."""
    path: Path = ()
    for step in loc:
        if (*path, step) in document.nodes:
            path = (*path, step)
    return path


_MAPPING = phrase("keys with their values")
_TYPES = {
    "string_type": phrase("a text"),
    "bool_type": phrase("true or false"),
    "int_type": phrase("a whole number"),
    "float_type": phrase("a number"),
    "tuple_type": phrase("a list"),
    "dict_type": _MAPPING,
    "mapping_type": _MAPPING,
    "model_type": _MAPPING,
    "model_attributes_type": _MAPPING,
}


def wording(error: ErrorDetails) -> str:
    """What is wrong with a value and what was expected, in words."""
    kind, context, given = error["type"], error.get("ctx", {}), error["input"]
    if kind == "missing":
        return phrase("it is missing; add it here")
    if kind == "union_tag_invalid":
        tags = [tag.strip(" '") for tag in context["expected_tags"].split(",")]
        return _unknown(context["tag"], tags)
    if kind in _TYPES:
        return phrase("%(given)s; use %(type)s", given=_kind(given), type=_TYPES[kind])
    if kind in ("enum", "literal_error"):
        words = [word.strip(" '") for word in context["expected"].replace(" or ", ", ").split(",")]
        return _unknown(given, words)
    if kind == "word":
        return _unknown(context["word"], context["known"])
    if kind == "string_too_short":
        return phrase("it is empty; enter some text")
    if kind == "string_pattern_mismatch":
        form = _form(context["pattern"])
        return phrase("%(value)s has the wrong form; use %(form)s", value=_shown(given), form=form)
    if kind == "too_short":
        return phrase("it is empty; add at least one")
    if kind in ("too_long", "string_too_long"):
        return phrase("it is too long; use at most %(most)s", most=str(context["max_length"]))
    if kind in _RANGES:
        bound = _RANGES[kind](context)
        return phrase("%(value)s is out of range; use %(range)s", value=_shown(given), range=bound)
    wrong, is_hidden = words_of(error), kind in ("store", "secret") or "@" in str(given)
    if not wrong.startswith("not "):
        return wrong
    what = phrase("it") if is_hidden else _shown(given)
    is_phrase = isinstance(wrong, Phrase)
    return phrase("%(what)s is %(wrong)s", what=what, wrong=wrong) if is_phrase else f"{what} is {wrong}"


def _unknown(word: object, known: Iterable[str]) -> str:
    known = did_you_mean(str(word), known)
    return phrase("%(value)s is not known here; %(expected)s", value=_shown(word), expected=known)


_RANGES: Mapping[str, Callable[[Mapping[str, Any]], str]] = {
    "greater_than_equal": lambda bound: phrase("%(bound)s or more", bound=_bound(bound["ge"])),
    "less_than_equal": lambda bound: phrase("%(bound)s or less", bound=_bound(bound["le"])),
}


_OF_ONE_KIND = {*_TYPES, *_RANGES, "literal_error", "string_pattern_mismatch"}
"""The errors of a value that may be of another kind instead: a number, or one word."""


def _bound(value: object) -> str:
    """A bound as files have it. pydantic tells that of a duration that may be left out as Python writes it."""
    span = re.fullmatch(r"datetime\.timedelta\((?:days=(\d+))?(?:, )?(?:seconds=(\d+))?\)", str(value))
    if span is None:
        return str(value)
    return in_words(timedelta(days=int(span[1] or 0), seconds=int(span[2] or 0)))


_FORMS = {
    r"^[a-z0-9]+(-[a-z0-9]+)*$": phrase("kebab-case: small letters, digits and single hyphens"),
    r"^[A-Za-z0-9][A-Za-z0-9._-]*$": phrase("letters, digits, dots, hyphens and underscores"),
    r"^\d{4}-\d\d-\d\d$": phrase("a date like 2026-12-01"),
    r"^\S+$": phrase("a text without spaces"),
    r"^[A-Za-z][A-Za-z0-9-]*$": phrase("letters, digits and hyphens"),
    r"^[^\x00-\x1f\x7f]+$": phrase("one line of text"),
    r"^[a-z0-9]+([._@-][a-z0-9]+)*$": phrase(
        "small letters and digits, with single dots, hyphens, underscores or @ between"
    ),
    r"^[A-Za-z0-9._%+-]+@[A-Za-z0-9.-]+$": phrase("a mail address"),
    r"^[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)*$": phrase("a domain like example.com"),
    r"^[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?$": phrase("the name of a host, without a port"),
    r"^[^\s\x00-\x1f\x7f][^\x00-\x1f\x7f]*$": phrase("one line of text"),
    r"^\S(.*\S)?$": phrase("one line of text"),
    r"^\S.*$": phrase("one line of text"),
    r"^[!-~]+$": phrase("a text without spaces"),
    r"^\S+@\S+$": phrase("a mail address"),
    r"^[A-Za-z0-9!#$%&'*+.^_`|~-]+$": phrase("a name as HTTP allows it, without spaces"),
    r"^[A-Za-z0-9_-]{43}$": phrase("a thumbprint, which has 43 characters"),
    r"^[0-9]{1,18}$": phrase("digits only"),
    r"^(/[A-Za-z0-9._~-]+)+$": phrase("a path like /api"),
    r"^[A-Za-z0-9._@{}-]+$": phrase("the id of an extension, as its browser shows it"),
    r"^[0-9a-f]{64}$": phrase("64 characters from 0 to 9 and a to f"),
}


def _form(pattern: str) -> str:
    return _FORMS.get(pattern) or phrase("what matches %(pattern)s", pattern=pattern)


def _kind(value: object) -> str:
    """A value and its type in YAML."""
    match value:
        case None | dict() | tuple():
            return phrase("%(value)s is given here", value=_shown(value))
        case bool():
            return phrase("%(value)s is true or false", value=_shown(value))
        case int() | float():
            return phrase("%(value)s is a number", value=_shown(value))
    return phrase("%(value)s is a text", value=_shown(value))


def _shown(value: object) -> str:
    """A value as a person wrote it. Long ones are cut; values that may hold a secret never get here."""
    match value:
        case None:
            return phrase("nothing")
        case bool():
            return code(str(value).lower())
        case dict():
            return phrase("a mapping")
        case tuple() | list():
            return phrase("a list")
        case timedelta():
            return code(in_words(value))
    text = str(value)
    return code(text if len(text) <= 60 else text[:57] + "…")


def _needs(model: type[BaseModel] | None) -> str:
    needed = [name for name, field in model.model_fields.items() if field.is_required()] if model else []
    return phrase("use %(keys)s here", keys=quoted(needed)) if needed else phrase("add it here")


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
