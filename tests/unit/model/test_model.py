"""The shared nouns."""

from enum import StrEnum

import pytest

from mailgate import model

WORDS = [kind for kind in vars(model).values() if isinstance(kind, type) and issubclass(kind, StrEnum)]


@pytest.mark.parametrize("words", WORDS)
def test_no_two_members_share_a_word(words):
    assert len({member.value for member in words}) == len(words.__members__)
