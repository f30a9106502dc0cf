"""Whoever looks at how much waits holds up all requests while everything that is counted beside is recorded at once."""

from tests.unit.store.examples import ALLOW, NOW, access, minutes

from mailgate.model import RequestFacts
from mailgate.store import Store
from mailgate.store import ledger as ledger_module

MOST_AT_ONCE = ledger_module._MOST_DUE


async def test_a_look_at_the_backlog_records_no_more_at_once_than_a_write_does(
    store: Store, monkeypatch
) -> None:  # type: ignore[no-untyped-def]
    """``store/ledger.py``: "As many of these are recorded for one write, so that no request waits behind them for long"."""
    people = 4 * MOST_AT_ONCE
    for number in range(people):
        facts = RequestFacts(headers={"user-agent": "Firefox/145"}, user=f"person-{number}")
        seen = access(facts, device="", user=f"person-{number}")
        store.ledger.recurring(seen, ALLOW).count("Firefox/145", NOW + minutes(number / people))
    recorded = 0
    one = ledger_module.sighting_of

    def counted(*parts):  # type: ignore[no-untyped-def]
        nonlocal recorded
        recorded += 1
        return one(*parts)

    monkeypatch.setattr(ledger_module, "sighting_of", counted)
    backlog = store.ledger.backlog()  # /metrics (twice), /readyz
    assert backlog.waiting == people
    assert recorded <= MOST_AT_ONCE
