"""Nonces: what a process makes of its own, of those of others, and of what is none."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailgate.attest import Nonce, NonceOrigin, Nonces
from mailgate.store import Key

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
KEY = Key(1, b"s" * 32, NOW - timedelta(days=1))
NONE = Nonce(NonceOrigin.NONE)


@pytest.fixture
def here() -> Nonces:
    return Nonces([KEY], b"this one")


@pytest.fixture
def there() -> Nonces:
    return Nonces([KEY], b"that one")


def test_a_shared_nonce_is_good_at_every_gate(here: Nonces, there: Nonces) -> None:
    made = here.make(NOW, bound=False)
    assert here.read(made, NOW) == there.read(made, NOW) == Nonce(NonceOrigin.SHARED, True)


def test_a_bound_nonce_is_its_makers_alone(here: Nonces, there: Nonces) -> None:
    made = here.make(NOW, bound=True)
    assert here.read(made, NOW) == Nonce(NonceOrigin.OWN, True)
    assert there.read(made, NOW) == Nonce(NonceOrigin.FOREIGN, True)


@pytest.mark.parametrize(
    ("minutes", "read"),
    [
        (0, Nonce(NonceOrigin.SHARED, True)),
        (4.9, Nonce(NonceOrigin.SHARED, True)),
        (5, Nonce(NonceOrigin.SHARED, False)),
        (9.9, Nonce(NonceOrigin.SHARED, False)),
        (10, NONE),
        (-1, Nonce(NonceOrigin.SHARED, True)),
        (-6, NONE),
    ],
)
def test_it_is_good_in_its_span_and_the_next(here: Nonces, minutes: float, read: Nonce) -> None:
    assert here.read(here.make(NOW, bound=False), NOW + minutes * MINUTE) == read


def test_a_new_key_seals_once_every_gate_can_know_it(here: Nonces) -> None:
    old, new = KEY, Key(2, b"t" * 32, NOW)
    renewed = Nonces([new, old], b"this one", settling=10 * MINUTE)
    assert (
        here.read(renewed.make(NOW + 9 * MINUTE, bound=False), NOW + 9 * MINUTE).origin is NonceOrigin.SHARED
    )
    assert here.read(renewed.make(NOW + 10 * MINUTE, bound=False), NOW + 10 * MINUTE) == NONE
    assert renewed.read(here.make(NOW, bound=False), NOW).origin is NonceOrigin.SHARED


def test_the_first_key_seals_at_once() -> None:
    first = Nonces([Key(1, b"s" * 32, NOW)], b"this one")
    assert first.read(first.make(NOW, bound=True), NOW).origin is NonceOrigin.OWN


def test_one_that_was_changed_is_none(here: Nonces) -> None:
    made = here.make(NOW, bound=False)
    for at in range(len(made)):
        changed = made[:at] + ("A" if made[at] != "A" else "B") + made[at + 1 :]
        assert here.read(changed, NOW) == NONE


@given(st.text(max_size=50))
def test_any_text_is_read_without_an_error(text: str) -> None:
    assert Nonces([KEY], b"this one").read(text, NOW) == NONE
