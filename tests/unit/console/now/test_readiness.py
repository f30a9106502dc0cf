"""How a gate stands."""

from datetime import UTC, datetime, timedelta

import pytest

from mailgate.console.now.readiness import clock_state, connector_state
from mailgate.model import SourceState

NOW = datetime(2026, 12, 1, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("state", "hours", "word"),
    [
        (None, 9, "new"),
        (SourceState("mdm", running_since=NOW), 9, "reading"),
        (SourceState("mdm", last_success=NOW), 9, "ok"),
        (SourceState("mdm", last_success=NOW, running_since=NOW), 9, "ok"),
        (SourceState("mdm", failing_since=NOW, running_since=NOW), 7.9, "failing"),
        (SourceState("mdm", last_success=NOW, held=9), 9, "held"),
        (SourceState("mdm", last_success=NOW, failing_since=NOW), 7.9, "failing"),
        (SourceState("mdm", failing_since=NOW, held=9), 8, "unavailable"),
    ],
)
def test_each_state_of_a_connector_has_one_word(state: SourceState | None, hours: float, word: str) -> None:
    assert connector_state(state, timedelta(hours=8), NOW + timedelta(hours=hours)).state == word


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
def test_the_next_read_of_a_connector_is_told(
    state: SourceState, every: timedelta | None, at: datetime | None
) -> None:
    assert connector_state(state, timedelta(hours=8), NOW, every).next_attempt == at


@pytest.mark.parametrize(
    ("offset", "word", "seconds"),
    [
        (None, "unknown", None),
        (timedelta(0), "ok", 0.0),
        (timedelta(seconds=10), "ok", 10.0),
        (timedelta(seconds=-10.5), "off", -10.5),
        (timedelta(hours=2), "off", 7200.0),
    ],
)
def test_a_clock_that_nobody_measured_is_not_right_but_unknown(
    offset: timedelta | None, word: str, seconds: float | None
) -> None:
    state = clock_state(offset)
    assert (state.state, state.offset_seconds) == (word, seconds)
