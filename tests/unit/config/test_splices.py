"""A splice leaves every character as it is but those of the one value."""

import pytest

from mailgate.config.document import Document, read_document
from mailgate.config.splices import add_entry, add_item, remove_item, set_value


def read(text: str) -> Document:
    return read_document(text.encode(), "a.yaml")


def test_a_value_keeps_its_quotes_and_all_around_it() -> None:
    assert set_value(read("a: 'old'  # why\nb: 1\n"), ("a",), "new") == "a: 'new'  # why\nb: 1\n"


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("a: {x: 1}\n", "a: {x: 1, y: 2}\n"),
        (
            "a:\n  x: 1 # it\n  z: [\n    3]\n  d:\n    e: 4\n",
            "a:\n  x: 1 # it\n  z: [\n    3]\n  y: 2\n  d:\n    e: 4\n",
        ),
    ],
    ids=["in a line", "in lines"],
)
def test_an_entry_is_added_behind_the_last_that_ends_in_its_line(before: str, after: str) -> None:
    assert add_entry(read(before), ("a",), "y", "2") == after


def test_an_entry_may_be_within_one_that_is_not_there_yet() -> None:
    assert add_entry(read('{"a": {"x": 1}}'), (), "y", "2", inside="b") == '{"a": {"x": 1}, "b": {"y": "2"}}'


@pytest.mark.parametrize(
    ("before", "after"),
    [('a: ["x"]\n', 'a: ["x", "y"]\n'), ("a:\n- x # it\nb: 1\n", "a:\n- x # it\n- y\nb: 1\n")],
    ids=["in a line", "in lines"],
)
def test_an_item_is_added_at_the_end_in_the_same_quotes(before: str, after: str) -> None:
    assert add_item(read(before), ("a",), "y") == after


@pytest.mark.parametrize(
    ("before", "number", "after"),
    [("a:\n- x # it\n- y\n", 0, "a:\n- y\n"), ("a: [x, y, z]\n", 1, "a: [x, z]\n")],
    ids=["with its line", "with its comma"],
)
def test_an_item_goes_with_its_line_or_with_its_comma(before: str, number: int, after: str) -> None:
    assert remove_item(read(before), ("a",), number) == after
