"""How a gate stands."""

from datetime import UTC, datetime, timedelta

import pytest

from mailgate.model import SourceState
from mailgate.views.readiness import connector_state

NOW = datetime(2026, 12, 1, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("state", "hours", "word"),
    [
        (None, 9, "new"),
        (SourceState("mdm", last_success=NOW), 9, "ok"),
        (SourceState("mdm", last_success=NOW, held=9), 9, "held"),
        (SourceState("mdm", last_success=NOW, failing_since=NOW), 7.9, "failing"),
        (SourceState("mdm", failing_since=NOW, held=9), 8, "unavailable"),
    ],
)
def test_one_word_for_how_a_connector_fares(state: SourceState | None, hours: float, word: str) -> None:
    assert connector_state(state, timedelta(hours=8), NOW + timedelta(hours=hours)).state == word
