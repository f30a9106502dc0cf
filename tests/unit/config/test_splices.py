"""A splice leaves every character as it is but those of the one value."""

from mailgate.config.document import Document, read_document
from mailgate.config.splices import add_entry, add_item, remove_item, set_value


def read(text: str) -> Document:
    return read_document(text.encode(), "a.yaml")


def test_a_value_keeps_its_quotes_and_all_around_it() -> None:
    assert set_value(read("a: 'old'  # why\nb: 1\n"), ("a",), "new") == "a: 'new'  # why\nb: 1\n"


def test_an_entry_is_added_behind_the_last_that_ends_in_its_line() -> None:
    assert add_entry(read("a: {x: 1}\n"), ("a",), "y", "2") == "a: {x: 1, y: 2}\n"
    assert add_entry(read("a:\n  x: 1 # it\n  z: [\n    3]\n  d:\n    e: 4\n"), ("a",), "y", "2") == (
        "a:\n  x: 1 # it\n  z: [\n    3]\n  y: 2\n  d:\n    e: 4\n"
    )
    assert add_entry(read('{"a": {"x": 1}}'), (), "y", "2", inside="b") == '{"a": {"x": 1}, "b": {"y": "2"}}'


def test_an_item_is_added_at_the_end_in_the_same_quotes() -> None:
    assert add_item(read('a: ["x"]\n'), ("a",), "y") == 'a: ["x", "y"]\n'
    assert add_item(read("a:\n- x # it\nb: 1\n"), ("a",), "y") == "a:\n- x # it\n- y\nb: 1\n"


def test_an_item_goes_with_its_line_or_with_its_comma() -> None:
    assert remove_item(read("a:\n- x # it\n- y\n"), ("a",), 0) == "a:\n- y\n"
    assert remove_item(read("a: [x, y, z]\n"), ("a",), 1) == "a: [x, z]\n"
