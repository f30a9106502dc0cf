"""Problem documents (RFC 9457), the answers to all errors of the API."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Self

from aiohttp import web
from pydantic import Field, model_validator

from mailgate.console.api.shapes import Answered
from mailgate.gateway.answer import PROBLEM

KINDS: Mapping[int, tuple[str, str]] = {
    400: ("not-json", "The body is not one JSON object, strictly written."),
    401: ("not-logged-in", "No admin token was sent that is right."),
    403: ("role-missing", "It takes a role that this admin does not have."),
    404: ("not-found", "There is nothing here."),
    405: ("method-not-allowed", "This address takes no such request; `Allow` says which it takes."),
    406: ("not-acceptable", "What `Accept` asks for is not there."),
    409: ("refused", "It may not be done as things stand; `detail` says why."),
    413: ("too-large", "The body is too long."),
    415: ("not-json-typed", "The body is not sent as `application/json`."),
    422: ("invalid", "What was sent has mistakes; `errors` has all of them."),
    429: ("too-many-tries", "Too many tries to log in; `Retry-After` says how long to wait, in seconds."),
    500: ("failed", "Something went wrong in the gate; its log has the kind of error."),
    503: ("store-unavailable", "The store does not answer; try again in a moment."),
}
"""The last word of the type and its title, by status."""
_TYPE = "urn:mailgate:problem:"


class Fault(Answered):
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


class Problem(Answered):
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
    """The answer with this problem."""
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
