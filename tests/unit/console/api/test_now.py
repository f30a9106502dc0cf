"""What is decided at this moment."""

from datetime import timedelta

from tests.unit.console.api.calling import Caller
from tests.unit.console.browsing import NOW, Company

COUNTED = """\
# TYPE mailgate_decisions counter
mailgate_decisions_total{{effect="block",kind="phone"}} {0}
# TYPE mailgate_refusals counter
mailgate_refusals_total{{rule="prohibited-app",effect="block",reason="prohibited-app"}} {0}
"""


async def test_verdicts_devices_connectors_and_the_gate_are_told(vic: Caller, firm: Company) -> None:
    for times in (1, 8):
        firm.desk.pulse.note({1: COUNTED.format(times)}, NOW - timedelta(minutes=1))
    told = (await vic.get("/now")).body
    (minute,) = told["minutes"]
    assert minute["verdicts"] == [{"effect": "block", "kind": "phone", "times": 7}]
    assert told["refusals"] == [
        {"rule": "prohibited-app", "effect": "block", "reason": "prohibited-app", "times": 7}
    ]
    assert told["devices"]["states"] == {"clean": 2, "prohibited": 1}
    assert [(each["name"], each["state"], each["devices"]) for each in told["connectors"]] == [
        ("jamf-file", "ok", 3)
    ]
    assert (told["gate"]["rules"]["number"], told["gate"]["workers"]) == (1, {"wanted": 1, "answering": 1})
    assert told["needs"] == []


async def test_what_needs_a_person_is_told_the_graver_first(vic: Caller, firm: Company) -> None:
    firm.ready |= {"store": "unavailable", "ledger": firm.ready["ledger"] | {"dropped": 3}}
    needs = (await vic.get("/now")).body["needs"]
    assert [each["grave"] for each in needs] == [True, False]
    assert needs[0]["words"].startswith("The store does not answer")
