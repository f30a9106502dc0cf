"""Explaining a request that somebody describes."""

import pytest
from tests.integration.conftest import IPHONE, LAPTOP
from tests.unit.console.api.calling import Caller
from tests.unit.console.browsing import Company
from tests.unit.console.callers import calling as calling
from tests.unit.console.callers import vic as vic
from tests.unit.console.phones import has, record


@pytest.mark.parametrize(
    ("agent", "effect", "rule"), [(LAPTOP, "allow", "laptop-browser"), (IPHONE, "block", "unproven-handheld")]
)
async def test_an_explanation_tells_the_rule_and_records_nothing(
    vic: Caller, firm: Company, agent: str, effect: str, rule: str
) -> None:
    told = (await vic.post("/explain", {"headers": {"user-agent": agent}})).body
    assert (told["decision"]["effect"], told["decision"]["rule"]) == (effect, rule)
    assert told["rules"][0]["condition"] == 'client.kind == "laptop"'
    await firm.store.ledger.flush()
    assert await firm.store.sightings.latest() == []


async def test_a_request_may_come_from_a_device_and_a_person(vic: Caller, firm: Company) -> None:
    (phone,) = await has(firm, record("a1", "alice", "tiktok"))
    body = {"headers": {"User-Agent": IPHONE}, "device": "serial-a1", "user": "alice", "target": "/mail?x=1"}
    told = (await vic.post("/explain", body | {"device": phone.id})).body
    assert (told["decision"]["rule"], told["device"]["apps"]) == ("prohibited-app", ["tiktok"])
    assert (told["request"]["target"], told["user"]["name"]) == ("/mail?x=1", "alice")


async def test_an_unknown_device_is_refused(vic: Caller) -> None:
    assert (await vic.post("/explain", {"device": "none"})).status == 409


async def test_headers_are_held_to_their_form(vic: Caller) -> None:
    told = await vic.post(
        "/explain", {"headers": {"Bad Name": "x", "Good": "a\r\nb"}, "method": "get", "target": "x"}
    )
    assert set(told.wrong) == {"#/headers/Bad Name", "#/headers/Good", "#/method", "#/target"}
