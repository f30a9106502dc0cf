"""Finding all devices that reports may be about."""

import pytest
from tests.unit.store.devices import ids, record
from tests.unit.store.examples import NOW

from mailgate.store import Store, device_loading


@pytest.mark.parametrize("at_once", [1, 2, 5000])
async def test_all_are_found_whatever_leads_to_them(
    store: Store, monkeypatch: pytest.MonkeyPatch, at_once: int
) -> None:
    monkeypatch.setattr(device_loading, "_AT_ONCE", at_once)
    known = [
        record("by-slot"),
        record("by-serial", serial="SERIAL1"),
        record("by-eas", eas_ids=("ApplX1",)),
        record("other", serial="SERIAL2"),
    ]
    await store.devices.ingest(known, NOW)
    joins = record("new", "intune", serial="SERIAL1", eas_ids=("6170706c7831",))
    async with store.devices._database.reading() as connection:
        news = [each.received(NOW) for each in (joins, record("by-slot"))]
        assert ids(await device_loading.around(connection, news)) == ["by-eas", "by-serial", "by-slot"]


async def test_whoever_claims_a_contested_name_is_found_though_another_has_it(store: Store) -> None:
    for number in (1, 2):
        await store.devices.ingest([record(str(number), serial=f"SERIAL{number}", eas_ids=("ApplX1",))], NOW)
    found = await store.devices.around(record("3", eas_ids=("ApplX1",)).received(NOW))
    assert ids(found) == ["1", "2"]


async def test_a_chain_of_contested_names_is_followed_to_its_end(store: Store) -> None:
    """Else what does not fit between the far ends would be forgotten with the next report of the near one."""
    for number in (1, 2, 3):
        eas_ids = (f"Appl{number}", f"Appl{number + 1}")
        await store.devices.ingest([record(str(number), serial=f"SERIAL{number}", eas_ids=eas_ids)], NOW)
    found = await store.devices.around(record("1").received(NOW))
    assert ids(found) == ["1", "2", "3"]
