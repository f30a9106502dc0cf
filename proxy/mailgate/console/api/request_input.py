"""Reads the input of a request into the models of its operation, or reports every mistake in it at once."""

import json
from collections.abc import Mapping
from typing import Any, TypeVar

from aiohttp import web
from multidict import MultiMapping
from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from mailgate.config.mistakes import wording
from mailgate.console.api.operation import JSON, Operation
from mailgate.console.api.problems import Fault, ProblemError
from mailgate.gateway.admin_port import body_of
from mailgate.model.phrase import did_you_mean
from mailgate.tasks import compute

MAX_NAMES = 200
"""The most names in one object of a body. No operation takes half as many."""
MAX_PARAMETERS = 32
"""The most parameters of an address. No operation takes half as many."""

MAX_SHOWN = 255
"""The most characters of a name that an answer repeats."""

Model = TypeVar("Model", bound=BaseModel)


async def read(request: web.Request, operation: Operation) -> dict[str, Any]:
    """The names in the address, ``query`` and ``body``, as far as the operation takes them. Raises ProblemError."""
    path = _path(request.match_info, operation.path_model)
    faults: list[Fault] = []
    query = _query(request.query, operation.query_model, faults)
    body = await _body(request, operation, faults)
    if faults:
        raise ProblemError(422, errors=faults)
    given = {**dict(path), "query": query, "body": body}
    return {name: given[name] for name in operation.input_names}


def _path(values: Mapping[str, str], model: type[Model]) -> Model:
    """The names in the address. A text that cannot be a name answers with "not found"."""
    try:
        return model.model_validate_strings(dict(values))
    except ValidationError as error:
        raise ProblemError(404, errors=_wrong_parameters(error, model)) from None


def _query(values: MultiMapping[str], model: type[Model], faults: list[Fault]) -> Model | None:
    if len(values) > MAX_PARAMETERS:
        first = list(values)[MAX_PARAMETERS][:MAX_SHOWN]
        words = f"there are more than {MAX_PARAMETERS} parameters; use those that are described"
        faults.append(Fault(detail=words, parameter=first))
        return None
    twice = sorted({name for name in values if len(values.getall(name)) > 1})
    faults += [Fault(detail="it is given more than once; keep one", parameter=name) for name in twice]
    try:
        return model.model_validate_strings(dict(values))
    except ValidationError as error:
        faults += _wrong_parameters(error, model)
        return None


def _wrong_parameters(error: ValidationError, model: type[BaseModel]) -> list[Fault]:
    found = error.errors(include_url=False)
    return [Fault(detail=_words(each, model), parameter=str(each["loc"][0])) for each in found]


async def _body(request: web.Request, operation: Operation, faults: list[Fault]) -> BaseModel | None:
    model = operation.body_model
    if model is None:
        if await body_of(request, 0) is None:
            faults.append(Fault(detail="a body was sent; leave it out", pointer="#"))
        return None
    read, wrong = await compute(_validated, model, await _sent(request, operation.body_bytes))
    faults += wrong
    return read


def _validated(model: type[BaseModel], sent: bytes) -> tuple[BaseModel | None, list[Fault]]:
    """The body as a model, or what is wrong with it. Raises ProblemError."""
    _refuse_ambiguous(sent)
    try:
        return model.model_validate_json(sent), []
    except ValidationError as error:
        found = error.errors(include_url=False)
        return None, [Fault(detail=_words(each, model), pointer=_pointer(each["loc"])) for each in found]


async def _sent(request: web.Request, most: int) -> bytes:
    """The body of a request that says that it is JSON."""
    if request.content_type != JSON:
        raise ProblemError(415, f"send Content-Type: {JSON}", headers={"Accept": JSON})
    sent = await body_of(request, most)
    if sent is None:
        raise ProblemError(413, f"longer than {most:,} bytes; send less")
    return sent


def _refuse_ambiguous(sent: bytes) -> None:
    """Refuse what is not JSON, or has a name twice or NaN in it."""
    try:
        json.loads(sent.decode("utf-8"), object_pairs_hook=_once, parse_constant=_no_number)
    except RecursionError:
        raise ProblemError(400, "it is nested too deeply") from None
    except json.JSONDecodeError as error:
        raise ProblemError(400, f"line {error.lineno}, column {error.colno}: {error.msg}") from None
    except UnicodeDecodeError:
        raise ProblemError(400, "it is not UTF-8") from None
    except ValueError as error:
        raise ProblemError(400, str(error)) from None


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    if len(pairs) > MAX_NAMES:  # each could be a mistake, and telling them all takes minutes
        raise ValueError(f"an object has more than {MAX_NAMES} names; send fewer")
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("a name stands twice in one object; keep one")
    return found


def _no_number(word: str) -> None:
    raise ValueError(f"{word} is no JSON; use a number")


def _words(error: ErrorDetails, model: type[BaseModel]) -> str:
    """What is wrong and what was expected. The value of an unknown field is not repeated."""
    if error["type"] == "extra_forbidden":
        names = list(model.model_fields) if len(error["loc"]) == 1 else []
        known = did_you_mean(str(error["loc"][-1]), names) if names else "leave this value out"
        return f"it is not known here; {known}"
    return wording(error)


def _pointer(loc: tuple[int | str, ...]) -> str:
    """RFC 6901, section 6."""
    return "".join(
        ["#", *("/" + str(step).replace("~", "~0").replace("/", "~1") for step in loc if step != "[key]")]
    )


def refuse_unacceptable(request: web.Request, media: str) -> None:
    """Check that the client accepts the media type of the answer (RFC 9110, section 12.5.1). Raises ProblemError."""
    ranges = [
        part for header in request.headers.getall("Accept", []) for part in header.split(",") if part.strip()
    ]
    wanted = {media, media.partition("/")[0] + "/*", "*/*"}
    if ranges and not any(_accepts(each, wanted) for each in ranges):
        raise ProblemError(406, f"this is {media}")


def _accepts(wished: str, wanted: set[str]) -> bool:
    """Whether a media range names one of these with a weight above zero."""
    kind, *parameters = (part.strip().lower() for part in wished.split(";"))
    weights = [each[2:] for each in parameters if each.startswith("q=")]
    return kind in wanted and not any(not weight.strip("0.") for weight in weights)
