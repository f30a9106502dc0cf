"""Exemptions, and rules that are out for everybody."""

import pytest
from tests.unit.console.api.calling import Caller
from tests.unit.console.browsing import Company
from tests.unit.console.callers import ada as ada
from tests.unit.console.callers import calling as calling
from tests.unit.console.callers import lin as lin
from tests.unit.console.callers import vic as vic
from tests.unit.console.phones import has, record

SOON = "2026-12-03T00:00:00Z"


async def test_a_person_is_exempt_until_then_or_until_it_is_ended(
    ada: Caller, vic: Caller, firm: Company
) -> None:
    body = {"rule": "prohibited-app", "why": "travels", "until": SOON, "person": "Alice"}
    made = await ada.post("/exemptions", body)
    assert (made.status, made.headers["Location"]) == (201, "/api/v1/exemptions")
    wanted = {
        "rule": "prohibited-app",
        "person": "alice",
        "device": "",
        "author": "ada",
        "cause": "exemption",
        "until": SOON,
    }
    assert wanted.items() <= made.body.items()
    (item,) = (await vic.get("/exemptions")).body["items"]
    assert made.body.items() <= item.items()
    ended = await ada.post(f"/exemptions/{item['number']}/end", {"why": "is back"})
    assert (ended.status, ended.body) == (200, made.body)
    assert (await vic.get("/exemptions")).body["items"] == []
    (item,) = (await vic.get("/exemptions?which=all")).body["items"]
    assert (item["ended_by"], item["ended_why"]) == ("ada", "is back")
    assert [each[0] for each in (await firm.acts())[1:]] == ["exemption-given", "exemption-ended"]
    assert (await ada.post(f"/exemptions/{item['number']}/end", {"why": "again"})).status == 404


async def test_a_device_is_exempt_from_every_rule(ada: Caller, firm: Company) -> None:
    (phone,) = await has(firm, record("a1", "alice"))
    told = await ada.post("/exemptions", {"rule": "all", "why": "x", "until": SOON, "device": "SERIAL-A1"})
    assert (told.status, told.body["device"], told.body["rule"]) == (201, phone.id, "")


@pytest.mark.parametrize("whom", [{}, {"person": "alice", "device": "a"}])
async def test_an_exemption_is_for_a_person_or_a_device(ada: Caller, whom: dict[str, str]) -> None:
    told = await ada.post("/exemptions", {"rule": "prohibited-app", "why": "x", "until": SOON} | whom)
    assert (told.status, told.wrong) == (422, {"#": "use either `person` or `device`"})


@pytest.mark.parametrize(
    ("changed", "detail"),
    [
        ({"rule": "none"}, "no rule is called `none`"),
        ({"rule": "laptop-browser"}, "gives mail"),
        ({"until": "2020-01-01T00:00:00Z"}, "choose an end in the future"),
        ({"until": "2029-01-01T00:00:00Z"}, "within 366 days"),
    ],
)
async def test_an_impossible_exemption_is_refused(ada: Caller, changed: dict[str, str], detail: str) -> None:
    body = {"rule": "prohibited-app", "why": "x", "until": SOON, "person": "alice"} | changed
    told = await ada.post("/exemptions", body)
    assert (told.status, detail in told.body["detail"]) == (409, True)


async def test_a_rule_is_turned_off_for_everybody_and_put_back(
    ada: Caller, lin: Caller, firm: Company
) -> None:
    off = await lin.post("/rules/prohibited-app/off", {"why": "wrong list", "until": SOON})
    assert (off.status, off.body["cause"], off.body["person"]) == (200, "break-glass", "")
    assert (await ada.get("/rules-off")).body["items"] == [off.body]
    on = await ada.post("/rules/prohibited-app/on", {"why": "right list"})
    assert on.body["items"] == [off.body]
    assert (await ada.get("/rules-off")).body["items"] == []
    assert [each[:2] for each in (await firm.acts())[1:]] == [
        ("rule-turned-off", "lin"),
        ("rule-resumed", "ada"),
    ]
    assert (await ada.post("/rules/prohibited-app/on", {"why": "again"})).status == 409


async def test_an_unknown_rule_is_not_found(ada: Caller) -> None:
    assert (await ada.post("/rules/none/off", {"why": "x", "until": SOON})).status == 404
    assert (await ada.post("/rules/laptop-browser/off", {"why": "x", "until": SOON})).status == 409
