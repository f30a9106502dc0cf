"""The rules in force, the versions that were, and taking rules back."""

import json
from datetime import timedelta

import pytest
from tests.integration.gate import PHONE_RULES
from tests.unit.console.api.calling import Caller
from tests.unit.console.browsing import NOW, Company
from tests.unit.console.callers import calling as calling
from tests.unit.console.callers import lin as lin
from tests.unit.console.callers import vic as vic

from mailgate.rollout.stored_rules import rule_texts_of
from mailgate.store import Act


async def second(firm: Company) -> None:
    """Another version, which lets phones in whatever they have."""
    rules = {"rules": [each for each in PHONE_RULES["rules"] if each["id"] != "prohibited-app"]}
    draft = rule_texts_of(firm.candidate(json.dumps(rules)))
    await firm.store.policies.activate(draft, Act(NOW, "lin", "policy-activated", why="by mistake"))


async def test_rules_are_told_in_words_and_as_conditions(vic: Caller, firm: Company) -> None:
    told = (await vic.get("/policy")).body
    assert (told["policy"], told["version"]["number"], told["version"]["author"]) == (
        firm.bundle.policy.version,
        1,
        "file",
    )
    assert [each["id"] for each in told["rules"]] == [
        *(each["id"] for each in PHONE_RULES["rules"]),
        "default",
    ]
    rule = told["rules"][1]
    assert (rule["does"], rule["today"], rule["condition"]) == (
        "blocks",
        "applies",
        PHONE_RULES["rules"][1]["when"],
    )
    assert set(rule["reads"]) == {"client.handheld", "device.lists"}


async def test_versions_are_told_with_their_files_and_what_differs(vic: Caller, firm: Company) -> None:
    await second(firm)
    items = (await vic.get("/policy/versions")).body["items"]
    assert [(each["number"], each["author"], each["note"]) for each in items] == [
        (2, "lin", "by mistake"),
        (1, "file", "first start"),
    ]
    assert len((await vic.get("/policy/versions?limit=1")).body["items"]) == 1
    one = (await vic.get(f"/policy/versions/{items[1]['digest'][:12]}")).body
    assert (one["number"], "prohibited-app" in one["texts"]["policy.yaml"]) == (1, True)
    told = (await vic.get("/policy/difference?old=1")).body
    assert (told["old"], told["new"], {(each["sign"], each["about"]) for each in told["changes"]}) == (
        1,
        2,
        {("-", "rule prohibited-app")},
    )
    assert any(line.startswith("-") for line in told["lines"])
    assert (await vic.get("/policy/difference?old=2&new=1")).body["changes"][0]["sign"] == "+"


@pytest.mark.parametrize("path", ["/policy/versions/9", "/policy/versions/odd", "/policy/difference?old=9"])
async def test_an_unknown_version_is_not_found(vic: Caller, path: str) -> None:
    assert (await vic.get(path)).status == 404


async def test_a_roll_back_is_done_once(lin: Caller, firm: Company) -> None:
    assert (await lin.post("/policy/rollbacks", {"note": "x"})).status == 409, "there is nothing before"
    await second(firm)
    told = (await lin.post("/policy/rollbacks", {"note": "sent in error"})).body
    assert (told["number"], told["author"], told["note"], told["already"]) == (
        1,
        "lin",
        "sent in error",
        False,
    )
    firm.clock.now += timedelta(minutes=1)
    again = (await lin.post("/policy/rollbacks", {"note": "sent in error", "to": 1})).body
    assert again == told | {"already": True}
    assert (await firm.acts())[-1] == ("policy-rolled-back", "lin", "version 1")
    assert (await lin.post("/policy/rollbacks", {"note": "x", "to": 7})).status == 409
