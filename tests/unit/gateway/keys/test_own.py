"""The gate as an issuer: which key signs, which are published, what a store that is away changes."""

import json
from datetime import timedelta

import pytest
from tests.unit.gateway.gates import NOW

from mailgate.attest import Nonces
from mailgate.gateway.keys.own import OwnKeys
from mailgate.store import SharedKey, StoreUnavailableError

DAY = timedelta(days=1)
FIRST, SECOND = SharedKey(1, b"1" * 32, NOW - DAY), SharedKey(2, b"2" * 32, NOW)


class Store:
    def __init__(self, *keys):
        self.keys = keys
        self.breaks = None
        self.asked = 0

    async def current(self, purpose, now, renew_after):
        self.asked += 1
        if self.breaks:
            raise self.breaks
        return self.keys


def own(store, clock):
    return OwnKeys(store, Nonces((), b"this one"), clock)


async def test_a_new_key_is_published_before_it_signs(clock):
    keys = own(Store(FIRST), clock)
    await keys.renew()
    first = keys.signing_key().kid
    keys._store.keys = (SECOND, FIRST)
    await keys.renew()
    published = [key["kid"] for key in json.loads(keys.jwks())["keys"]]
    assert first in published
    assert len(set(published)) == 2
    assert keys.signing_key().kid == first
    clock.now = NOW + timedelta(minutes=10)
    assert keys.signing_key().kid != first
    assert set(keys.keys().keys) == set(published)


async def test_published_keys_hold_no_secret(clock):
    keys = own(Store(FIRST), clock)
    await keys.renew()
    assert all("d" not in key for key in json.loads(keys.jwks())["keys"])


async def test_two_gates_have_the_same_keys_under_the_same_names(clock):
    one, other = own(Store(FIRST), clock), own(Store(FIRST), clock)
    await one.renew()
    await other.renew()
    assert one.jwks() == other.jwks()


async def test_the_first_key_signs_at_once(clock):
    keys = own(Store(SECOND), clock)
    await keys.renew()
    assert keys.signing_key().kid.startswith("gate-")


async def test_the_nonces_have_their_keys_from_here(clock):
    keys = own(Store(FIRST), clock)
    await keys.renew()
    assert keys._nonces.keys == (FIRST,)


async def test_a_missing_key_is_looked_for_once_in_a_second(clock):
    keys = own(Store(FIRST), clock)
    assert await keys.look_for_missing_key()
    assert not await keys.look_for_missing_key()
    assert keys._store.asked == 2
    clock.now += timedelta(seconds=1)
    keys._store.breaks = StoreUnavailableError("away")
    assert not await keys.look_for_missing_key()


async def test_a_store_that_is_away_changes_nothing(clock):
    keys = own(Store(FIRST), clock)
    await keys.renew()
    before, keys._store.breaks = keys.keys(), StoreUnavailableError("away")
    with pytest.raises(StoreUnavailableError):
        await keys.renew()
    assert keys.keys() is before
