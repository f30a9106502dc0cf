"""What was decided of late."""

import pytest
from tests.unit.console.api.calling import Caller
from tests.unit.console.browsing import Company
from tests.unit.console.callers import calling as calling
from tests.unit.console.callers import vic as vic
from tests.unit.console.phones import asks, has, record


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
