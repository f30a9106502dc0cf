"""Whose signatures are believed."""

import asyncio
from datetime import timedelta

import pytest
from tests.unit.gateway.gates import NOW

from mailgate.attest import mint, parse_jwks
from mailgate.gateway.keys.keyring import FileKeys, Keyring, Revocations
from mailgate.gateway.keys.remote import JwksError, RemoteKeys

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
