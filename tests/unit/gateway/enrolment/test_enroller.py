"""How a changed limit is taken."""

from datetime import timedelta

from tests.unit.gateway.gates import NOW, gate


async def test_a_changed_limit_counts_at_once():
    enroller = gate().own.enrolling.enroller
    enroller.failed.note("a", NOW)
    enroller.limit(1, timedelta(minutes=1))
    assert enroller.failed.wait("a", NOW) == timedelta(minutes=1)
