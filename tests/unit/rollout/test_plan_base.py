"""A plan that others overtook is open again once the rules that it was compared with are back."""

import pytest
from tests.unit.rollout.examples import OTHER, rules
from tests.unit.rollout.versions import ADA, GUARD, planned, put_in_force
from tests.unit.rollout.versions import store as store
from tests.unit.store.examples import NOW

from mailgate.rollout.activation import apply, retract
from mailgate.rollout.approvals import plan_statuses
from mailgate.rollout.person import RefusedError
from mailgate.store import Store


async def state(store: Store) -> str:
    return (await plan_statuses(store, GUARD, NOW, 1))[0].state


async def test_it_is_open_again_and_may_be_put_in_force(store: Store, url: str) -> None:
    digest = await planned(store, url)
    await put_in_force(store, rules(OTHER), "lin")
    assert await state(store) == "overtaken"
    await retract(store, ADA, "sent in error", NOW)
    assert await state(store) == "open"
    await apply(store, digest, ADA, "now", NOW, None)
    assert await state(store) == "in force"


async def test_what_was_in_force_and_was_taken_back_takes_a_new_plan(store: Store, url: str) -> None:
    digest = await planned(store, url)
    await apply(store, digest, ADA, "now", NOW, None)
    await retract(store, ADA, "sent in error", NOW)
    assert await state(store) == "retracted"
    with pytest.raises(
        RefusedError, match="was in force already, as version 2, and is no longer: plan again"
    ):
        await apply(store, digest, ADA, "again", NOW, None)
