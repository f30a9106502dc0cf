"""Which lines of a spool are about somebody."""

import json

import pytest

from mailgate.store.erasure import has_one_of


@pytest.mark.parametrize(
    ("line", "about"),
    [
        (json.dumps(["alice", 1]), True),
        (json.dumps([["x", {"owner": "ALICE"}]]), True),
        (json.dumps({"alice": 1}), False),
        (json.dumps(["alice-2", "not alice"]), False),
        ('["alic', True),
        (json.dumps([1, None, ""]), False),
    ],
)
def test_a_line_is_about_a_word_that_is_one_of_its_texts(line: str, about: bool) -> None:
    assert has_one_of(["Alice", ""])(line) is about
