"""How a gate stands."""

from datetime import UTC, datetime, timedelta

import pytest

from mailgate.model import SourceState
from mailgate.views.readiness import connector_state

NOW = datetime(2026, 12, 1, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("state", "unreachable", "word"),
    [
        (None, False, "new"),
        (SourceState("mdm", running_since=NOW), False, "reading"),
        (SourceState("mdm", last_success=NOW), False, "ok"),
        (SourceState("mdm", last_success=NOW, running_since=NOW), False, "ok"),
        (SourceState("mdm", failing_since=NOW, running_since=NOW), False, "failing"),
        (SourceState("mdm", last_success=NOW, held=9), False, "held"),
        (SourceState("mdm", last_success=NOW, failing_since=NOW), False, "failing"),
        (SourceState("mdm", failing_since=NOW, held=9), True, "unavailable"),
    ],
)
def test_one_word_for_how_a_connector_fares(state: SourceState | None, unreachable: bool, word: str) -> None:
    assert connector_state(state, unreachable).state == word


@pytest.mark.parametrize(
    ("state", "every", "at"),
    [
        (SourceState("mdm", last_attempt=NOW), timedelta(minutes=15), NOW + timedelta(minutes=15)),
        (SourceState("mdm", last_attempt=NOW, running_since=NOW), timedelta(minutes=15), None),
        (SourceState("mdm", last_attempt=NOW), None, None),
        (SourceState("mdm"), timedelta(minutes=15), None),
    ],
    ids=["it waits", "it is read now", "it calls by itself", "it is due"],
)
def test_when_a_connector_is_read_next(
    state: SourceState, every: timedelta | None, at: datetime | None
) -> None:
    assert connector_state(state, False, every).next_attempt == at
