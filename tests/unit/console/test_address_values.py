"""The values of an address are read, or said to be a mistake."""

import pytest

from mailgate.console.address_values import (
    MAX_MISTAKES,
    AddressMistake,
    MisreadError,
    Reader,
    line,
    one_of,
    read_address,
    whole,
)

READERS = {"kind": one_of(("phone", "tablet")), "name": line(5)}


def test_values_are_read_and_empty_fields_say_nothing() -> None:
    assert read_address([("kind", " phone "), ("name", "")], READERS) == ({"kind": "phone"}, [])


def test_every_other_value_is_a_mistake_with_what_to_enter() -> None:
    said, mistakes = read_address(
        [("kind", "fone"), ("nam", "x"), ("name", "ada"), ("name", "bob"), ("name", "toolong")], READERS
    )
    assert said == {"name": "ada"}
    assert mistakes == [
        AddressMistake("kind", "fone", "it is not known here; did you mean phone? Use one of phone, tablet"),
        AddressMistake("nam", "x", "there is no such parameter; did you mean name? Use one of kind, name"),
        AddressMistake("name", "bob", "it is given more than once; keep one"),
        AddressMistake("name", "toolong", "it is given more than once; keep one"),
    ]
    assert read_address([("a", "b")], {})[1][0].words.endswith("this address takes none")


def test_no_value_has_a_character_that_a_store_cannot_keep() -> None:
    said, mistakes = read_address([("name", "a\0")], READERS)
    assert (said, [each.name for each in mistakes]) == ({}, ["name"])


def test_an_address_of_mistakes_is_read_until_some_are_told() -> None:
    """Each takes time, and the address of a request has room for a thousand."""
    said, mistakes = read_address(((f"k{number}", "v") for number in range(1000)), READERS)
    assert (said, len(mistakes)) == ({}, MAX_MISTAKES)


@pytest.mark.parametrize(
    ("reader", "text"),
    [(line(5), "123456"), (whole(20), "21"), (whole(20), "-1"), (whole(20), "²"), (whole(20), "1" * 5000)],
)
def test_a_value_out_of_bounds_is_refused(reader: Reader, text: str) -> None:
    with pytest.raises(MisreadError):
        reader(text)
