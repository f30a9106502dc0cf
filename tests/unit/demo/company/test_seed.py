"""The seed: a new store alone, the same company every time, and counts that are those of the store."""

from pathlib import Path

import pytest
from tests.unit.demo.company.conftest import Made, made_in
from tests.unit.demo.examples import NOW

from mailgate.demo.company.seed import LAST, refuse_used
from mailgate.devices.trust import ENROLLED
from mailgate.errors import MailgateError
from mailgate.rollout.plan import load
from mailgate.store import Store


async def test_the_plan_that_waits_keeps_somebody_out(store: Store, made: Made) -> None:
    (plan,) = await store.plans.find(made.plan)
    assert load(plan.body).newly["block"].people > 0


async def test_a_store_that_is_in_use_is_left_alone(made: Made) -> None:
    store = await Store.open(made.url)
    try:
        before = await store.devices.last_change()
        with pytest.raises(MailgateError, match=r"in use \(\d+ devices\)"):
            await refuse_used(store)
        assert await store.devices.last_change() == before
    finally:
        await store.close()


async def test_the_same_seed_makes_the_same_company(tmp_path: Path) -> None:
    folders = tmp_path / "one", tmp_path / "other"
    for folder in folders:
        folder.mkdir()
    one, other = [await made_in(folder, 8) for folder in folders]
    assert one.plan == other.plan


def test_progress_ends_where_it_is_whole(made: Made) -> None:
    last = {what: (done, of) for what, done, of in made.told}
    assert list(last) == ["devices", "requests", LAST]
    assert all(done == of for done, of in last.values())


async def test_connectors_have_as_many_devices_as_the_store_says(store: Store, made: Made) -> None:
    states = await store.connectors.states()
    assert set(states) == {"fleet", "intune", "jamf"}
    for name, state in states.items():
        assert state.devices == sum([len(page) async for page in store.connectors.devices(name)])


async def test_one_connector_is_failing(store: Store, made: Made) -> None:
    states = await store.connectors.states()
    assert [name for name, state in states.items() if state.failing_since] == ["jamf"]
    assert all(state.last_attempt and state.last_attempt < NOW for state in states.values())


async def test_each_enrolled_laptop_has_its_key(store: Store, made: Made) -> None:
    keys = await store.enrolments.page()
    names = {token.name for token in await store.enrolments.tokens()}
    enrolled = [page async for page in store.connectors.devices(ENROLLED)]
    assert {key.device for key in keys} == {device for page in enrolled for device in page}
    assert {key.token for key in keys} <= names
    assert len(names) == 4
