from datetime import timedelta
from typing import Annotated, Literal

import pytest
from pydantic import Field, StringConstraints

from mailgate.config.document import read_document
from mailgate.config.mistakes import validated
from mailgate.console.api.shapes import Note
from mailgate.policy.written import Duration, Key, Strict, Text

Name = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?$")]


class Inner(Strict):
    size: int = Field(default=1, ge=1, le=9)
    on: bool = False
    wait: Annotated[Duration, Field(ge=timedelta(minutes=90))] | None = None
    count: Annotated[int, Field(ge=1)] | Literal["auto"] = 1
    host: Name | Annotated[str, StringConstraints(pattern="^[:0-9a-f]+$")] = "localhost"
    rest: Duration = Field(default=timedelta(days=2), le=timedelta(days=7))


class Outer(Strict):
    name: Text
    inner: Inner | None = None
    many: tuple[Inner, ...] = ()
    named: dict[Key, Inner] = Field(default_factory=dict)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("name: 5", ["1:7: `5` is a number; use a text"]),
        ("name: true", ["1:7: `true` is true or false; use a text"]),
        ("name: ''", ["1:7: it is empty; enter some text"]),
        ("name: []", ["1:7: a list is given here; use a text"]),
        ("{}", ["1:1: the key `name` is missing; use `name` here"]),
        ("inner: {size: 1}\nname:", []),  # the document itself says so, at its line
        ("many: [{size: ~}]", ["1:1: the key `name` is missing; use `name` here"]),
        ("text", ["1:1: `text` is a text; use keys with their values"]),
        ("name: x\ninner: {sise: 1}", ["2:9: the key `sise` is not known; did you mean `size`? use one of `size`, `on`, `wait`, `count`, `host`, `rest`"]),
        ("name: x\nmany: [{}, {size: 10}]", ["2:19: `10` is out of range; use 9 or less"]),
        ("name: x\ninner: {count: 0}", ["2:16: `0` is out of range; use 1 or more"]),
        ("name: x\ninner: {count: '4'}", ["2:16: `4` is a text; use a whole number"]),
        ("name: x\ninner: {host: 'm:443'}", ["2:15: `m:443` has the wrong form; use the name of a host, without a port"]),
        ("name: x\ninner: {wait: 5m}", ["2:15: `5m` is out of range; use 90m or more"]),
        ("name: x\ninner: {rest: 8d}", ["2:15: `8d` is out of range; use 7 days or less"]),
        ("name: x\nmany: [{on: yes}]", ["2:13: `yes` is a text; use true or false"]),
        ("name: x\nnamed: {a: {size: x}, B: {}}", ["2:19: `x` is a text; use a whole number", "2:23: `B` has the wrong form; use kebab-case: small letters, digits and single hyphens"]),
        ("name: x\nnamed: {a: {sze: 1}}", ["2:13: the key `sze` is not known; did you mean `size`? use one of `size`, `on`, `wait`, `count`, `host`, `rest`"]),
        (f"name: {'x' * 201}", ["1:7: it is too long; use at most 200"]),
    ],
)  # fmt: skip
def test_a_mistake_says_where_what_and_what_is_expected(text: str, expected: list[str]) -> None:
    model, mistakes = validated(Outer, read_document(text.encode(), "f"), {})
    assert model is None
    assert sorted(str(mistake) for mistake in mistakes) == [f"f:{line}" for line in expected]


def test_people_are_told_the_form_of_a_line_of_the_api_in_words() -> None:
    class Sent(Strict):
        why: Note

    _, (spaces,) = validated(Sent, read_document(b"why: ' '", "f"), {})
    assert str(spaces) == "f:1:6: ` ` has the wrong form; use one line of text"


def test_without_a_mistake_the_model_comes_out() -> None:
    model, mistakes = validated(Outer, read_document(b"{name: x, many: [{size: 2}]}", "f"), {})
    assert (model, mistakes) == (Outer(name="x", many=(Inner(size=2),)), [])
