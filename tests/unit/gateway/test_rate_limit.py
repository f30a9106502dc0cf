"""How often somebody may try."""

from datetime import timedelta

import pytest
from tests.unit.gateway.gates import NOW

from mailgate.gateway.rate_limit import RateLimit
from mailgate.model.addresses import rate_limit_key

SPAN = timedelta(minutes=10)
NOTHING = timedelta()


def test_a_few_tries_are_followed_by_a_wait_from_the_first_of_them() -> None:
    rates = RateLimit(2, SPAN)
    for _ in range(2):
        assert rates.wait("a", NOW) == NOTHING
        rates.note("a", NOW)
    assert rates.wait("a", NOW + timedelta(minutes=4)) == timedelta(minutes=6)
    assert rates.wait("b", NOW) == NOTHING
    assert rates.wait("a", NOW + SPAN) == NOTHING
    rates.note("a", NOW + SPAN)
    assert rates.wait("a", NOW + SPAN) == NOTHING


def test_only_the_last_callers_are_remembered() -> None:
    rates = RateLimit(1, SPAN, size=2)
    for who in "abc":
        rates.note(who, NOW)
    assert [bool(rates.wait(who, NOW)) for who in "abc"] == [False, True, True]


def test_a_clock_that_was_put_back_locks_nobody_out() -> None:
    rates = RateLimit(1, SPAN)
    rates.note("a", NOW)
    assert rates.wait("a", NOW - timedelta(days=1)) == NOTHING


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("192.0.2.1", "192.0.2.2", False),
        ("192.0.2.1", "::ffff:192.0.2.1", True),
        ("192.0.2.1", "::ffff:c000:201", True),
        ("::ffff:192.0.2.1", "::ffff:192.0.2.2", False),
        ("2001:db8::1", "2001:db8::ffff", True),
        ("2001:db8::1", "2001:DB8:0:0:ffff:ffff:ffff:ffff", True),
        ("2001:db8::1", "2001:db8:0:1::1", False),
        ("fe80::1%eth0", "fe80::2%eth0", True),
        ("", "192.0.2.1", False),
        ("unix:", "unix:", True),
    ],
)
def test_an_address_or_a_64_is_one_caller(one, other, same):
    assert (rate_limit_key(one) == rate_limit_key(other)) is same
