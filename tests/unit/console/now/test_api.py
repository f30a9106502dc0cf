"""What is decided at this moment."""

from dataclasses import replace

import pytest
from tests.unit.console.api.calling import Caller
from tests.unit.console.browsing import NOW, Company
from tests.unit.console.callers import calling as calling
from tests.unit.console.callers import vic as vic
from tests.unit.store.test_gates import BEAT

from mailgate.console.now.gates import MISSED_AFTER, UPDATE_TIME
from mailgate.store import StoreUnavailableError
from mailgate.store.counts import AppDay, VerdictKey

COUNTED = """\
# TYPE mailgate_decisions counter
mailgate_decisions_total{{effect="block",kind="phone"}} {0}
# TYPE mailgate_refusals counter
mailgate_refusals_total{{rule="prohibited-app",effect="block",reason="prohibited-app"}} {0}
"""


async def test_devices_connectors_and_the_gate_are_told(vic: Caller) -> None:
    told = (await vic.get("/now")).body
    assert told["devices"]["states"] == {"clean": 2, "listed": 1}
    assert [(each["name"], each["state"], each["devices"]) for each in told["connectors"]] == [
        ("jamf-file", "ok", 3)
    ]
    assert (told["gate"]["rules"]["number"], told["gate"]["workers"]) == (
        1,
        {"wanted": 1, "answering": 1, "missing": []},
    )
    assert told["needs"] == []
    assert (told["without_mail"], len(told["refused"]), told["refused"][-1]["people"]) == (None, 14, None)


async def test_urgent_needs_come_first(vic: Caller, firm: Company) -> None:
    firm.ready |= {"store": "unavailable", "ledger": firm.ready["ledger"] | {"dropped": 3}}
    needs = (await vic.get("/now")).body["needs"]
    assert [each["urgent"] for each in needs] == [True, False]
    assert needs[0]["words"].startswith("The database does not answer")


async def test_every_gate_is_told_with_its_rules_and_delay(vic: Caller, firm: Company) -> None:
    assert (await vic.get("/now")).body["gates"] == []
    beat = replace(BEAT, number=1, serial=1)
    await firm.store.gates.note(beat)
    await firm.store.gates.note(replace(beat, host="gate-2", serial=0, version="0.0.9"))
    first, second = (await vic.get("/now")).body["gates"]
    assert 0 <= first.pop("heard_ago") < MISSED_AFTER.total_seconds()
    assert first == {
        "host": "gate-1",
        "address": "https://mail.example.com",
        "state": "ok",
        "words": "",
        "version": "0.1.0",
        "number": 1,
        "policy": "abc",
        "since": BEAT.since.isoformat().replace("+00:00", "Z"),
        "workers": {"wanted": 1, "answering": 1},
    }
    assert (second["state"], second["version"]) == ("taking", "0.0.9")
    firm.clock.now += UPDATE_TIME
    _, second = (await vic.get("/now")).body["gates"]
    assert (second["state"], second["words"][:32]) == ("behind", "it still decides by version 1, n")


async def test_gates_cannot_be_told_without_the_store(
    vic: Caller, firm: Company, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def away(*_: object) -> None:
        raise StoreUnavailableError

    monkeypatch.setattr(firm.store.gates, "last_heartbeats", away)
    told = await vic.get("/now")
    assert (told.status, told.body["gates"]) == (200, None)


async def test_traffic_of_all_gates_is_told_for_a_range(vic: Caller, firm: Company) -> None:
    await firm.store.verdicts.add({NOW.replace(second=0): {VerdictKey("block", kind="phone"): 5}})
    await firm.store.app_counts.keep([AppDay(NOW.date(), "tiktok", 3, 4, 1, 2, NOW)])
    told = (await vic.get("/now/traffic?range=14d")).body
    assert (len(told["traffic"]["spans"]), told["traffic"]["spans"][-1]["effect"]) == (14, {"block": 5})
    assert told["apps"][0]["days"][-1]["kept_out_people"] == 1
    assert (await vic.get("/now/traffic?range=2h")).status == 422
