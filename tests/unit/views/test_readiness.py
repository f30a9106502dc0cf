"""How a gate stands."""

from datetime import UTC, datetime

import pytest

from mailgate.model import SourceState
from mailgate.views.readiness import connector_state

NOW = datetime(2026, 12, 1, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("state", "unreachable", "word"),
    [
        (None, False, "new"),
        (SourceState("mdm", last_success=NOW), False, "ok"),
        (SourceState("mdm", last_success=NOW, held=9), False, "held"),
        (SourceState("mdm", last_success=NOW, failing_since=NOW), False, "failing"),
        (SourceState("mdm", failing_since=NOW, held=9), True, "unavailable"),
    ],
)
def test_one_word_for_how_a_connector_fares(state: SourceState | None, unreachable: bool, word: str) -> None:
    assert connector_state(state, unreachable).state == word
