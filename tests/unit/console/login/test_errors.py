"""Whatever goes wrong has a status and words for a page, and one word for the log."""

import re

import pytest

from mailgate.console.login.errors import LoginError, LoginTrouble


@pytest.mark.parametrize("trouble", LoginTrouble)
def test_every_trouble_is_told(trouble: LoginTrouble) -> None:
    assert trouble.status in (400, 403, 502, 504)
    assert trouble.words.endswith((".", "?", ")."))
    assert re.fullmatch(r"[a-z]+(-[a-z]+)*", trouble.value)
    assert str(LoginError(trouble)) == trouble.value


def test_no_two_are_told_alike() -> None:
    assert len({each.words for each in LoginTrouble}) == len(LoginTrouble)
