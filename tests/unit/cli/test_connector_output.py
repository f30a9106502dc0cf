from dataclasses import replace
from datetime import UTC, datetime, timedelta

from rich.console import Console

from mailgate.cli.connector_output import count_facts, facts_table, states_table
from mailgate.devices.trust import report_by
from mailgate.model import Kind, SourceState
from mailgate.views.readiness import connector_state


def shown(what):
    console = Console(width=220, force_terminal=False)
    with console.capture() as capture:
        console.print(what)
    return capture.get()


def test_a_table_of_connectors():
    rows = [("mdm", "jamf", connector_state(None, timedelta(0), datetime(2026, 12, 1, tzinfo=UTC)))]
    assert "mdm" in shown(states_table(rows))
    assert "never" in shown(states_table(rows))


LAST_KNOWN_FOR = timedelta(hours=8)


def test_a_table_says_since_when_and_until_when():
    at = datetime(2026, 12, 1, 9, tzinfo=UTC)
    state = SourceState("mdm", last_attempt=at, failing_since=at, trouble="timeout", trouble_since=at)
    waits = replace(state, running_since=at, retrying="throttled", retry_at=at + timedelta(minutes=2))
    table = states_table([("mdm", "jamf", connector_state(state, LAST_KNOWN_FOR, at, timedelta(minutes=15)))])
    assert "timeout" in shown(table)
    assert "2026-12-01 09:15" in shown(table)
    table = states_table([("mdm", "jamf", connector_state(waits, LAST_KNOWN_FOR, at, timedelta(minutes=15)))])
    assert "throttled" in shown(table)
    assert "2026-12-01 09:02" in shown(table)


def test_what_was_understood():
    counts = count_facts([report_by("mdm", "1", kind=Kind.PHONE, serial="SERIAL1"), report_by("mdm", "2")])
    assert (counts["devices"], counts["with_serial"], counts["without_apps"]) == (2, 1, 2)
    assert counts["kinds"] == {"phone": 1, "unknown": 1}
    assert "phone 1, unknown 1" in shown(facts_table(counts))
