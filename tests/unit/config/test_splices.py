"""A splice leaves every character as it is but those of the one value."""

from mailgate.config.document import Document, read_document
from mailgate.config.splices import add_item, remove_item, set_value


def read(text: str) -> Document:
    return read_document(text.encode(), "a.yaml")


def test_a_value_keeps_its_quotes_and_all_around_it() -> None:
    assert set_value(read("a: 'old'  # why\nb: 1\n"), ("a",), "new") == "a: 'new'  # why\nb: 1\n"


def test_an_item_is_added_at_the_end_in_the_same_quotes() -> None:
    assert add_item(read('a: ["x"]\n'), ("a",), "y") == 'a: ["x", "y"]\n'
    assert add_item(read("a:\n- x # it\nb: 1\n"), ("a",), "y") == "a:\n- x # it\n- y\nb: 1\n"


def test_an_item_goes_with_its_line_or_with_its_comma() -> None:
    assert remove_item(read("a:\n- x # it\n- y\n"), ("a",), 0) == "a:\n- y\n"
    assert remove_item(read("a: [x, y, z]\n"), ("a",), 1) == "a: [x, z]\n"
