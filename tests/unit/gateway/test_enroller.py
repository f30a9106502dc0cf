"""For whom refused tries are counted, and how a changed limit is taken."""

from datetime import timedelta

import pytest
from tests.unit.gateway.gates import NOW, gate

from mailgate.gateway.enroller import network_of
from mailgate.model import RequestFacts


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("192.0.2.1", "192.0.2.2", False),
        ("2001:db8::1", "2001:db8::ffff", True),
        ("2001:db8::1", "2001:db8:0:1::1", False),
        ("", "192.0.2.1", False),
    ],
)
def test_an_address_or_a_64_counts_as_one(one, other, same):
    assert (network_of(RequestFacts(remote=one)) == network_of(RequestFacts(remote=other))) is same


async def test_a_changed_limit_counts_at_once():
    enroller = gate().enroller
    enroller.failed.note("a", NOW)
    enroller.limit(1, timedelta(minutes=1))
    assert enroller.failed.wait("a", NOW) == timedelta(minutes=1)
