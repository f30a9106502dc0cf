from datetime import timedelta

import pytest
from tests.unit.store.examples import BROWSER, CATALOG, NOW, PHONE_1, TERMS, proof

from mailgate.store import Store

WEEK = timedelta(days=7)


async def claim(
    store: Store, person="ada", device="phone-1", reason="prohibited-app", now=NOW, at_most=3, per_hour=99
):
    return await store.quarantine_mails.claim(
        person, device, reason, now, pause=WEEK, at_most=at_most, per_hour=per_hour
    )


async def test_nobody_is_told_the_same_twice_within_the_pause(store: Store) -> None:
    assert [await claim(store), await claim(store)] == [True, False]
    assert not await claim(store, now=NOW + WEEK - timedelta(seconds=1))
    assert [await claim(store, now=NOW + WEEK), await claim(store, now=NOW + WEEK)] == [True, False]


@pytest.mark.parametrize(
    "other", [{"person": "bob"}, {"device": "phone-2"}, {"reason": "posture-stale"}], ids=str
)
async def test_another_person_device_or_reason_is_other_news(store: Store, other: dict[str, str]) -> None:
    assert await claim(store)
    assert await claim(store, **other)


async def test_a_person_gets_a_few_mails_whatever_devices_name_them(store: Store) -> None:
    assert [await claim(store, device=str(n), at_most=2) for n in range(4)] == [True, True, False, False]
    assert await claim(store, person="bob", at_most=2)


async def test_all_together_get_a_few_mails_an_hour(store: Store) -> None:
    told = [await claim(store, person=str(n), per_hour=2) for n in range(3)]
    assert told == [True, True, False]
    assert not await claim(store, person="late", now=NOW + timedelta(minutes=59), per_hour=2)
    assert await claim(store, person="later", now=NOW + timedelta(hours=1), per_hour=2)


async def test_an_unsent_mail_may_be_claimed_again(store: Store) -> None:
    await claim(store)
    await store.quarantine_mails.release("ada", "phone-1", "prohibited-app")
    assert await claim(store)


async def test_a_claim_is_remembered_by_the_next_process(store: Store, other_gates: list[Store]) -> None:
    await claim(store)
    assert not await claim(other_gates[0])


async def test_old_notices_go_and_those_of_a_forgotten_device_too(store: Store) -> None:
    await claim(store)
    assert await store.quarantine_mails.prune(NOW) == 0
    assert await store.quarantine_mails.prune(NOW + timedelta(seconds=1)) == 1
    await store.postures(CATALOG, TERMS).current(BROWSER, proof(eas_ids=("ApplX1",)), NOW)
    await store.reports.flush()
    for device in (PHONE_1, "applx1"):
        await claim(store, device=device)
    assert await store.devices.forget(PHONE_1, NOW)
    assert [await claim(store, device=device) for device in (PHONE_1, "applx1")] == [True, True]
