"""docs/operate.md: what is not in the store yet is "of allowed requests those of the last five" seconds (``ledger.waiting``, a process
that dies, ``devices forget --person``)."""

from datetime import timedelta

import pytest
from tests.unit.store.examples import ALLOW, access

from mailgate.model import RequestFacts
from mailgate.store import Store, stranger_limit
from mailgate.store.stranger_limit import StrangerLimit


@pytest.mark.parametrize("people", [1000, 4000])
async def test_after_six_seconds_what_is_repeated_is_in_the_store(
    store: Store, monkeypatch: pytest.MonkeyPatch, people: int
) -> None:
    """One write a second, as ``run`` does it. 4,000 people who open their mail at nine."""
    clock = [0.0]
    monkeypatch.setattr(store.ledger, "_clock", lambda: clock[0])
    for number in range(people):
        facts = RequestFacts(headers={"user-agent": "Firefox/145"}, user=f"person-{number}")
        seen = access(facts, device="", user=f"person-{number}")
        store.ledger.recurring(seen, ALLOW).count("Firefox/145", seen.now)
    for clock[0] in (1.0, 2.0, 3.0, 4.0, 5.0, 6.0):
        await store.ledger.flush(whole=False)
    assert store.ledger.counts.written == people


def test_an_hour_of_strangers_begins_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is repeated is recorded seconds later, with the time of its first request: the hour has begun meanwhile."""
    monkeypatch.setattr(stranger_limit, "MOST_NAMELESS", 5)
    limit, begins = StrangerLimit(), access().now

    def admitted(number: int, seconds: float) -> bool:
        facts = RequestFacts(headers={"user-agent": f"made-up/{number}"})
        return limit.admits(
            number, access(facts, device="", user="", now=begins + timedelta(seconds=seconds))
        )

    assert [admitted(number, 0) for number in range(6)] == [True] * 5 + [False]
    admitted(6, -3)  # repeated three seconds before, recorded now
    assert [admitted(number, 2) for number in range(10, 16)] == [False] * 6
