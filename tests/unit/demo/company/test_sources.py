"""Sources: connectors of which one is in trouble, and laptops that enrolled."""

from tests.unit.demo.company.conftest import Made
from tests.unit.demo.examples import NOW

from mailgate.devices.trust import ENROLLED
from mailgate.store import Store


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
