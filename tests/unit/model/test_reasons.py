"""The reasons."""

import re

import pytest

from mailgate.model import Reason


@pytest.mark.parametrize("reason", Reason)
def test_a_reason_is_a_kebab_case_word_and_named_like_it(reason):
    """The same word in log, header, page, metric and test."""
    assert re.fullmatch(r"[a-z][a-z0-9]*(-[a-z0-9]+)*", reason.value)
    assert reason.name == reason.value.upper().replace("-", "_")
