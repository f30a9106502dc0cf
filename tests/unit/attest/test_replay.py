from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from mailgate.attest import ReplayGuard, SpendResult

NOW = datetime(2026, 11, 24, tzinfo=UTC)


def at(seconds: float) -> datetime:
    return NOW + timedelta(seconds=seconds)


def spend(guard: ReplayGuard, ticket: bytes, seconds: float = 0) -> SpendResult:
    return guard.spend(ticket, now=at(seconds), until=at(seconds + 120))


def test_a_ticket_is_spent_once_while_it_lives() -> None:
    guard = ReplayGuard()
    assert spend(guard, b"a") is SpendResult.ACCEPTED
    assert spend(guard, b"a", 119) is SpendResult.SPENT_BEFORE
    assert spend(guard, b"a", 120) is SpendResult.SPENT_BEFORE
    assert spend(guard, b"b", 120) is SpendResult.ACCEPTED
    assert spend(guard, b"a", 121) is SpendResult.ACCEPTED


def test_a_full_guard_accepts_no_ticket_and_forgets_none() -> None:
    guard = ReplayGuard(capacity=2)
    assert [spend(guard, ticket) for ticket in (b"a", b"b", b"c")] == [
        SpendResult.ACCEPTED,
        SpendResult.ACCEPTED,
        SpendResult.MEMORY_FULL,
    ]
    assert spend(guard, b"a") is SpendResult.SPENT_BEFORE
    assert spend(guard, b"c", 121) is SpendResult.ACCEPTED
    assert len(guard) == 1


def test_the_guard_keeps_two_hundred_thousand_tickets() -> None:
    guard = ReplayGuard()
    until = at(120)
    spent = [guard.spend(b"%d" % number, now=NOW, until=until) for number in range(200_001)]
    assert (spent[-2], spent[-1]) == (SpendResult.ACCEPTED, SpendResult.MEMORY_FULL)


@given(st.lists(st.tuples(st.binary(max_size=1), st.integers(0, 60)), max_size=60))
def test_the_guard_accepts_no_ticket_twice_and_stays_bounded(
    sent: list[tuple[bytes, int]],
) -> None:
    guard = ReplayGuard(capacity=8)
    accepted: dict[bytes, float] = {}
    clock = 0.0
    for ticket, pause in sent:
        clock += pause
        if spend(guard, ticket, clock) is SpendResult.ACCEPTED:
            assert clock - accepted.get(ticket, -1000) > 120
            accepted[ticket] = clock
        assert len(guard) <= 8
