"""Finding people and devices by what somebody knows of them."""

from collections.abc import Awaitable, Callable

import pytest
from tests.unit.store.examples import NOW
from tests.unit.store.steps import scanned, steps_of

from mailgate.devices.device import new_id
from mailgate.devices.trust import report_by
from mailgate.store import Store, search

Find = Callable[[Store], Awaitable[object]]


@pytest.mark.parametrize(
    "find",
    [
        lambda store: store.search.people("ada", 9),
        lambda store: store.search.people_with("da", 9),
        lambda store: store.search.people_with("da", 9, "b"),
        lambda store: store.search.called("abcd-efgh-ijkl", 9),
        lambda store: store.search.devices("abcd", 9),
        lambda store: store.help_requests.by_reference("REF"),
        lambda store: store.help_requests.of_person("ada", ["d1"]),
        lambda store: store.help_requests.open(),
    ],
)
async def test_every_search_goes_by_an_index(store: Store, find: Find) -> None:
    assert scanned(await steps_of(store, find)) == []


async def test_a_look_within_names_goes_on_behind_its_window(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(search, "WINDOW", 3)
    names = [f"{letter}.stone" for letter in "abcdefgh"]
    await store.devices.ingest([report_by("mdm", name, owner=name) for name in names], NOW)
    found, after, looks = list[str](), "", 0
    while looks == 0 or after:
        page = await store.search.people_with("ston", 9, after)
        found, after, looks = [*found, *page.rows], page.after or "", looks + 1
    assert (found, looks) == (names, 3)
    few = await store.search.people_with("ston", 2)
    assert (few.rows, few.after) == (["a.stone", "b.stone"], "b.stone")


DEVICE = new_id(("mdm", "0001-77"))


@pytest.fixture
async def two_of_zoe(store: Store) -> Store:
    """Two devices of one person, the first with a name of every kind."""
    names = {
        "serial": "C02XY",
        "udid": "00008110-001A2B3C4D5E6F70",
        "eas_ids": ("ApplX99",),
        "keys": ("KeyA1",),
    }
    every = report_by("mdm", "0001-77", owner="zoe", **names)  # type: ignore[arg-type]
    await store.devices.ingest([every, report_by("mdm", "other", serial="D99", owner="zoe")], NOW)
    return store


@pytest.mark.parametrize(
    "typed",
    ["c02", "00008110-001a", "00008110001A2B", "applx", "0001-", DEVICE[:3], DEVICE[:7].replace("-", "")],
)
async def test_the_beginning_of_every_kind_of_name_leads_to_a_device(two_of_zoe: Store, typed: str) -> None:
    assert DEVICE in [each.id for each in await two_of_zoe.search.devices(typed, 9)]


async def test_two_letters_lead_to_no_device_and_a_person_not_as_a_device(two_of_zoe: Store) -> None:
    assert await two_of_zoe.search.devices("c0", 9) == [], "two letters may be anything"
    assert await two_of_zoe.search.called("zoe", 9) == [], "devices are found with their person"
