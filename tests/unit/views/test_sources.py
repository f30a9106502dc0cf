"""What came of reading a source."""

import pytest

from mailgate.connectors.run import Outcome
from mailgate.views.sources import came_of


@pytest.mark.parametrize(
    ("outcome", "words"),
    [
        (Outcome(taken=3), "3 records"),
        (Outcome(taken=3, full=True), "3 records, everything was read"),
        (Outcome(taken=3, full=True, gone=2), "3 records, everything was read, 2 devices are gone"),
    ],
)
def test_it_is_said_in_words(outcome: Outcome, words: str) -> None:
    assert came_of(outcome) == words
