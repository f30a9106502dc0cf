"""Plans in the store."""

from dataclasses import replace
from datetime import timedelta

from tests.unit.store.examples import NOW
from tests.unit.store.plans import ACT, DRAFT, PLAN

from mailgate.store import Store


async def test_a_plan_is_found_by_how_its_digest_begins(store: Store) -> None:
    await store.plans.keep(PLAN, ACT)
    assert await store.plans.find("abcdef") == [PLAN]
    assert await store.plans.find("abcde") == await store.plans.find("abcdefff") == []
    assert [entry.about for entry in await store.audit.page()] == ["plan abcdef01"]


async def test_the_same_plan_twice_is_kept_once_and_written_down_twice(store: Store) -> None:
    for _ in range(2):
        await store.plans.keep(PLAN, ACT)
    assert len(await store.plans.find("abcdef01")) == 1
    assert len(await store.audit.page()) == 2


async def test_old_plans_go(store: Store) -> None:
    await store.plans.keep(PLAN, ACT)
    assert await store.plans.prune(NOW) == 0
    assert await store.plans.prune(NOW + timedelta(seconds=1)) == 1
    assert await store.plans.find("abcdef") == []


async def test_the_newest_come_first(store: Store) -> None:
    for number in range(3):
        made = replace(PLAN, digest=f"{number}", made_at=NOW + timedelta(minutes=number))
        await store.plans.keep(made, ACT)
    assert [plan.digest for plan in await store.plans.latest(2)] == ["2", "1"]


async def test_the_newest_plan_of_a_version_is_found(store: Store) -> None:
    assert await store.plans.of_candidate(DRAFT.digest) is None
    for minute in range(2):
        made = replace(PLAN, digest=f"{minute}", made_at=NOW + timedelta(minutes=minute))
        await store.plans.keep(made, ACT)
    found = await store.plans.of_candidate(DRAFT.digest)
    assert found
    assert found.digest == "1"
