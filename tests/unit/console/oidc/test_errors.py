"""Whatever goes wrong has a status and words for a page, and one word for the log."""

import re

import pytest

from mailgate.console.oidc.errors import TOLD, LoginError, Trouble


@pytest.mark.parametrize("trouble", Trouble)
def test_every_trouble_is_told(trouble: Trouble) -> None:
    told = TOLD[trouble]
    assert told.status in (400, 403, 502, 504)
    assert told.words.endswith((".", "?", ")."))
    assert re.fullmatch(r"[a-z]+(-[a-z]+)*", trouble.value)
    assert str(LoginError(trouble)) == trouble.value


def test_no_two_are_told_alike() -> None:
    assert len({told.words for told in TOLD.values()}) == len(Trouble)
