"""Devices."""

from datetime import timedelta

from tests.unit.console.api.calling import Caller
from tests.unit.console.browsing import NOW, Company
from tests.unit.console.callers import ada as ada
from tests.unit.console.callers import calling as calling
from tests.unit.console.callers import vic as vic
from tests.unit.console.devices.test_page import UNKNOWN
from tests.unit.console.phones import asks, has, record

from mailgate.console.devices.facts import device_facts
from mailgate.model import Kind


async def test_devices_are_found_by_every_filter(vic: Caller, firm: Company) -> None:
    found = await has(
        firm, record("a1", "alice", "tiktok"), record("b1", "bob"), record("b2", "bob-2", kind=Kind.LAPTOP)
    )
    for query, wanted in (
        ("", found),
        ("?name=BOB", found[1:]),
        ("?name=serial-a1", found[:1]),
        ("?state=listed", found[:1]),
        ("?state=clean&kind=laptop", found[2:]),
        ("?app=tiktok", found[:1]),
        ("?app=TikTok&kind=phone", found[:1]),
        ("?before=7d", []),
        ("?sort=-person", found[::-1]),
        ("?sort=person&order=descending", found[::-1]),
    ):
        told = (await vic.get(f"/devices{query}")).body
        assert told == {
            "items": [device_facts(each, firm.bundle, NOW).model_dump(mode="json") for each in wanted],
            "next": None,
        }, query


async def test_an_unknown_filter_is_refused(vic: Caller) -> None:
    for asked in UNKNOWN:
        told = await vic.get(f"/devices?{asked}")
        assert told.status == 422, asked
        assert told.body["errors"]


async def test_every_value_that_cannot_be_meant_is_named_at_once(vic: Caller) -> None:
    told = (await vic.get("/devices?kind=toaster&before=soon&sate=lost")).body
    assert [each["parameter"] for each in told["errors"]] == ["kind", "before", "sate"]
    assert "se one of laptop, phone" in told["errors"][0]["detail"]
    told = (await vic.get("/devices?app=none&group=nope")).body
    assert [each["parameter"] for each in told["errors"]] == ["group", "app"]


async def test_pages_lead_to_all_of_them_each_once(vic: Caller, firm: Company) -> None:
    made = await has(firm, *(record(f"p{each}", f"person{each}") for each in range(7)))
    found, after = [], ""
    while True:
        told = (await vic.get(f"/devices?limit=3{after}")).body
        found += [each["id"] for each in told["items"]]
        if told["next"] is None:
            break
        after = f"&after={told['next']}"
    assert found == [each.id for each in made]


async def test_one_is_told_with_all_that_is_known_of_it(vic: Caller, firm: Company) -> None:
    (phone,) = await has(firm, record("a1", "alice", "tiktok"))
    await asks(firm, phone, "alice")
    told = (await vic.get(f"/devices/{phone.id}")).body
    assert (told["owner"], told["state"], told["apps"]) == ("alice", "listed", ["tiktok"])
    assert [each["source"] for each in told["reports"]] == ["jamf-file"]
    assert {"kind": "serial", "name": "SERIAL-A1", "sources": ["jamf-file"], "found_by": True} in told[
        "names"
    ]
    assert [each["reference"] for each in told["sightings"]] == ["REF2345"]
    assert (await vic.get("/devices/SERIAL-A1")).body == told
    assert (await vic.get(f"/devices/{phone.id.upper().replace('-', '')}")).body == told


async def test_the_timeline_lists_the_newest_first(vic: Caller, firm: Company) -> None:
    (phone,) = await has(firm, record("a1", "alice", "tiktok"))
    await asks(firm, phone, "alice")
    items = (await vic.get(f"/devices/{phone.id}/timeline")).body["items"]
    assert [each["what"] for each in items] == ["decision", "first", "report"]
    assert (items[0]["about"], items[2]["words"]) == ("block", "jamf-file looked and found TikTok")


async def test_the_decision_for_a_device_is_explained(vic: Caller, firm: Company) -> None:
    (phone,) = await has(firm, record("a1", "alice", "tiktok"))
    told = (await vic.get(f"/devices/{phone.id}/explanation")).body
    assert (told["decision"]["effect"], told["decision"]["rule"]) == ("block", "prohibited-app")
    (flips,) = told["flips"]
    assert flips["to"] == ["allow"]
    assert "is removed" in flips["actionable"][0]["steps"][0]["words"]


async def test_an_unknown_device_is_not_found_and_an_ambiguous_one_refused(
    vic: Caller, firm: Company
) -> None:
    assert (await vic.get("/devices/none")).status == 404
    both = await has(firm, record("a1", "alice"), record("a2", "alice"))
    told = await vic.get("/devices/alice")
    assert (told.status, [each.id for each in both if each.id in told.body["detail"]]) == (
        409,
        [each.id for each in both],
    )


async def test_an_operator_marks_it_as_lost_once_and_as_found(ada: Caller, firm: Company) -> None:
    (phone,) = await has(firm, record("a1", "alice"))
    lost = await ada.ask("PUT", f"/devices/{phone.id}/lost")
    firm.clock.now += timedelta(minutes=1)
    again = await ada.ask("PUT", f"/devices/{phone.id}/lost")
    assert lost.body == again.body == {"id": phone.id, "lost_at": "2026-12-01T12:00:30Z"}
    assert (await ada.get(f"/devices/{phone.id}")).body["lost"]
    found = await ada.ask("DELETE", f"/devices/{phone.id}/lost")
    assert (found.status, found.body) == (200, {"id": phone.id, "lost_at": None})
    about = f"device {phone.id}"
    assert (await firm.acts())[1:] == [("device-lost", "ada", about), ("device-found", "ada", about)]


async def test_an_operator_has_it_forgotten(ada: Caller, firm: Company) -> None:
    (phone,) = await has(firm, record("a1", "alice", "tiktok"))
    await asks(firm, phone, "alice")
    told = await ada.ask("DELETE", f"/devices/{phone.id}")
    assert (told.status, told.body) == (204, "")
    assert (await ada.get(f"/devices/{phone.id}")).status == 404
    assert (await ada.get("/sightings")).body["items"] == []
    (entry,) = [each for each in await firm.store.audit.page() if each.what == "device-forgotten"]
    assert (entry.who, entry.origin, entry.about) == ("ada", "api at gate-1", f"device {phone.id}")
