"""The last minutes: what workers have counted since the look before."""

from collections.abc import Mapping
from datetime import datetime, timedelta

from prometheus_client import generate_latest
from tests.unit.console.browsing import NOW

from mailgate.console.now.verdict_rates import MINUTES, KindVerdict, Refusal, VerdictRates
from mailgate.gateway.metrics import Metrics
from mailgate.model import Effect, Kind, Reason
from mailgate.store import StoreUnavailableError
from mailgate.store.counts import VerdictKey


def text(blocked: int = 0, allowed: int = 0) -> str:
    """What a worker tells that has decided so often."""
    metrics = Metrics()
    metrics.decisions.add((Effect.BLOCK, Reason.RULE_MATCHED, Kind.PHONE))
    for _ in range(blocked):
        metrics.decisions.add((Effect.BLOCK, Reason.PROHIBITED_APP, Kind.PHONE))
        metrics.refusals.add(('the "rule"', Effect.BLOCK, Reason.PROHIBITED_APP))
    for _ in range(allowed):
        metrics.decisions.add((Effect.ALLOW, Reason.RULE_MATCHED, Kind.LAPTOP))
    return generate_latest(metrics.registry).decode()


def test_verdicts_before_the_first_look_do_not_count() -> None:
    verdict_rates = VerdictRates()
    verdict_rates.note({0: text(blocked=100)}, NOW)
    assert sum(minute.total for minute in verdict_rates.minutes(NOW)) == 0


def test_only_what_is_new_is_counted_for_each_worker() -> None:
    verdict_rates = VerdictRates()
    verdict_rates.note({0: text(5), 1: text(0, 7)}, NOW)
    verdict_rates.note({0: text(8), 1: text(0, 9)}, NOW)
    verdict_rates.note({0: text(8), 1: text(1, 9)}, NOW + timedelta(minutes=1))
    *_, before, last = verdict_rates.minutes(NOW + timedelta(minutes=1))
    assert before.verdicts == {KindVerdict("block", "phone"): 3, KindVerdict("allow", "laptop"): 2}
    assert last.verdicts == {KindVerdict("block", "phone"): 1}
    assert (before.by("effect"), before.by("kind")) == ({"block": 3, "allow": 2}, {"phone": 3, "laptop": 2})
    assert verdict_rates.refusals(NOW + timedelta(minutes=1)) == {
        Refusal('the "rule"', "block", "prohibited-app"): 4
    }


def test_a_worker_that_was_started_anew_counts_from_nothing() -> None:
    verdict_rates = VerdictRates()
    verdict_rates.note({0: text(50)}, NOW)
    verdict_rates.note({0: text(2)}, NOW)
    assert verdict_rates.minutes(NOW)[-1].verdicts == {KindVerdict("block", "phone"): 3}


def test_a_worker_that_does_not_answer_once_loses_nothing() -> None:
    verdict_rates = VerdictRates()
    for texts in ({0: text(1), 1: text(1)}, {0: text(1)}, {0: text(1), 1: text(4)}):
        verdict_rates.note(texts, NOW)
    assert verdict_rates.minutes(NOW)[-1].total == 3


def test_the_window_has_every_minute_and_no_more() -> None:
    verdict_rates = VerdictRates()
    verdict_rates.note({0: text()}, NOW)
    for minute in range(2 * MINUTES):
        verdict_rates.note({0: text(minute + 1)}, NOW + timedelta(minutes=minute))
    after = verdict_rates.minutes(NOW + timedelta(minutes=2 * MINUTES + 9))
    assert len(after) == MINUTES
    assert sum(minute.total for minute in after) == MINUTES - 10
    assert [minute.total for minute in after[-10:]] == [0] * 10


def test_a_clock_that_goes_back_breaks_nothing() -> None:
    verdict_rates = VerdictRates()
    verdict_rates.note({0: text()}, NOW)
    verdict_rates.note({0: text(1)}, NOW + timedelta(minutes=2))
    verdict_rates.note({0: text(2)}, NOW)
    assert sum(minute.total for minute in verdict_rates.minutes(NOW + timedelta(minutes=2))) == 2


async def test_counts_wait_for_the_store_and_are_stored_once() -> None:
    rates, taken = VerdictRates(), list[Mapping[datetime, Mapping[VerdictKey, int]]]()

    async def add(news: Mapping[datetime, Mapping[VerdictKey, int]]) -> None:
        taken.append(news)

    async def away(_news: Mapping[datetime, Mapping[VerdictKey, int]]) -> None:
        raise StoreUnavailableError

    for counted in (text(), text(3, 1)):
        rates.note({0: counted}, NOW)
    await rates.flush(away)
    rates.note({0: text(5, 1)}, NOW)
    await rates.flush(add)
    await rates.flush(add)
    first, second = taken
    assert first == {
        NOW.replace(second=0): {
            VerdictKey("block", kind="phone"): 5,
            VerdictKey("block", rule='the "rule"', reason="prohibited-app"): 5,
            VerdictKey("allow", kind="laptop"): 1,
        }
    }
    assert second == {}
