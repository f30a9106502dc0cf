"""Phones that have never reported: of whom there are none is remembered, and not for a moment longer than it is followed."""

from datetime import datetime, timedelta

import pytest
from tests.unit.store.examples import ALLOW, NOW, access, mail_app

from mailgate.devices.trust import report_by
from mailgate.store import Store
from mailgate.store.unreported import UnreportedPhones

ADA = "ada@example.com"


@pytest.fixture
def phones(store: Store) -> UnreportedPhones:
    return UnreportedPhones(store.people)


async def look(phones: UnreportedPhones, store: Store, now: datetime = NOW) -> None:
    phones.follow((await store.change_numbers()).phones, now)


async def came(store: Store, eas_id: str = "ApplX1", user: str = ADA, device: str = "") -> None:
    store.ledger.record(access(client=mail_app(eas_id), device=device, user=user), ALLOW)
    await store.ledger.flush()


async def found(phones: UnreportedPhones, now: datetime = NOW) -> list[str]:
    return [each.eas_id for each in await phones.of(ADA, [], now)]


def not_asked(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(type(store.people), "unreported")


async def test_that_there_is_none_is_asked_once(
    store: Store, phones: UnreportedPhones, monkeypatch: pytest.MonkeyPatch
) -> None:
    await look(phones, store)
    assert await found(phones) == []
    await came(store, user="bob@example.com", device="known")
    await look(phones, store, NOW + timedelta(seconds=4))
    not_asked(store, monkeypatch)
    assert await found(phones, NOW + timedelta(seconds=4)) == []


async def test_a_phone_that_comes_is_there_with_the_next_look(store: Store, phones: UnreportedPhones) -> None:
    await look(phones, store)
    assert await found(phones) == []
    await came(store)
    await look(phones, store)
    assert await found(phones) == ["applx1"]


async def test_a_phone_that_is_there_is_read_each_time(store: Store, phones: UnreportedPhones) -> None:
    await came(store)
    await look(phones, store)
    assert [each.times for each in await phones.of(ADA, [], NOW)] == [1]
    await came(store)
    assert [each.times for each in await phones.of(ADA, [], NOW)] == [2]


async def test_a_phone_comes_back_once_the_device_that_had_its_id_has_gone(
    store: Store, phones: UnreportedPhones
) -> None:
    await came(store)
    await store.devices.ingest([report_by("jamf", "7", ADA, eas_ids=("ApplX1",))], NOW)
    devices = await store.people.devices(ADA, NOW)
    await look(phones, store)
    assert await phones.of(ADA, devices, NOW) == []
    assert await found(phones) == ["applx1"]


@pytest.mark.parametrize("looks", ["never", "late", "failed", "restored"])
async def test_without_a_look_the_store_is_asked(store: Store, phones: UnreportedPhones, looks: str) -> None:
    if looks != "never":
        await look(phones, store)
    assert await found(phones) == []
    await came(store)
    if looks == "failed":
        phones.follow(None, NOW)
    if looks == "restored":
        phones.follow(7, NOW)
    assert await found(phones, NOW + timedelta(seconds=1)) == ["applx1"]


@pytest.mark.parametrize(
    ("again", "counted"),
    [
        ({}, 0),
        ({"user": "ADA@example.com"}, 0),
        ({"eas_id": "ApplX2"}, 1),
        ({"user": "bob@example.com"}, 1),
        ({"user": ""}, 0),
        ({"eas_id": "ApplX2", "device": "known"}, 0),
    ],
)
async def test_a_phone_is_counted_once_for_each_person(
    store: Store, again: dict[str, str], counted: int
) -> None:
    await came(store)
    before = (await store.change_numbers()).phones
    await came(store, **again)
    assert (await store.change_numbers()).phones == before + counted
