"""Drafts by the API: the same as in the console."""

import asyncio

import pytest
from tests.unit.console.api.calling import Caller
from tests.unit.console.browsing import Company
from tests.unit.console.callers import ada as ada
from tests.unit.console.callers import calling as calling
from tests.unit.console.callers import vic as vic
from tests.unit.console.drafted import planned, written

from mailgate.config import Rules
from mailgate.console.plans.planning import Progress
from mailgate.rollout.person import Person
from mailgate.rollout.plan import Plan

ON = {"edit": {"change": "join-list", "app": "wechat", "list": "prohibited"}}


@pytest.fixture(autouse=True)
async def filled(firm: Company) -> None:
    await written(firm)


async def test_a_draft_is_made_planned_and_taken_away(ada: Caller, vic: Caller, firm: Company) -> None:
    made = await ada.post("/drafts", ON)
    digest = made.body["digest"]
    assert (made.status, made.headers["Location"]) == (201, f"/api/v1/drafts/{digest}")
    assert (made.body["title"], made.body["state"]) == ("WeChat joins the prohibited list", "draft")
    assert made.body["changes"][0]["lines"][-2:] == [
        "-  prohibited: [tiktok]",
        "+  prohibited: [tiktok, wechat]",
    ]
    plan = await planned(firm)
    told = (await vic.get(f"/drafts/{digest[:12]}")).body
    assert (told["plan"], told["edit"]) == (plan, ON["edit"])
    assert (await vic.get(f"/drafts/{digest}/patch")).body.startswith("--- a/apps.yaml\n")
    assert [each["digest"] for each in (await vic.get("/drafts")).body["items"]] == [digest]


async def test_a_list_of_many_makes_none_of_them_again(ada: Caller, monkeypatch: pytest.MonkeyPatch) -> None:
    await ada.post("/drafts", ON)
    monkeypatch.delattr("mailgate.console.drafts.facts.edited")
    (listed,) = (await ada.get("/drafts")).body["items"]
    assert (listed["state"], "changes" in listed) == ("draft", False)


async def test_a_draft_is_planned_again_unless_a_plan_is_being_made(
    ada: Caller, firm: Company, monkeypatch: pytest.MonkeyPatch
) -> None:
    make, may_end = firm.context.planning._make, asyncio.Event()

    async def made_later(candidate: Rules, days: int, who: Person, progress: Progress) -> Plan:
        await may_end.wait()
        return await make(candidate, days, who, progress)

    monkeypatch.setattr(firm.context.planning, "_make", made_later)
    digest = (await ada.post("/drafts", ON)).body["digest"]
    assert (await ada.post(f"/drafts/{digest}/plan")).status == 409
    may_end.set()
    await planned(firm)
    again = await ada.post(f"/drafts/{digest}/plan")
    assert (again.status, again.headers["Location"]) == (202, "/api/v1/plans/making")
    await planned(firm)


async def test_an_impossible_draft_is_refused(ada: Caller, vic: Caller) -> None:
    assert (await vic.post("/drafts", ON)).status == 403
    assert (await ada.post("/drafts", {"edit": {"change": "rename"}})).status == 422
    assert (await ada.post("/drafts", {"edit": ON["edit"] | {"app": "tiktok"}})).status == 409
    assert (await ada.get("/drafts/abcdef12")).status == 404
