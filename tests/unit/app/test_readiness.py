"""How a gate stands."""

import time
from datetime import UTC, datetime

import pytest

from mailgate.app import moment_of
from mailgate.model.phrase import phrase, translate
from mailgate.policy.reliefs import Cause, Relief, Reliefs
from mailgate.store import Backlog
from mailgate.texts import console_languages


@pytest.mark.parametrize(
    ("lost", "mistakes", "stopping", "ready"),
    [
        (False, [], False, True),
        (True, [], False, True),
        (False, ["a:1:1: b"], False, True),
        (False, [], True, False),
    ],
)
async def test_only_a_stopping_gate_is_not_ready(service, monkeypatch, lost, mistakes, stopping, ready):
    """It decides without its store, and by the rules before; both are shown."""
    service.store.lost, service.reloader.mistakes = lost, mistakes
    if stopping:
        service.stopping.set()
    at = datetime(2026, 11, 24, tzinfo=UTC)
    halt = Relief(1, Cause.HALT, "pilot", "too many", "gate-1", at)
    exemption = Relief(
        2, Cause.EXEMPTION, "", "new phone", "ada", at, datetime(2999, 1, 1, tzinfo=UTC), person="lin"
    )
    service.reliefs.current = Reliefs(2, (halt, exemption))
    monkeypatch.setattr(type(service.files), "lingering", lambda _: {"pilot": "only reports"})
    state = await service.check.body()
    assert state["ready"] is ready
    assert state["store"] == ("unavailable" if lost else "ok")
    assert state["config"] == {"state": "rejected" if mistakes else "ok", "mistakes": mistakes}
    assert state["rules"] == {
        "number": 3,
        "serial": 5,
        "held": "",
        "only_report": ["pilot only reports"],
        "off": ["pilot: off by itself, since 2026-11-24 00:00 UTC: too many"],
        "exemptions": 1,
    }
    assert state["workers"] == {"wanted": 1, "answering": 1, "missing": []}
    assert state["clock"] == {"state": "unknown", "offset_seconds": None}
    assert state["gates"] == {"ok": 0, "taking": 0, "behind": 0, "gone": 0}
    nothing = {"waiting": 0, "refused_since": None, "error": ""}
    assert state["ledger"] == {
        "written": 1,
        "spooled": 2,
        "dropped": 0,
        "strangers_not_recorded": 3,
        **nothing,
    }
    assert state["reports"] == nothing
    assert state["writes"] == {"refused_since": None, "error": ""}


FULL = "the database does not answer (database or disk is full)"


@pytest.mark.parametrize(
    ("what", "refused", "part"),
    [
        ("backlog", Backlog(300, 4, time.monotonic() - 60, FULL), "ledger"),
        ("refused", Backlog(0, 0, time.monotonic() - 5, FULL), "writes"),
    ],
    ids=["what waits to be written", "what a gate writes that starts on a full disk, its heartbeats alone"],
)
async def test_a_store_that_takes_nothing_is_not_ok(service, what, refused, part):
    setattr(service.store, what, refused)
    state = await service.check.body()
    assert (state["ready"], state["store"]) == (True, "unwritable")
    assert (state[part]["error"], state["ledger"]["waiting"]) == (FULL, refused.waiting)
    assert datetime.fromisoformat(state[part]["refused_since"]) == moment_of(refused.refused_since).replace(
        microsecond=0
    )
    assert [each for each in ("ledger", "writes") if state[each]["refused_since"]] == [part]


async def test_rules_that_are_off_are_told_in_the_console_language(service, monkeypatch):
    at = datetime(2026, 11, 24, tzinfo=UTC)
    service.reliefs.current = Reliefs(2, (Relief(1, Cause.HALT, "pilot", "too many", "gate-1", at),))
    monkeypatch.setattr(type(service.files), "lingering", lambda _: {"pilot": phrase("never")})
    rules = (await service.check.now()).rules
    german = console_languages()["de"]
    assert (
        translate(rules.off[0], german)
        == "pilot: von selbst aus, seit Di., 24. Nov. 2026, 00:00 Uhr UTC: too many"
    )
    assert translate(rules.only_report[0], german) == "pilot nie"


async def test_why_an_admin_turned_a_rule_off_is_not_told_to_whoever_reaches_the_port(service):
    at = datetime(2026, 11, 24, tzinfo=UTC)
    service.reliefs.current = Reliefs(2, (Relief(1, Cause.BREAK_GLASS, "pilot", "for lin", "ada", at),))
    assert (await service.check.now()).rules.off == ["pilot: off, since 2026-11-24 00:00 UTC"]
