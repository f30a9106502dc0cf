"""The rules of versions, as the store keeps them."""

import pytest
from sqlalchemy import update
from tests.unit.rollout.examples import rules
from tests.unit.store.examples import NOW

from mailgate.rollout.stored_rules import UnreadableVersionError, in_force, rule_texts_of, rules_of
from mailgate.store import Act, Store
from mailgate.store.schema import policies

ACT = Act(NOW, "ada", "policy-activated")


async def test_they_are_read_as_they_were_put_in_force(store: Store) -> None:
    assert await in_force(store) is None
    active = await store.policies.activate(rule_texts_of(rules()), ACT)
    assert (await rules_of(store.policies, active)).digest == rules().digest
    found = await in_force(store)
    assert found
    assert found.digest == rules().digest


async def test_a_version_that_was_changed_in_the_store_is_not_read(store: Store) -> None:
    active = await store.policies.activate(rule_texts_of(rules()), ACT)
    async with store._database.writing() as connection:
        await connection.execute(update(policies).values(texts='{"policy.yaml": "rules: []"}'))
    with pytest.raises(UnreadableVersionError, match="was changed in the store"):
        await rules_of(store.policies, active)
