"""Secrets that every gate on one store shares."""

import asyncio
from datetime import timedelta

from tests.unit.store.examples import NOW

from mailgate.store import Store

MONTH = timedelta(days=30)


async def test_the_first_start_makes_one_that_later_starts_find(
    store: Store, other_gates: list[Store]
) -> None:
    (key,) = await store.keys.current("probe", NOW, MONTH)
    assert (key.number, len(key.secret), key.made_at) == (1, 32, NOW)
    assert await other_gates[0].keys.current("probe", NOW + MONTH - timedelta(seconds=1), MONTH) == (key,)


async def test_a_key_is_renewed_and_the_last_two_are_kept(store: Store) -> None:
    (first,) = await store.keys.current("probe", NOW, MONTH)
    second, kept = await store.keys.current("probe", NOW + MONTH, MONTH)
    assert (second.number, kept) == (2, first)
    third, kept = await store.keys.current("probe", NOW + 2 * MONTH, MONTH)
    assert (third.number, kept) == (3, second)
    assert len({first.secret, second.secret, third.secret}) == 3


async def test_who_only_looks_makes_and_renews_none(store: Store) -> None:
    assert await store.keys.known("probe") == ()
    (key,) = await store.keys.current("probe", NOW, MONTH)
    assert await store.keys.known("probe") == (key,)


async def test_each_purpose_has_its_own(store: Store) -> None:
    (one,), (other,) = [await store.keys.current(purpose, NOW, MONTH) for purpose in ("a", "b")]
    assert one.secret != other.secret


async def test_gates_that_start_at_once_agree(store: Store, other_gates: list[Store]) -> None:
    found = await asyncio.gather(*(each.keys.current("probe", NOW, MONTH) for each in [store, *other_gates]))
    assert len(set(found)) == 1


async def test_a_key_does_not_show_its_secret(store: Store) -> None:
    (key,) = await store.keys.current("probe", NOW, MONTH)
    assert repr(key) == "Key(number=1)"


async def test_after_all_were_dropped_new_ones_are_made(store: Store) -> None:
    (old,) = await store.keys.current("probe", NOW, MONTH)
    await store.keys.current("nonce", NOW, MONTH)
    assert (await store.keys.drop(), await store.keys.drop()) == (2, 0)
    (new,) = await store.keys.current("probe", NOW, MONTH)
    assert new.secret != old.secret
