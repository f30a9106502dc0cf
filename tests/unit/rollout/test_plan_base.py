"""A plan that others overtook is open again once the rules that it was compared with are back."""

import pytest
from tests.unit.rollout.test_activation import ADA, NOW, planned, rules
from tests.unit.rollout.test_activation import store as store
from tests.unit.rollout.test_approvals import GUARD

from mailgate.rollout.activation import apply, retract
from mailgate.rollout.approvals import plan_statuses
from mailgate.rollout.person import RefusedError
from mailgate.rollout.stored_rules import rule_texts_of
from mailgate.store import Act, Store


async def state(store: Store) -> str:
    return (await plan_statuses(store, GUARD, NOW, 1))[0].state


async def test_it_is_open_again_and_may_be_put_in_force(store: Store, url: str) -> None:
    plan = await planned(store, url)
    other = rules("rules: [{id: other, when: 'true', effect: warn}]\n")
    await store.policies.activate(rule_texts_of(other), Act(NOW, "lin", "policy-activated"))
    assert await state(store) == "overtaken"
    await retract(store, ADA, "sent in error", NOW)
    assert await state(store) == "open"
    await apply(store, plan.digest, ADA, "now", NOW, None)
    assert await state(store) == "in force"


async def test_what_was_in_force_and_was_taken_back_takes_a_new_plan(store: Store, url: str) -> None:
    plan = await planned(store, url)
    await apply(store, plan.digest, ADA, "now", NOW, None)
    await retract(store, ADA, "sent in error", NOW)
    assert await state(store) == "retracted"
    with pytest.raises(
        RefusedError, match="was in force already, as version 2, and is no longer: plan again"
    ):
        await apply(store, plan.digest, ADA, "again", NOW, None)
