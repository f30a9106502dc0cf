"""What a plan says."""

import json

from tests.unit.console.browsing import NOW, Company
from tests.unit.console.phones import asks, has, record

from mailgate.console.api.planned import PlanTold
from mailgate.rollout.acts import Person

STAGED = {"warn": "2030-01-01", "enforce": "2030-02-01"}
POLICY = {
    "rules": [
        {"id": "no-phones", "when": "client.handheld", "effect": "block"},
        {"id": "nobody-later", "when": "true", "effect": "block", "stages": STAGED},
    ]
}


async def test_all_of_it_is_told_as_it_was_made(firm: Company) -> None:
    phones = await has(firm, record("a1", "alice"), record("b1", "bob", "tiktok"))
    await asks(firm, phones[1], "bob")
    candidate = firm.candidate(json.dumps(POLICY))
    made = await firm.plan(candidate, 14, Person("ada", "here"), lambda _done, _of: None)
    assert made["newly"]["block"]["samples"]
    assert made["later"]
    told = PlanTold.model_validate(made).model_dump(mode="json", by_alias=True)
    assert json.loads(_same_times(told)) == json.loads(_same_times(made))


async def test_one_without_names_and_later_moments_is_told_too(firm: Company) -> None:
    made = await firm.plan(firm.candidate(None), 14, Person("ada", "here"), lambda _done, _of: None)
    (kept,) = await firm.store.plans.find(made["digest"])
    body = {name: value for name, value in kept.body.items() if name != "later"}
    told = PlanTold.model_validate(body)
    assert (told.made_at, told.later, told.newly["block"].samples) == (NOW, [], [])


def _same_times(told: object) -> str:
    """Z and +00:00 are one."""
    return json.dumps(told).replace("+00:00", "Z")
