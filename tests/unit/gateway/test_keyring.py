"""Whose signatures are believed."""

import asyncio
import json
from datetime import timedelta

import pytest
from tests.unit.gateway.gates import NOW

from mailgate.attest import mint
from mailgate.attest.keys import parse_jwks
from mailgate.attest.sealing import Nonces
from mailgate.config.attestation import OF_LOGINS
from mailgate.gateway.keyring import FileKeys, Keyring, OwnKeys, Revocations
from mailgate.gateway.remote_keys import JwksError, RemoteKeys
from mailgate.store import SharedKey, StoreUnavailableError

KEYS = parse_jwks(mint.jwks(mint.make_key(b"k" * 32, "k")))


def remote(issuer):
    async def away(_etag):
        raise JwksError("unreachable")

    return RemoteKeys(issuer, f"{issuer}/jwks", away, lambda: NOW, lambda *_: None)


@pytest.fixture
async def keyring():
    made = Keyring()
    yield made
    await made.close()


async def test_each_issuer_has_its_keys(keyring):
    keyring.replace({"a": FileKeys(KEYS), "b": remote("b")})
    assert keyring["a"] is KEYS
    assert keyring["b"].unavailable
    assert (set(keyring), len(keyring), "a" in keyring, "c" in keyring) == ({"a", "b"}, 2, True, False)


async def test_a_file_has_nothing_new_and_an_unknown_issuer_nothing_at_all(keyring):
    keyring.replace({"a": FileKeys(KEYS)})
    assert not await keyring.look_for_missing_key("a")
    assert not await keyring.look_for_missing_key("b")


async def test_a_source_that_stays_goes_on_and_one_that_went_ends(keyring):
    stays, goes = remote("a"), remote("b")
    keyring.replace({"a": stays, "b": goes})
    tasks = dict(keyring._tasks)
    keyring.replace({"a": stays, "c": remote("c")})
    await asyncio.sleep(0)
    assert keyring._tasks["a"] is tasks["a"]
    assert tasks["b"].cancelled() or tasks["b"].cancelling()
    assert set(keyring._tasks) == {"a", "c"}
    assert [each.issuer for each in keyring.remote()] == ["a", "c"]


class Enrolments:
    def __init__(self):
        self.gone = []
        self.asked = []

    async def revoked(self, since=None):
        self.asked.append(since)
        return self.gone


@pytest.fixture
def store():
    return Enrolments()


async def test_all_revocations_are_read_each_minute_and_new_ones_in_between(store, clock):
    known = Revocations(store, clock)
    for seconds in (0, 1, 52, 53, 61):
        clock.now = NOW + timedelta(seconds=seconds)
        await known.poll()
    assert [since is None for since in store.asked] == [True, False, False, True, False]
    assert store.asked[1] == NOW + timedelta(seconds=1) - timedelta(minutes=10)


async def test_a_revoked_key_stays_revoked(store, clock):
    known = Revocations(store, clock)
    store.gone = ["a"]
    await known.poll()
    store.gone = ["b"]
    await known.poll()
    assert known == {"a", "b"}


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


async def test_keys_of_logins_are_no_issuers() -> None:
    """Whoever names them in an attestation names nobody."""
    keyring, name = Keyring(), f"{OF_LOGINS}https://login.example.com"
    keyring.replace({name: FileKeys(KEYS), "mdm": FileKeys(KEYS)})
    assert keyring.of_logins(name) is KEYS
    assert keyring.of_logins("login another").keys == {}
    assert (list(keyring), len(keyring), name in keyring, keyring.get(name)) == (["mdm"], 1, False, None)
    assert not await keyring.look_for_missing_key("login another")
