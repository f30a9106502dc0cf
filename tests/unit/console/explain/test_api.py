"""Explaining a request that somebody describes."""

import pytest
from tests.integration.conftest import IPHONE, LAPTOP
from tests.unit.console.api.calling import Caller
from tests.unit.console.browsing import Company
from tests.unit.console.callers import calling as calling
from tests.unit.console.callers import vic as vic
from tests.unit.console.phones import asks, has, record


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


async def test_sightings_are_listed_by_every_filter(vic: Caller, firm: Company) -> None:
    (phone,) = await has(firm, record("a1", "alice", "tiktok"))
    await asks(firm, phone, "alice")
    (found,) = (await vic.get("/sightings")).body["items"]
    assert (found["user"], found["rule"], found["effect"], found["reference"]) == (
        "alice",
        "prohibited-app",
        "block",
        "REF2345",
    )
    for query, count in (
        ("rule=prohibited-app&user=alice", 1),
        ("user=bob", 0),
        ("effect=allow", 0),
        ("reason=posture-missing", 0),
        ("kind=phone", 1),
    ):
        assert len((await vic.get(f"/sightings?{query}")).body["items"]) == count, query


@pytest.mark.parametrize("query", ["reason=none", "effect=shut", "kind=toaster", "sate=x"])
async def test_an_unknown_filter_is_refused(vic: Caller, query: str) -> None:
    assert (await vic.get(f"/sightings?{query}")).status == 422


async def test_pages_lead_to_all_of_them(vic: Caller, firm: Company) -> None:
    phones = await has(firm, *(record(f"p{each}", f"person{each}") for each in range(5)))
    for phone in phones:
        await asks(firm, phone, phone.id)
    found, after = list[str](), ""
    while True:
        told = (await vic.get(f"/sightings?limit=2{after}")).body
        found += [each["user"] for each in told["items"]]
        if told["next"] is None:
            break
        after = f"&after={told['next']}"
    assert sorted(found) == sorted(phone.id for phone in phones)


async def test_one_is_explained_by_its_id_or_its_reference(vic: Caller, firm: Company) -> None:
    (phone,) = await has(firm, record("a1", "alice", "tiktok"))
    await asks(firm, phone, "alice")
    by_reference = (await vic.get("/sightings/REF2345/explanation")).body
    assert (await vic.get(f"/sightings/{by_reference['then']['id']}/explanation")).body == by_reference
    assert by_reference["then"]["effect"] == "block"
    why = by_reference["now"]
    assert (why["decision"]["effect"], why["decision"]["rule"]) == ("block", "prohibited-app")
    assert [each["rule"] for each in why["rules"]] == ["laptop-browser", "prohibited-app"]
    assert why["rules"][1]["values"] == {"client.handheld": True, "device.lists": ["prohibited"]}
    assert any(
        "TikTok" in flip["steps"][0]["words"] for flips in why["flips"] for flip in flips["actionable"]
    )


async def test_an_unknown_sighting_is_not_found(vic: Caller) -> None:
    assert (await vic.get("/sightings/none/explanation")).status == 404
