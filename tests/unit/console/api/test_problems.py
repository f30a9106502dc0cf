"""Problem documents."""

import json

import pytest
from pydantic import ValidationError

from mailgate.console.api.problems import KINDS, Fault, ProblemError, answer


@pytest.mark.parametrize("status", KINDS)
def test_each_has_a_type_of_its_own_and_says_what_is_wrong(status: int) -> None:
    told = answer(ProblemError(status))
    assert isinstance(told.body, bytes)
    body = json.loads(told.body)
    assert (told.status, told.content_type, body["status"]) == (status, "application/problem+json", status)
    assert body["type"] == f"urn:mailgate:problem:{KINDS[status][0]}"
    assert body["detail"] == body["title"] == KINDS[status][1]
    assert body["errors"] == []


def test_a_mistake_is_in_one_place() -> None:
    told = answer(ProblemError(422, "all of it", [Fault(detail="too long", pointer="#/note")]))
    assert isinstance(told.body, bytes)
    assert json.loads(told.body)["errors"] == [{"detail": "too long", "pointer": "#/note"}]


@pytest.mark.parametrize("places", [{}, {"pointer": "#", "parameter": "limit"}])
def test_a_mistake_in_no_place_or_in_two_is_none(places: dict[str, str]) -> None:
    with pytest.raises(ValidationError):
        Fault(detail="somewhere", **places)


def test_types_are_told_apart() -> None:
    assert len({word for word, _ in KINDS.values()}) == len(KINDS)
