"""The console of a running gate."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from mailgate.app.console import Console, sync_now
from mailgate.connectors.run import SourceOutcome
from mailgate.errors import Trouble


async def test_the_console_reads_the_live_state_of_the_gate(service: Any) -> None:
    service.store.devices = type("Devices", (), {"summaries": None})()
    service.store.verdicts = type("Verdicts", (), {"add": None})()
    console = Console(service.console)
    context = console.context()
    assert context.bundle().policy.reliefs is service.reliefs.current
    assert context.bundle() == service.files.bundle
    service.postures.terms = replace(service.postures.terms, away={"jamf": datetime(2026, 12, 1, tzinfo=UTC)})
    assert context.bundle().posture_terms == service.postures.terms, "it foretells what the gate does"
    assert (await context.readiness()).policy == service.gate.in_force.live.policy.version
    assert len(console.works(context)) == 5


@pytest.mark.parametrize(
    ("outcome", "words"),
    [
        (None, "another gate is reading it now"),
        (SourceOutcome(taken=3, full=True), "3 records, everything was read"),
        (
            SourceOutcome(Trouble.GONE, taken=3, held=9),
            "3 records; 9 devices are no longer named; that is more than",
        ),
        (SourceOutcome(Trouble.LOGIN, hint="the key is wrong"), "0 records; login-refused: the key is wrong"),
    ],
)
async def test_the_outcome_of_a_sync_is_said_in_words(outcome: SourceOutcome | None, words: str) -> None:
    asked = []

    class ConnectorSyncs:
        async def sync_now(self, name: str, **options: Any) -> SourceOutcome | None:
            asked.append((name, options["full"]))
            return outcome

    said = await sync_now(ConnectorSyncs(), "jamf", True, lambda _done, _of: None)  # type: ignore[arg-type]
    assert said.startswith(words)
    assert asked == [("jamf", True)]
