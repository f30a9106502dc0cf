"""Problem documents (RFC 9457), the answers to all errors of the API."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Self

from aiohttp import web
from pydantic import Field, model_validator

from mailgate.console.api.shapes import OutputModel
from mailgate.gateway.answer import PROBLEM

KINDS: Mapping[int, tuple[str, str]] = {
    400: ("not-json", "The body is not one object in strict JSON."),
    401: ("not-logged-in", "No valid admin token was sent."),
    403: ("role-missing", "This admin does not have the role that is needed."),
    404: ("not-found", "There is nothing at this address."),
    405: (
        "method-not-allowed",
        "This address does not accept the method; `Allow` lists those that it accepts.",
    ),
    406: ("not-acceptable", "The answer is not available in a type that `Accept` names."),
    409: ("refused", "It is not allowed in the current state; `detail` says why."),
    413: ("too-large", "The body is too long."),
    415: ("not-json-typed", "The body is not sent as `application/json`."),
    422: ("invalid", "The request has mistakes; `errors` lists all of them."),
    429: ("too-many-tries", "Too many tries to log in; `Retry-After` says how long to wait, in seconds."),
    500: ("failed", "The gate failed. Try again; its log names the error."),
    503: ("store-unavailable", "The store does not answer; try again in a moment."),
}
"""The last word of the type and its title, by status."""
_TYPE = "urn:mailgate:problem:"


class Fault(OutputModel):
    """One mistake and its place."""

    detail: str
    """What is wrong, and what was expected."""
    pointer: str | None = None
    """The place in the body: a JSON pointer as a URI fragment (RFC 6901, section 6), like `#/note`."""
    parameter: str | None = None
    """The name of a parameter of the address."""
    header: str | None = None
    """The name of a header field."""

    @model_validator(mode="after")
    def _one_place(self) -> Self:
        assert [self.pointer, self.parameter, self.header].count(None) == 2
        return self


class Problem(OutputModel):
    """Why a request failed (RFC 9457)."""

    type: str
    """A URI that names the kind of problem: `urn:mailgate:problem:` and a word."""
    title: str
    """The kind of problem in words."""
    status: int
    """The status of the answer."""
    detail: str
    """What is wrong with this request."""
    errors: list[Fault] = Field(default_factory=list)
    """Every mistake in the request; empty if the problem is something else."""


@dataclass
class ProblemError(Exception):
    """Ends a request with a problem. ``headers`` are added to the answer."""

    status: int
    detail: str = ""
    errors: Sequence[Fault] = ()
    headers: Mapping[str, str] | None = None


def answer(problem: ProblemError) -> web.Response:
    word, title = KINDS[problem.status]
    told = Problem(
        type=_TYPE + word,
        title=title,
        status=problem.status,
        detail=problem.detail or title,
        errors=list(problem.errors),
    )
    body = told.model_dump_json(exclude_none=True).encode()
    response = web.Response(body=body, status=problem.status, headers=problem.headers)
    response.content_type = PROBLEM
    return response
