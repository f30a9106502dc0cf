"""How often somebody may try."""

from datetime import timedelta

from tests.unit.gateway.gates import NOW

from mailgate.gateway.rates import Rates

SPAN = timedelta(minutes=10)
NOTHING = timedelta()


def test_so_many_tries_and_then_a_wait_from_the_first_of_them() -> None:
    rates = Rates(2, SPAN)
    for _ in range(2):
        assert rates.wait("a", NOW) == NOTHING
        rates.note("a", NOW)
    assert rates.wait("a", NOW + timedelta(minutes=4)) == timedelta(minutes=6)
    assert rates.wait("b", NOW) == NOTHING
    assert rates.wait("a", NOW + SPAN) == NOTHING
    rates.note("a", NOW + SPAN)
    assert rates.wait("a", NOW + SPAN) == NOTHING


def test_only_so_many_are_remembered() -> None:
    rates = Rates(1, SPAN, size=2)
    for who in "abc":
        rates.note(who, NOW)
    assert [bool(rates.wait(who, NOW)) for who in "abc"] == [False, True, True]


def test_a_clock_that_was_put_back_locks_nobody_out() -> None:
    rates = Rates(1, SPAN)
    rates.note("a", NOW)
    assert rates.wait("a", NOW - timedelta(days=1)) == NOTHING
