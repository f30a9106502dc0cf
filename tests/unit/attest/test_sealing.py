"""Which of several secrets seals, and what a seal is."""

import hmac
from base64 import urlsafe_b64decode
from datetime import UTC, datetime, timedelta
from itertools import combinations
from typing import NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.vectors import build_vectors

from mailgate.attest.sealing import PREFIX, MachineTokens, Nonce, NonceOrigin, Nonces, mac, sealing_key
from mailgate.store import SharedKey

NOW = datetime(2026, 12, 1, 12, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)


class Made(NamedTuple):
    made_at: datetime
    secret: bytes = b"s"


@pytest.mark.parametrize(
    ("ages", "sealed"),
    [((0.0, 2.0, 3.0), 1), ((0.9, 1.0), 1), ((1.0, 9.0), 0), ((0.0, 0.3, 0.5), 2), ((0.0,), 0)],
)
def test_the_newest_key_known_to_every_gate_seals(ages: tuple[float, ...], sealed: int) -> None:
    keys = [Made(NOW - age * HOUR) for age in ages]
    assert sealing_key(keys, NOW, HOUR) is keys[sealed]


def test_a_seal_is_of_one_text_for_one_use_by_one_key() -> None:
    one, another = Made(NOW, b"a" * 32), Made(NOW, b"b" * 32)
    made = {
        mac(one, "use", "text"),
        mac(another, "use", "text"),
        mac(one, "other", "text"),
        mac(one, "use", "texts"),
    }
    assert len(made) == 4
    assert mac(one, "use", "text") in made
    assert {len(each) for each in made} == {43}


@pytest.mark.parametrize(
    ("text", "written"), [("text", b"text"), ("ü", b"\xc3\xbc"), ("\ud800", b"\xed\xa0\x80")]
)
def test_a_seal_is_hmac_in_base64url(text: str, written: bytes) -> None:
    digest = hmac.new(b"a" * 32, b"use\n" + written, "sha256").digest()
    assert urlsafe_b64decode(mac(Made(NOW, b"a" * 32), "use", text) + "=") == digest


NOW_NONCES = datetime(2026, 11, 24, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
KEY = SharedKey(1, b"s" * 32, NOW_NONCES - timedelta(days=1))
NONE = Nonce(NonceOrigin.NONE)


@pytest.fixture
def here() -> Nonces:
    return Nonces([KEY], b"this one")


@pytest.fixture
def there() -> Nonces:
    return Nonces([KEY], b"that one")


def test_a_shared_nonce_is_good_at_every_gate(here: Nonces, there: Nonces) -> None:
    made = here.make(NOW_NONCES, bound=False)
    assert here.read(made, NOW_NONCES) == there.read(made, NOW_NONCES) == Nonce(NonceOrigin.SHARED, True)


def test_a_bound_nonce_is_its_makers_alone(here: Nonces, there: Nonces) -> None:
    made = here.make(NOW_NONCES, bound=True)
    assert here.read(made, NOW_NONCES) == Nonce(NonceOrigin.OWN, True)
    assert there.read(made, NOW_NONCES) == Nonce(NonceOrigin.FOREIGN, True)
    assert here.read(there.make(NOW_NONCES, bound=True), NOW_NONCES) == Nonce(NonceOrigin.FOREIGN, True)


@pytest.mark.parametrize(
    ("minutes", "read"),
    [
        (0, Nonce(NonceOrigin.SHARED, True)),
        (4.9, Nonce(NonceOrigin.SHARED, True)),
        (5, Nonce(NonceOrigin.SHARED, False)),
        (9.9, Nonce(NonceOrigin.SHARED, False)),
        (10, NONE),
        (-1, Nonce(NonceOrigin.SHARED, True)),
        (-5, Nonce(NonceOrigin.SHARED, True)),
        (-5.1, NONE),
        (500_000, NONE),
        (-500_000, NONE),
    ],
)
def test_a_nonce_is_good_in_its_span_and_the_next(here: Nonces, minutes: float, read: Nonce) -> None:
    """The span before, since the clock of the gate that made it may be ahead."""
    assert here.read(here.make(NOW_NONCES, bound=False), NOW_NONCES + minutes * MINUTE) == read
    if read.origin is NonceOrigin.SHARED:
        read = Nonce(NonceOrigin.OWN, read.fresh)
    assert here.read(here.make(NOW_NONCES, bound=True), NOW_NONCES + minutes * MINUTE) == read


@pytest.mark.parametrize("node", [bytes(8), b"this one"])
def test_a_nonce_is_built_as_documented(here: Nonces, node: bytes) -> None:
    bound = node != bytes(8)
    secret = KEY.secret
    assert here.make(NOW_NONCES, bound=bound) == build_vectors.nonce(
        node, int(NOW_NONCES.timestamp()), secret
    )
    assert here.make(NOW_NONCES + 299 * MINUTE / 60, bound=bound) == here.make(NOW_NONCES, bound=bound)
    assert len(here.make(NOW_NONCES, bound=bound)) == 38


@pytest.mark.parametrize(
    ("seconds", "known"), [(0, True), (599, True), (600, False)], ids=["at once", "before", "settled"]
)
def test_a_new_key_seals_once_every_gate_can_know_it(here: Nonces, seconds: int, known: bool) -> None:
    old, new = KEY, SharedKey(2, b"t" * 32, NOW_NONCES)
    later, renewed = NOW_NONCES + seconds * MINUTE / 60, Nonces([new, old], b"this one")
    made = renewed.make(later, bound=False)
    assert here.read(made, later) == (Nonce(NonceOrigin.SHARED, True) if known else NONE)
    assert renewed.read(made, later) == Nonce(NonceOrigin.SHARED, True)
    assert Nonces([new, old], b"this one", timedelta()).make(later, bound=False) != here.make(
        later, bound=False
    )


def test_the_first_key_seals_at_once() -> None:
    first = Nonces([SharedKey(1, b"s" * 32, NOW_NONCES)], b"this one")
    assert first.read(first.make(NOW_NONCES, bound=True), NOW_NONCES).origin is NonceOrigin.OWN


def test_one_that_was_changed_is_none(here: Nonces) -> None:
    made = here.make(NOW_NONCES, bound=False)
    for at in range(len(made)):
        changed = made[:at] + ("A" if made[at] != "A" else "B") + made[at + 1 :]
        assert here.read(changed, NOW_NONCES) == NONE
        assert here.read(made[:at], NOW_NONCES) == here.read(made + made[at:], NOW_NONCES) == NONE


@given(st.text(max_size=50))
def test_any_text_is_read_without_an_error(text: str) -> None:
    assert Nonces([KEY], b"this one").read(text, NOW_NONCES) == NONE


FLEET = MachineTokens(b"s" * 32)


def test_a_token_is_good_for_its_machine_and_owner_alone() -> None:
    token = FLEET.token("LT-0042", "ada")
    assert (token.startswith(PREFIX), len(token)) == (True, len(PREFIX) + 43)
    assert FLEET.proves(token, "LT-0042", "ada")
    for other in (("LT-0043", "ada"), ("LT-0042", "eve"), ("LT-0042", ""), ("ada", "LT-0042"), ("", "")):
        assert not FLEET.proves(token, *other)


def test_case_makes_no_other_machine_and_letters_beyond_ascii_do() -> None:
    assert FLEET.proves(FLEET.token("LT-Ä", "Ada"), "lt-Ä", "ADA")
    assert not FLEET.proves(FLEET.token("LT-Ä", "Ada"), "LT-ä", "Ada")


def test_no_two_machines_and_owners_have_one_text() -> None:
    names = [("a", "bc"), ("ab", "c"), ("abc", ""), ("", "abc"), ('a","b', "c"), ("a", 'b","c'), ("a\0b", "c"), ("\ud800", "")]  # fmt: skip
    for one, other in combinations(names, 2):
        assert FLEET.token(*one) != FLEET.token(*other)


@pytest.mark.parametrize(("fleet", "machine"), [(MachineTokens(), "LT-1"), (FLEET, "")])
def test_nothing_is_proved_without_a_secret_or_a_name(fleet: MachineTokens, machine: str) -> None:
    assert not fleet.proves(fleet.token(machine, ""), machine, "")


def test_the_secret_is_told_to_nobody() -> None:
    assert "sss" not in repr(FLEET)
    assert FLEET.token("a", "") != MachineTokens(b"t" * 32).token("a", "")


@pytest.mark.parametrize("text", ["", PREFIX, "\ud800", "ä"])
def test_any_text_may_be_shown(text: str) -> None:
    assert not FLEET.proves(text, "LT-1", "")
