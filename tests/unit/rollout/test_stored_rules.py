"""The rules of versions, as the store keeps them."""

import pytest
from sqlalchemy import update
from tests.unit.rollout.examples import rules
from tests.unit.rollout.versions import put_in_force

from mailgate.rollout.stored_rules import UnreadableVersionError, in_force, rules_of
from mailgate.store import Store
from mailgate.store.schema import policies


async def test_rules_are_read_as_they_were_started(store: Store) -> None:
    assert await in_force(store) is None
    active = await put_in_force(store, rules())
    assert (await rules_of(store.policies, active)).digest == rules().digest
    found = await in_force(store)
    assert found
    assert found.digest == rules().digest


async def test_a_version_that_was_changed_in_the_store_is_not_read(store: Store) -> None:
    active = await put_in_force(store, rules())
    async with store._database.writing() as connection:
        await connection.execute(update(policies).values(texts='{"policy.yaml": "rules: []"}'))
    with pytest.raises(UnreadableVersionError, match="was changed in the store"):
        await rules_of(store.policies, active)
