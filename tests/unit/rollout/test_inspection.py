"""A gate looks at changed files by itself where its settings have a guard."""

from typing import Any

from pydantic import SecretStr
from tests.unit.rollout.examples import SHUT, rules
from tests.unit.rollout.test_acts import store as store
from tests.unit.store.examples import NOW

from mailgate.config.settings import GuardSettings, PostureSettings, Settings
from mailgate.rollout.acts import Person, apply
from mailgate.rollout.inspection import Inspection
from mailgate.store import Store


def settings(url: str, most: int | None) -> Any:
    guard = None if most is None else GuardSettings(max_newly_blocked=most)
    posture = PostureSettings()
    return Settings.model_construct(store=SecretStr(url), posture=posture, guard=guard)


async def inspected(store: Store, url: str, most: int | None) -> str:
    active = await store.policies.active()
    assert active is not None
    return await Inspection(store, settings(url, most), "gate-1", lambda: NOW)(active, rules(SHUT))


async def test_without_a_guard_nothing_is_looked_at(store: Store, url: str) -> None:
    assert await inspected(store, url, None) == ""
    assert [entry.what for entry in await store.audit.page()] == ["policy-activated"]


async def test_what_the_guard_lets_pass_is_planned_and_written_down(store: Store, url: str) -> None:
    assert await inspected(store, url, 1) == ""
    assert [entry.what for entry in await store.audit.page()] == ["policy-activated", "policy-planned"]


async def test_what_it_does_not_let_pass_can_be_put_in_force_on_purpose(store: Store, url: str) -> None:
    why = await inspected(store, url, 0)
    assert why.startswith("1 of 1 people would or might newly be kept out; the guard lets 0 pass")
    digest = why.partition("(plan ")[2].partition(";")[0]
    new = await apply(store, digest, Person("ada", "desk"), "agreed", NOW, None)
    assert new.digest == rules(SHUT).digest
