"""Plans: made by one, approved by another, put in force."""

import csv
import io
import json

import pytest
from tests.unit.console.api.calling import Caller
from tests.unit.console.api.planning import NOBODY, planned
from tests.unit.console.api.planning import guarded as guarded
from tests.unit.console.browsing import NOW, Company
from tests.unit.console.callers import ada as ada
from tests.unit.console.callers import calling as calling
from tests.unit.console.callers import lin as lin
from tests.unit.console.callers import vic as vic

from mailgate.config import load_bundle
from mailgate.console.plans.planning import RequestedPlan
from mailgate.rollout.plan import Plan


async def test_a_plan_says_whom_it_would_move_and_what_stands_against_it(
    ada: Caller, vic: Caller, firm: Company
) -> None:
    digest = await planned(ada, firm)
    told = (await vic.get(f"/plans/{digest[:12]}")).body
    status, plan = told["status"], told["plan"]
    assert (status["author"], status["state"], status["needed"], status["missing"]) == ("ada", "open", 1, 1)
    assert "would or might lose mail" in status["against"][0]
    assert (plan["digest"], plan["newly"]["block"]["people"]) == (digest, 1)
    assert told["title"] == status["title"] == "New rule “nobody” blocks people and 4 more"
    assert (await vic.get("/plans")).body["items"] == [status]


async def test_whoever_may_look_may_have_files_planned_that_are_sent(vic: Caller, firm: Company) -> None:
    """As a job for tests does. Starting it takes others."""
    files = {"policy.yaml": NOBODY, "apps.yaml": (firm.folder / "apps.yaml").read_text()}
    digest = await planned(vic, firm, policy=None, files=files)
    told = (await vic.get(f"/plans/{digest}")).body
    plan = Plan.model_validate_json(json.dumps(told["plan"]))
    assert (plan.digest, plan.newly["block"].people, told["status"]["author"]) == (digest, 1, "vic")
    for act in ("approvals", "apply"):
        assert (await vic.post(f"/plans/{digest}/{act}", {"note": "mine"})).status == 403
    told = await vic.post("/plans", {"files": {"policy.yaml": NOBODY}})
    assert (told.status, told.body["errors"][0]["pointer"]) == (422, "#/files")


async def test_a_plan_in_force_is_held_against_what_it_said(ada: Caller, lin: Caller, firm: Company) -> None:
    digest = await planned(ada, firm)
    assert (await ada.get(f"/plans/{digest}/outcome")).status == 409
    await lin.post(f"/plans/{digest}/approvals", {"note": "agreed"})
    await ada.post(f"/plans/{digest}/apply", {"note": "at once"})
    told = (await ada.get(f"/plans/{digest}/outcome")).body
    assert (told["version"], told["before"], told["kept_out"], told["predicted"]) == (2, 1, 0, 1)
    assert (await ada.get(f"/plans/{digest}")).body["status"]["term"]["ended"] is None
    assert (await ada.post("/policy/rollbacks", {"note": "sent in error"})).status == 200
    status = (await ada.get(f"/plans/{digest}")).body["status"]
    assert (status["state"], status["term"]["version"], status["term"]["ended"]["rolled_back"]) == (
        "rolled back",
        2,
        True,
    )
    told = (await ada.get(f"/plans/{digest}/outcome")).body
    assert (told["before"], told["ended"]["version"], told["ended"]["note"]) == (0, 1, "sent in error")


async def test_the_counts_and_the_picture_of_a_plan_are_downloaded(ada: Caller, firm: Company) -> None:
    digest = await planned(ada, firm)
    sheet = await ada.get(f"/plans/{digest}/counts.csv")
    assert sheet.headers["Content-Type"] == "text/csv; charset=utf-8"
    assert f"mailgate-plan-{digest[:12]}-counts.csv" in sheet.headers["Content-Disposition"]
    rows = list(csv.reader(io.StringIO(sheet.body.removeprefix("\ufeff"))))
    assert rows[:2] == [["newly", "by", "value", "people", "devices"], ["block", "all", "", "1", "1"]]
    picture = await ada.get(f"/plans/{digest}/picture.svg")
    assert (picture.headers["Content-Type"], picture.body[:4]) == ("image/svg+xml", "<svg")


async def test_a_plan_starts_only_after_the_approval_of_another(
    ada: Caller, lin: Caller, firm: Company
) -> None:
    digest = await planned(ada, firm)
    early = await ada.post(f"/plans/{digest}/apply", {"note": "now"})
    assert (early.status, early.body["type"]) == (409, "urn:mailgate:problem:refused")
    assert early.body["detail"].endswith("it needs 1 more approval"), "a program sits at no command line"
    approved = await lin.post(f"/plans/{digest}/approvals", {"note": "looked at it"})
    assert (approved.status, approved.body["approved"], approved.body["missing"]) == (201, ["lin"], 0)
    told = await ada.post(f"/plans/{digest}/apply", {"note": "agreed"})
    assert (told.status, told.body["number"], told.body["author"], told.body["already"]) == (
        200,
        2,
        "ada",
        False,
    )
    assert [each[:2] for each in (await firm.acts())[1:]] == [
        ("policy-planned", "ada"), ("policy-approved", "lin"), ("policy-activated", "ada"),
    ]  # fmt: skip


async def test_an_override_takes_another_person_and_is_written_down_as_one(
    ada: Caller, lin: Caller, firm: Company
) -> None:
    frozen(firm)
    digest = await planned(ada, firm)
    over = {"note": "at once", "override": True}
    alone = await ada.post(f"/plans/{digest}/apply", over)
    assert (
        alone.status,
        "nobody overrides alone where another person may approve" in alone.body["detail"],
    ) == (409, True)
    assert (await lin.post(f"/plans/{digest}/approvals", {"note": "agreed"})).status == 201
    assert (await ada.post(f"/plans/{digest}/apply", over)).status == 200
    assert (await firm.acts())[-1][0] == "policy-activated-against-the-guard"


def frozen(firm: Company) -> None:
    settings = json.loads((firm.folder / "mailgate.yaml").read_text())
    settings["guard"] = {"max_newly_blocked": 0, "freeze": ["2026-11-01 00:00 - 2026-12-31 00:00 UTC"]}
    (firm.folder / "mailgate.yaml").write_text(json.dumps(settings))
    firm.bundle = load_bundle(firm.folder / "mailgate.yaml")


async def test_the_files_on_disk_are_planned_where_no_rules_are_sent(ada: Caller, firm: Company) -> None:
    (firm.folder / "policy.yaml").write_text(NOBODY)
    assert (await ada.get(f"/plans/{await planned(ada, firm, policy=None)}")).body["plan"]["newly"]["block"][
        "people"
    ] == 1


async def test_every_mistake_in_rules_is_told_with_its_line(ada: Caller, firm: Company) -> None:
    told = await ada.post("/plans", {"policy": "rules:\n- id: a\n  wen: true\n  effect: stop\n"})
    assert (told.status, {each["pointer"] for each in told.body["errors"]}) == (422, {"#/policy"})
    words = [each["detail"] for each in told.body["errors"]]
    assert any(each.startswith("the rules:3:") and "`wen`" in each for each in words)
    assert any(each.startswith("the rules:4:") and "`stop`" in each for each in words)


async def test_one_is_made_at_a_time(ada: Caller, firm: Company) -> None:
    assert (await ada.get("/plans/making")).status == 404
    firm.context.planning.last = RequestedPlan("lin", NOW, 10, 2000)
    told = await ada.post("/plans", {"policy": NOBODY})
    assert (told.status, "another plan is being made" in told.body["detail"]) == (409, True)
    making = (await ada.get("/plans/making")).body
    assert (making["who"], making["done"], making["total"], making["runs"]) == ("lin", 10, 2000, True)


@pytest.mark.parametrize(
    "path", ["/plans/123456", "/plans/123456/counts.csv", "/plans/123456/picture.svg", "/plans/odd"]
)
async def test_an_unknown_plan_is_not_found(ada: Caller, path: str) -> None:
    assert (await ada.get(path)).status == 404


async def test_an_unknown_plan_is_neither_started_nor_approved(ada: Caller, lin: Caller) -> None:
    assert (await ada.post("/plans/123456/apply", {"note": "x"})).status == 404
    assert (await lin.post("/plans/123456/approvals", {"note": "x"})).status == 404
