"""What an operation says of itself by its function."""

from typing import Annotated

import pytest
from pydantic import Field, ValidationError

from mailgate.console.api.operation import Call, Nothing, Operation
from mailgate.console.api.shapes import InputModel, OutputModel


class Body(InputModel):
    """What is sent."""

    size: Annotated[int, Field(ge=1)]
    """How many."""


class Thing(OutputModel):
    """What comes."""

    name: str
    """What it is called by."""


async def do_it(call: Call, name: Annotated[str, Field(max_length=3)], body: Body) -> Thing:
    """Do it.

    And say so.
    """
    raise NotImplementedError


async def end_it(call: Call) -> None:
    """End it."""


def test_an_operation_takes_and_gives_what_its_function_does() -> None:
    made = Operation("POST /things/{name}", do_it)
    assert (made.name, made.about) == ("do_it", ("Do it.", "And say so."))
    assert (made.query_model, made.body_model) == (Nothing, Body)
    assert made.input_names == {"name", "body"}
    assert dict(made.path_model(name="abc")) == {"name": "abc"}
    with pytest.raises(ValidationError):
        made.path_model(name="abcd")
    assert made.written({"name": "x"}) == b'{"name":"x"}'
    assert not made.empty


def test_problems_follow_from_what_it_takes_and_needs() -> None:
    plain = Operation("GET /", end_it)
    assert plain.statuses == (401, 406, 422, 429, 500, 503)
    full = Operation("POST /things/{name}", do_it, roles=("operator",), may_conflict=True)
    assert set(full.statuses) - set(plain.statuses) == {400, 403, 404, 409, 413, 415}
    found = Operation("GET /", end_it, may_miss=True)
    assert set(found.statuses) - set(plain.statuses) == {404}


def test_one_that_gives_nothing_has_no_body() -> None:
    assert Operation("DELETE /", end_it).empty
