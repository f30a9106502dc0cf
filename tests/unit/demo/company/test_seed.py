"""The seed: a new store alone, the same company every time, and counts that are those of the store."""

from pathlib import Path

import pytest
from tests.unit.demo.company.conftest import PEOPLE, Made, made_in

from mailgate.demo.company.seed import LAST, StoreNotNewError, refuse_used
from mailgate.rollout.plan import load
from mailgate.store import Store


async def test_the_counts_are_those_of_the_store(store: Store, made: Made) -> None:
    rows = await store.sightings.latest(size=100_000)
    assert made.company.people == PEOPLE
    assert made.company.devices == await store.devices.count()
    assert made.company.requests == sum(row.tally.times for row in rows)
    (plan,) = await store.plans.find(made.company.plan)
    assert load(plan.body).newly["block"].people > 0


async def test_a_store_that_is_in_use_is_left_alone(made: Made) -> None:
    store = await Store.open(made.url)
    try:
        before = await store.devices.last_change()
        with pytest.raises(StoreNotNewError, match=r"in use \(\d+ devices\)"):
            await refuse_used(store)
        assert await store.devices.last_change() == before
    finally:
        await store.close()


async def test_the_same_seed_makes_the_same_company(tmp_path: Path) -> None:
    folders = tmp_path / "one", tmp_path / "other"
    for folder in folders:
        folder.mkdir()
    one, other = [await made_in(folder, 8) for folder in folders]
    assert one.company == other.company


def test_progress_ends_where_it_is_whole(made: Made) -> None:
    last = {what: (done, of) for what, done, of in made.told}
    assert list(last) == ["devices", "requests", LAST]
    assert all(done == of for done, of in last.values())
