"""Errors of validators keep their words as phrases."""

from typing import Annotated

import pytest
from pydantic import AfterValidator, PositiveInt, TypeAdapter, ValidationError

from mailgate.model.phrase import Phrase, phrase
from mailgate.model.wrong_values import words_of, wrong_value


def _refused(_text: str) -> str:
    raise wrong_value("word", phrase("no %(what)s", what="good"), key="below")


def test_the_words_of_an_error_are_the_phrase_that_it_was_made_of() -> None:
    with pytest.raises(ValidationError) as raised:
        TypeAdapter(Annotated[str, AfterValidator(_refused)]).validate_python("x")
    (error,) = raised.value.errors()
    assert (error["type"], error["msg"], error["ctx"]["key"]) == ("word", "no good", "below")
    assert isinstance(words_of(error), Phrase)


@pytest.mark.parametrize("value", ["x", 0], ids=["without a context", "with its own"])
def test_an_error_of_the_library_has_its_own(value: object) -> None:
    with pytest.raises(ValidationError) as raised:
        TypeAdapter(PositiveInt).validate_python(value)
    (error,) = raised.value.errors()
    assert words_of(error) == error["msg"]
