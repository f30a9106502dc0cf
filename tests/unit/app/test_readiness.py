"""How a gate stands."""

import pytest

from mailgate.app.readiness import readiness


@pytest.mark.parametrize(
    ("lost", "mistakes", "stopping", "ready"),
    [
        (False, [], False, True),
        (True, [], False, True),
        (False, ["a:1:1: b"], False, True),
        (False, [], True, False),
    ],
)
async def test_only_a_stopping_gate_is_not_ready(service, lost, mistakes, stopping, ready):
    """It decides without its store, and by the rules before; both are shown."""
    service.store.lost, service.reloader.mistakes, service.stopping = lost, mistakes, stopping
    state = await readiness(service)
    assert state["ready"] is ready
    assert state["store"] == ("unavailable" if lost else "ok")
    assert state["config"] == {"state": "rejected" if mistakes else "ok", "mistakes": mistakes}
    assert state["workers"] == {"wanted": 1, "answering": 1}
    assert state["rules"] == {"number": 3, "serial": 5, "held": ""}
    assert state["ledger"] == {"written": 1, "spooled": 2, "dropped": 0, "passed_over": 3}
