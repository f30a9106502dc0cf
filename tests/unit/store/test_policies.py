"""Versions of the rules in the store, and which one is in force."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest
from tests.unit.store.examples import NOW

from mailgate.store import Act, OvertakenError, RuleTexts, Store

ONE = RuleTexts("p1", {"policy.yaml": "rules: []\n"})
TWO = RuleTexts("p2", {"policy.yaml": "rules: [x]\n"})
ACT = Act(NOW, "ada", "policy-activated", why="first try", origin="desk")


async def test_a_new_store_has_nothing_in_force(store: Store) -> None:
    assert await store.policies.active() is None
    assert await store.policies.serial() == 0
    assert await store.policies.history() == []


async def test_an_activation_is_kept_with_who_when_and_why(store: Store) -> None:
    first = await store.policies.activate(ONE, ACT)
    assert (first.serial, first.number, first.author, first.note, first.at) == (1, 1, "ada", "first try", NOW)
    assert await store.policies.active() == first
    version = await store.policies.get(1)
    assert version is not None
    assert (version.texts, version.author, version.made_at) == (ONE.texts, "ada", NOW)
    (entry,) = await store.audit.page()
    assert (entry.who, entry.what, entry.about) == ("ada", "policy-activated", "version 1")


async def test_activating_the_same_rules_again_changes_nothing(store: Store) -> None:
    first = await store.policies.activate(ONE, ACT)
    assert await store.policies.activate(ONE, replace(ACT, who="grace")) == first
    assert len(await store.audit.page()) == 1


async def test_going_back_is_an_activation_of_the_version_that_was(store: Store) -> None:
    await store.policies.activate(ONE, ACT)
    await store.policies.activate(TWO, ACT)
    back = await store.policies.activate(ONE, replace(ACT, at=NOW + timedelta(hours=1)))
    assert (back.serial, back.number, await store.policies.serial()) == (3, 1, 3)
    assert [each.number for each in await store.policies.history()] == [1, 2, 1]
    assert await store.audit.verify() == []


@pytest.mark.parametrize(
    ("name", "numbers"),
    [
        ("1", [1]),
        (TWO.digest[:8], [2]),
        ("beef0", [2]),
        ("beef", [2, 1]),
        ("bee", []),
        ("9", []),
        ("%%%%", []),
    ],
    ids=["a number", "a digest", "a policy", "two policies", "too short", "no such number", "no pattern"],
)
async def test_a_version_is_found_by_number_or_by_how_a_digest_begins(
    store: Store, name: str, numbers: list[int]
) -> None:
    await store.policies.activate(replace(ONE, policy="beef11"), ACT)
    await store.policies.activate(replace(TWO, policy="beef00"), ACT)
    assert [each.number for each in await store.policies.find(name)] == numbers


async def test_a_version_is_known_by_its_whole_digest(store: Store) -> None:
    await store.policies.activate(ONE, ACT)
    assert await store.policies.number_of(ONE.digest)
    assert not await store.policies.number_of(ONE.digest[:4])


async def test_an_overtaken_activation_changes_nothing(store: Store) -> None:
    await store.policies.activate(ONE, ACT, after=0)
    with pytest.raises(OvertakenError):
        await store.policies.activate(TWO, ACT, after=0)
    assert await store.policies.serial() == 1
    assert not await store.policies.number_of(TWO.digest)
    assert len(await store.audit.page()) == 1


async def test_gates_that_activate_at_once_take_turns(store: Store, other_gates: list[Store]) -> None:
    drafts = [(ONE, TWO)[number % 2] for number in range(4)]
    await asyncio.gather(
        *(
            each.policies.activate(draft, ACT)
            for each, draft in zip([store, *other_gates], drafts, strict=True)
        )
    )
    history = await store.policies.history()
    assert [each.serial for each in history] == list(range(len(history), 0, -1))
    assert {each.digest for each in history} == {ONE.digest, TWO.digest}
    assert await store.audit.verify() == []
