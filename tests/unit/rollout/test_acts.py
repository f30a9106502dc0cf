"""Putting rules in force on purpose, and taking them back."""

import json
from datetime import timedelta
from typing import Any

import pytest
from tests.unit.rollout import people
from tests.unit.rollout.examples import OPEN, SHUT, rules
from tests.unit.store.examples import NOW

from mailgate.rollout import draft_of, in_force
from mailgate.rollout.acts import Person, RefusedError, apply, keep_plan, retract
from mailgate.rollout.guard import Guard, Limit
from mailgate.rollout.plan import Scope, make_plan
from mailgate.store import Act, Activation, Store

ADA = Person("ada", "desk")


@pytest.fixture
async def store(store: Store) -> Store:
    """One phone, and rules that let everybody in."""
    await store.policies.activate(
        draft_of(rules(OPEN)), Act(NOW, "file", "policy-activated", why="the first start")
    )
    await people.know(store, rules(OPEN).policy, [people.phone(1, owner="grace")])
    return store


async def planned(store: Store, url: str) -> dict[str, Any]:
    """A plan to keep everybody out."""
    active = await store.policies.active()
    assert active is not None
    plan = await make_plan(
        store, url, active, rules(SHUT), Scope(NOW, 14, people.MAX_AGE), 1, lambda *_: None
    )
    await keep_plan(store, plan, rules(SHUT), ADA, NOW)
    return plan


async def deciding(store: Store) -> str:
    found = await in_force(store)
    assert found is not None
    return found.policy.rules[0].id


async def test_what_was_planned_is_put_in_force_with_who_and_why(store: Store, url: str) -> None:
    plan = await planned(store, url)
    new = await apply(store, plan["digest"][:12], ADA, "the works council agreed", NOW, None)
    assert (new.serial, new.author, new.note, await deciding(store)) == (
        2,
        "ada",
        "the works council agreed",
        "shut",
    )
    acts = [(entry.what, entry.who) for entry in await store.audit.page()]
    assert acts[1:] == [("policy-planned", "ada"), ("policy-activated", "ada")]
    assert await store.audit.verify() == []


async def test_neither_a_kept_plan_nor_the_audit_log_names_who_is_hit(store: Store, url: str) -> None:
    plan = await planned(store, url)
    assert "grace" in json.dumps(plan)
    (kept,) = await store.plans.find(plan["digest"])
    assert "grace" not in json.dumps(kept.body)
    assert all("grace" not in entry.details for entry in await store.audit.page())


async def test_a_plan_that_was_overtaken_or_is_old_is_refused(store: Store, url: str) -> None:
    plan = await planned(store, url)
    with pytest.raises(RefusedError, match="more than a day ago"):
        await apply(store, plan["digest"], ADA, "", NOW + timedelta(hours=25), None)
    other = rules("rules: [{id: other, when: 'true', effect: warn}]\n")
    await store.policies.activate(draft_of(other), Act(NOW, "lin", "policy-activated"))
    with pytest.raises(RefusedError, match="version 2 was put in force after"):
        await apply(store, plan["digest"], ADA, "", NOW, None)
    assert await deciding(store) == "other"


async def test_the_guard_refuses_and_an_override_is_loud(store: Store, url: str) -> None:
    plan = await planned(store, url)
    with pytest.raises(
        RefusedError,
        match=r"1 of 1 people would or might newly be kept out; the guard lets 0 pass.*nobody who may give one.*--override",
    ):
        await apply(store, plan["digest"], ADA, "urgent", NOW, Guard(Limit(0)))
    assert await deciding(store) == "open"
    with pytest.raises(RefusedError, match="needs a --note that says why"):
        await apply(store, plan["digest"], ADA, " ", NOW, Guard(Limit(0)), override=True)
    await apply(store, plan["digest"], ADA, "urgent", NOW, Guard(Limit(0)), override=True)
    last = (await store.audit.page())[-1]
    assert (last.what, last.why) == ("policy-activated-against-the-guard", "urgent")
    assert json.loads(last.details)["overridden"]
    assert await deciding(store) == "shut"


async def test_a_plan_that_is_none_is_said(store: Store) -> None:
    with pytest.raises(RefusedError, match="no plan is called `abcdef123`"):
        await apply(store, "abcdef123", ADA, "", NOW, None)


async def test_what_was_sent_in_error_is_taken_back(store: Store, url: str) -> None:
    plan = await planned(store, url)
    await apply(store, plan["digest"], ADA, "", NOW, None)
    back = await retract(store, ADA, "sent in error", NOW)
    assert (back.serial, back.number, await deciding(store)) == (3, 1, "open")
    last = (await store.audit.page())[-1]
    assert (last.what, last.why, json.loads(last.details)["retracted"]) == (
        "policy-retracted",
        "sent in error",
        2,
    )
    await retract(store, ADA, "it was right after all", NOW, 2)
    assert await deciding(store) == "shut"


async def test_a_retraction_that_is_said_twice_is_done_once(store: Store, url: str) -> None:
    plan = await planned(store, url)
    await apply(store, plan["digest"], ADA, "", NOW, None)
    back = await retract(store, ADA, "sent in error", NOW)
    for number in (None, 1):  # and never is what was taken back in force again
        assert await retract(store, ADA, "again", NOW + timedelta(minutes=1), number) == back
    assert [each.number for each in await store.policies.history()] == [1, 2, 1]
    assert [entry.what for entry in await store.audit.page()].count("policy-retracted") == 1


async def test_what_came_in_force_again_by_its_files_can_be_taken_back(store: Store, url: str) -> None:
    for text in (SHUT, OPEN):
        await store.policies.activate(draft_of(rules(text)), Act(NOW, "file", "policy-activated"))
    assert (await retract(store, ADA, "", NOW)).number == 2


async def test_a_retraction_that_was_overtaken_takes_nothing_back(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = rules("rules: [{id: other, when: 'true', effect: warn}]\n")
    for text in (rules(SHUT), other):
        await store.policies.activate(draft_of(text), Act(NOW, "lin", "policy-activated"))
    older = (await store.policies.history())[1:]

    async def as_it_was() -> list[Activation]:
        return older

    monkeypatch.setattr(store.policies, "history", as_it_was)
    with pytest.raises(RefusedError, match="put in force meanwhile"):
        await retract(store, ADA, "", NOW)
    assert await deciding(store) == "other"


@pytest.mark.parametrize(("number", "why"), [(None, "no other version"), (7, "no other version")])
async def test_there_has_to_be_something_to_go_back_to(store: Store, number: int | None, why: str) -> None:
    with pytest.raises(RefusedError, match=why):
        await retract(store, ADA, "", NOW, number)


async def test_only_what_was_in_force_can_be_gone_back_to(store: Store, url: str) -> None:
    plan = await planned(store, url)
    await apply(store, plan["digest"], ADA, "", NOW, None)
    with pytest.raises(RefusedError, match="version 7 was never in force"):
        await retract(store, ADA, "", NOW, 7)
