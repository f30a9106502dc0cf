"""Enrolment in the store: what lets a device in, how often, and what is revoked."""

import asyncio
import json
from dataclasses import replace
from datetime import timedelta
from hashlib import sha256

import pytest
from tests.unit.store.examples import NOW, set_shared_clock
from tests.unit.store.steps import goes_by, scanned, steps_of

from mailgate.devices.trust import report_by
from mailgate.model import AttestedApp
from mailgate.store import EnrolledKey, EnrolmentToken, Named, NotEnrolled, Revoked, RowPosition, Store
from mailgate.store.enrolments import (
    CODE_BYTES,
    CODE_LIFE,
    TOKEN_BYTES,
    digest_of,
    name_of,
    new_code,
    new_token,
    written_app,
)

DAY = timedelta(days=1)
TOKEN = EnrolmentToken("token-1", "ada@example.com", "for the demo", 2, NOW, NOW + 7 * DAY)
DIGEST = b"d" * 32
SAID = '{"os": "windows"}'


@pytest.fixture
async def open_store(store: Store) -> Store:
    await store.enrolments.add(DIGEST, TOKEN)
    return store


async def enrol(store: Store, key: str, now=NOW) -> EnrolledKey | NotEnrolled:
    return await store.enrolments.enrol(DIGEST, key, f"enrolled-{key}", now)


async def test_a_token_lets_so_many_devices_in(open_store: Store) -> None:
    first = await enrol(open_store, "a")
    assert first == EnrolledKey("a", "enrolled-a", "ada@example.com", "token-1", NOW)
    assert await open_store.enrolments.key("a") == first
    assert isinstance(await enrol(open_store, "b"), EnrolledKey)
    assert await enrol(open_store, "c") is NotEnrolled.USED_UP
    assert await open_store.enrolments.key("c") is None
    assert await open_store.enrolments.tokens() == [replace(TOKEN, uses_left=0)]


async def test_a_device_that_got_no_answer_may_ask_again(open_store: Store) -> None:
    first = await enrol(open_store, "a")
    assert await enrol(open_store, "a", NOW + 8 * DAY) == first
    assert [token.uses_left for token in await open_store.enrolments.tokens()] == [1]


async def test_devices_that_come_at_once_do_not_share_a_use(
    open_store: Store, other_gates: list[Store]
) -> None:
    asked = [enrol(each, f"{n}-{id(each)}") for n in range(3) for each in (open_store, *other_gates)]
    found = await asyncio.gather(*asked)
    assert sum(isinstance(each, EnrolledKey) for each in found) == 2


async def test_a_repeated_enrolment_uses_up_nothing(open_store: Store, other_gates: list[Store]) -> None:
    await open_store.enrolments.add(b"once" * 8, replace(TOKEN, name="token-once", uses_left=1))
    stores = (open_store, other_gates[0]) * 3
    asked = [each.enrolments.enrol(b"once" * 8, "a", "enrolled-a", NOW) for each in stores]
    assert {isinstance(each, EnrolledKey) for each in await asyncio.gather(*asked)} == {True}


async def test_an_unknown_or_expired_token_enrols_nobody(open_store: Store) -> None:
    assert await open_store.enrolments.enrol(b"x" * 32, "a", "d", NOW) is NotEnrolled.UNKNOWN
    assert await enrol(open_store, "a", NOW + 7 * DAY) is NotEnrolled.EXPIRED


async def test_a_token_ends_by_the_clock_of_the_store(
    open_store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A gate whose clock lags lets nobody in with a token that is over."""
    set_shared_clock(monkeypatch, NOW + 7 * DAY)
    assert await enrol(open_store, "a", NOW) is NotEnrolled.EXPIRED


async def test_a_revoked_key_is_never_taken_again(open_store: Store) -> None:
    await enrol(open_store, "a")
    assert await open_store.shut.revoke(Named("a"), NOW) == Revoked((), ("a",), ("enrolled-a",))
    assert await enrol(open_store, "a") is NotEnrolled.REVOKED
    assert await open_store.enrolments.revoked() == ["a"]


@pytest.mark.parametrize(
    ("name", "revoked"),
    [
        ("token-1", Revoked(("token-1",), ())),
        ("a", Revoked((), ("a",), ("enrolled-a",))),
        ("enrolled-a", Revoked((), ("a",), ("enrolled-a",))),
        ("b", Revoked()),
    ],
)
async def test_a_token_a_key_or_a_device_is_revoked_by_its_name(
    open_store: Store, name: str, revoked: Revoked
) -> None:
    await enrol(open_store, "a")
    assert await open_store.shut.revoke(Named(name), NOW) == revoked
    assert (await enrol(open_store, "z") is NotEnrolled.WITHDRAWN) is (name == "token-1")
    again = await open_store.shut.revoke(Named(name), NOW + DAY)
    assert again == Revoked(before=bool(revoked.keys))


async def test_only_the_latest_revocations_may_be_asked_for(open_store: Store) -> None:
    for number, key in enumerate("ab"):
        await enrol(open_store, key)
        await open_store.shut.revoke(Named(key), NOW + number * DAY)
    assert await open_store.enrolments.revoked(NOW + DAY) == ["b"]


async def test_a_report_is_remembered_unless_the_key_is_gone(open_store: Store) -> None:
    await enrol(open_store, "a")
    assert await open_store.enrolments.reported("a", NOW + DAY, said=SAID)
    found = await open_store.enrolments.key("a")
    assert found is not None
    assert (found.reported_at, found.said) == (NOW + DAY, SAID)
    assert not await open_store.enrolments.reported("b", NOW)
    await open_store.shut.revoke(Named("a"), NOW)
    assert not await open_store.enrolments.reported("a", NOW)


async def test_a_report_of_a_browser_is_noted_and_owned_by_one_statement(open_store: Store) -> None:
    first = await enrol(open_store, "a")
    assert isinstance(first, EnrolledKey)
    noted = await open_store.enrolments.reporting("a", NOW + DAY, SAID)
    found = await open_store.enrolments.key("a")
    assert found is not None
    assert noted == found == replace(first, reported_at=NOW + DAY, said=SAID)


async def test_only_the_key_of_a_browser_that_is_enrolled_and_not_revoked_is_noted_so(
    open_store: Store,
) -> None:
    """An app has more to show than its key."""
    await enrol(open_store, "a")
    await open_store.shut.revoke(Named("a"), NOW)
    await open_store.enrolments.enrol(DIGEST, "c", "enrolled-c", NOW, APP)
    for key in "abc":
        assert await open_store.enrolments.reporting(key, NOW + DAY, SAID) is None
    kept = [await open_store.enrolments.key(key) for key in "ac"]
    assert [each and (each.reported_at, each.said) for each in kept] == [(None, "")] * 2


async def test_a_report_that_is_acknowledged_is_there_for_every_gate(
    open_store: Store, other_gates: list[Store]
) -> None:
    await enrol(open_store, "a")
    for each in (open_store, *other_gates):
        assert await each.enrolments.reporting("a", NOW, SAID) is not None
    await other_gates[0].shut.revoke(Named("a"), NOW)
    assert await open_store.enrolments.reporting("a", NOW, SAID) is None


async def test_a_known_key_with_another_token_is_its_owners_from_then_on(open_store: Store) -> None:
    await enrol(open_store, "a")
    await open_store.enrolments.add(b"e" * 32, replace(TOKEN, name="token-2", owner="bob@example.com"))
    assert await open_store.enrolments.enrol(b"e" * 32, "a", "enrolled-a", NOW)
    found = await open_store.enrolments.key("a")
    assert found is not None
    assert (found.owner, found.token) == ("bob@example.com", "token-2")


async def test_keys_come_page_by_page(open_store: Store) -> None:
    for key in "ab":
        await enrol(open_store, key)
    first = await open_store.enrolments.page(size=1)
    second = await open_store.enrolments.page(first[-1].thumbprint, size=1)
    assert [each.thumbprint for each in first + second] == ["a", "b"]
    assert await open_store.enrolments.page("b") == []


async def test_silent_keys_are_deleted_and_revoked_ones_keep_their_thumbprint(open_store: Store) -> None:
    await enrol(open_store, "a")
    await enrol(open_store, "b")
    await open_store.enrolments.reported("a", NOW + 30 * DAY)
    await open_store.shut.revoke(Named("b"), NOW)
    assert await open_store.enrolments.prune(NOW + 30 * DAY) == 1
    assert await open_store.enrolments.tokens() == []
    assert await open_store.enrolments.key("a") is not None
    left = await open_store.enrolments.key("b")
    assert left is not None
    assert (left.device, left.owner, left.token) == ("", "", "")
    assert await open_store.enrolments.prune(NOW + 31 * DAY) == 1
    assert await open_store.enrolments.revoked() == ["b"]


async def test_many_keys_can_be_stored_as_they_are(open_store: Store) -> None:
    many = [
        EnrolledKey(
            f"key-{n:04}", f"device-{n}", "ada@example.com", "token-1", NOW, NOW, NOW if n == 3 else None
        )
        for n in range(700)
    ]
    await open_store.enrolments.take(many)
    assert await open_store.enrolments.page(size=1000) == many
    assert await open_store.enrolments.revoked() == ["key-0003"]
    assert await enrol(open_store, "key-0003") is NotEnrolled.REVOKED


async def test_tokens_come_page_by_page_the_newest_first(open_store: Store) -> None:
    for number in range(3):
        made = replace(TOKEN, name=f"token-{number}-later", made_at=NOW + DAY)
        await open_store.enrolments.add(bytes([number]) * 32, made)
    first = await open_store.enrolments.tokens(2)
    second = await open_store.enrolments.tokens(2, RowPosition(first[-1].made_at, first[-1].name))
    assert [each.name for each in first] == ["token-0-later", "token-1-later"]
    assert [each.name for each in second] == ["token-2-later", "token-1"]
    steps = await steps_of(open_store, lambda store: store.enrolments.tokens(2, RowPosition(NOW, "x")))
    assert goes_by("ix_enrolment_tokens_made_at", steps)


async def test_keys_are_gone_through_by_their_thumbprints(store: Store) -> None:
    assert scanned(await steps_of(store, lambda store: store.enrolments.page("x", 9))) == []


def test_a_token_has_256_bits_and_a_code_40_for_ten_minutes() -> None:
    assert [TOKEN_BYTES * 8, CODE_BYTES * 8] == [256, 40]
    assert timedelta(minutes=10) == CODE_LIFE


def test_a_token_holds_all_of_its_randomness() -> None:
    assert new_token(b"\0" * 32) == "mailgate-enrol-" + "A" * 43
    assert new_token(b"\0" * 31 + b"\1") != new_token(b"\0" * 32)


@pytest.mark.parametrize(
    ("random", "code"),
    [
        (b"\0" * 5, "0000-0000"),
        (b"\xff" * 5, "ZZZZ-ZZZZ"),
        (bytes([0x12, 0x34, 0x56, 0x78, 0x9A]), "28T5-CY4T"),
    ],
)
def test_a_code_is_crockfords_base32_of_forty_bits(random: bytes, code: str) -> None:
    assert new_code(random) == code


def test_no_letter_of_a_code_could_be_read_as_another() -> None:
    last = "".join(new_code(bytes([0, 0, 0, 0, number]))[-1] for number in range(32))
    assert last == "0123456789ABCDEFGHJKMNPQRSTVWXYZ"


@pytest.mark.parametrize("text", ["", "abc", "abcd-efg", "abcd-efghj", "1028-T5CYY"])
def test_a_text_of_another_form_is_hashed_unchanged(text: str) -> None:
    assert digest_of(text) == digest_of(f" {text} ") == sha256(text.encode()).digest()


@pytest.mark.parametrize("typed", ["1028-T5CY", "1028t5cy", " lO28 t5cY ", "I028-T5-CY"])
def test_a_code_is_found_however_it_is_typed(typed: str) -> None:
    assert digest_of(typed) == sha256(b"1028T5CY").digest()


def test_a_token_is_compared_letter_by_letter() -> None:
    token = new_token(b"a" * 32)
    assert digest_of(f" {token}\n") == digest_of(token) == sha256(token.encode()).digest()
    assert digest_of(token.upper()) != digest_of(token)


def test_the_name_of_a_token_does_not_reveal_it() -> None:
    digest = digest_of("1028-T5CY")
    assert name_of(digest) == f"token-{digest.hex()[:10]}"
    assert "1028" not in name_of(digest)


def test_text_that_no_encoding_has_is_no_error() -> None:
    assert digest_of("\ud800") == sha256(b"\xed\xa0\x80").digest()


APP = AttestedApp("apple-appattest", "ABCDE12345.com.example.reporter", serials=("1f",), key="MFkw")


async def test_the_app_that_holds_a_key_is_stored(open_store: Store) -> None:
    assert await open_store.enrolments.enrol(DIGEST, "a", "enrolled-a", NOW, APP)
    found = await open_store.enrolments.key("a")
    assert found is not None
    assert (found.attested, found.counter) == (APP, 0)


def test_of_an_app_that_a_newer_gate_knows_more_of_no_format_is_accepted() -> None:
    """What it asks for beside may be why the app would be refused; without an app the key would be asked for less."""
    known = json.loads(written_app(APP))
    (read,) = [
        EnrolledKey("a", "d", "ada", "t", NOW, app=json.dumps(each)).attested
        for each in [known | {"more": 1}]
    ]
    assert read == replace(APP, format="")
    assert EnrolledKey("a", "d", "ada", "t", NOW, app=json.dumps(known)).attested == APP


async def test_a_key_that_enrols_again_with_evidence_becomes_its_apps(open_store: Store) -> None:
    """It uses up nothing, evidence that is left out takes nothing away, and a key of another app begins at its own counter."""
    await open_store.enrolments.add(b"o" * 32, replace(TOKEN, name="token-once", uses_left=1))
    other = replace(APP, key="other")
    seen = []
    for app in (None, APP, APP, None, other):
        assert isinstance(
            await open_store.enrolments.enrol(b"o" * 32, "a", "enrolled-a", NOW, app), EnrolledKey
        )
        kept = await open_store.enrolments.key("a")
        assert kept is not None
        seen.append((kept.attested, kept.counter))
        await open_store.enrolments.reported("a", NOW, kept.counter + 5)
    assert seen == [(None, 0), (APP, 0), (APP, 5), (APP, 10), (other, 0)]


async def test_of_two_assertions_with_one_counter_one_counts_at_whatever_gate(
    open_store: Store, other_gates: list[Store]
) -> None:
    await open_store.enrolments.enrol(DIGEST, "a", "enrolled-a", NOW, APP)
    stores = [open_store, *other_gates]
    for counter in (1, 2, 2**32 - 1):
        told = await asyncio.gather(*(each.enrolments.reported("a", NOW, counter) for each in stores))
        assert told.count(True) == 1
        assert not await open_store.enrolments.reported("a", NOW, counter - 1)


async def test_answers_of_a_lost_device_count_no_more(open_store: Store) -> None:
    await enrol(open_store, "a")
    await open_store.devices.ingest([report_by("reporter", "enrolled-a", keys=("a",))], NOW)
    await open_store.revoke(Named("a"), NOW)
    (device,) = await open_store.devices.called("enrolled-a")
    assert [each.gone for each in device.reports] == [True]


@pytest.mark.parametrize("source", ["enrolled", "reporter"])
async def test_a_report_that_another_gate_took_of_a_lost_device_in_the_last_moment_counts_no_more(
    open_store: Store, source: str
) -> None:
    await enrol(open_store, "a")
    await enrol(open_store, "b")
    said = [report_by(source, f"enrolled-{key}", keys=(key,)) for key in "ab"]
    await open_store.devices.ingest(said, NOW)
    await open_store.revoke(Named("a"), NOW)
    taken = await open_store.devices.ingest(said, NOW + timedelta(seconds=1))
    devices = [(await open_store.devices.called(f"enrolled-{key}"))[0] for key in "ab"]
    assert [each.gone for device in devices for each in device.reports if each.source == source] == [
        True,
        False,
    ]
    assert (taken.new, taken.changed) == (0, 0)
    await open_store.devices.ingest([report_by("jamf", "7", keys=("a",))], NOW)  # another one's word stays
    assert await open_store.devices.get("jamf", "7") is not None
