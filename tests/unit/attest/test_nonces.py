"""Nonces: what a process makes of its own, of those of others, and of what is none."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.vectors import build_vectors

from mailgate.attest import Nonce, NonceOrigin, Nonces
from mailgate.store import SharedKey

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
KEY = SharedKey(1, b"s" * 32, NOW - timedelta(days=1))
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
    assert here.read(there.make(NOW, bound=True), NOW) == Nonce(NonceOrigin.FOREIGN, True)


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
    assert here.read(here.make(NOW, bound=False), NOW + minutes * MINUTE) == read
    if read.origin is NonceOrigin.SHARED:
        read = Nonce(NonceOrigin.OWN, read.fresh)
    assert here.read(here.make(NOW, bound=True), NOW + minutes * MINUTE) == read


@pytest.mark.parametrize("node", [bytes(8), b"this one"])
def test_a_nonce_is_built_as_documented(here: Nonces, node: bytes) -> None:
    bound = node != bytes(8)
    secret = KEY.secret
    assert here.make(NOW, bound=bound) == build_vectors.nonce(node, int(NOW.timestamp()), secret)
    assert here.make(NOW + 299 * MINUTE / 60, bound=bound) == here.make(NOW, bound=bound)
    assert len(here.make(NOW, bound=bound)) == 38


@pytest.mark.parametrize(
    ("seconds", "known"), [(0, True), (599, True), (600, False)], ids=["at once", "before", "settled"]
)
def test_a_new_key_seals_once_every_gate_can_know_it(here: Nonces, seconds: int, known: bool) -> None:
    old, new = KEY, SharedKey(2, b"t" * 32, NOW)
    later, renewed = NOW + seconds * MINUTE / 60, Nonces([new, old], b"this one")
    made = renewed.make(later, bound=False)
    assert here.read(made, later) == (Nonce(NonceOrigin.SHARED, True) if known else NONE)
    assert renewed.read(made, later) == Nonce(NonceOrigin.SHARED, True)
    assert Nonces([new, old], b"this one", timedelta()).make(later, bound=False) != here.make(
        later, bound=False
    )


def test_the_first_key_seals_at_once() -> None:
    first = Nonces([SharedKey(1, b"s" * 32, NOW)], b"this one")
    assert first.read(first.make(NOW, bound=True), NOW).origin is NonceOrigin.OWN


def test_one_that_was_changed_is_none(here: Nonces) -> None:
    made = here.make(NOW, bound=False)
    for at in range(len(made)):
        changed = made[:at] + ("A" if made[at] != "A" else "B") + made[at + 1 :]
        assert here.read(changed, NOW) == NONE
        assert here.read(made[:at], NOW) == here.read(made + made[at:], NOW) == NONE


@given(st.text(max_size=50))
def test_any_text_is_read_without_an_error(text: str) -> None:
    assert Nonces([KEY], b"this one").read(text, NOW) == NONE
