"""What was decided at all gates, as facts."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from unittest.mock import AsyncMock

import pytest
from prometheus_client import generate_latest
from tests.unit.console.browsing import NOW
from tests.unit.store.test_counts import AT, BLOCKED, REFUSED

from mailgate.console.now import traffic
from mailgate.console.now.traffic import RANGES, Range, VerdictRates, traffic_of, waiting_traffic
from mailgate.gateway.metrics import Metrics
from mailgate.model import Effect, Kind, Reason
from mailgate.store import Store, StoreUnavailableError
from mailgate.store.counts import VerdictKey


@pytest.mark.parametrize("asked", [*RANGES])
async def test_each_range_has_all_its_spans_with_the_last_count_last(store: Store, asked: Range) -> None:
    await store.verdicts.add({AT: {BLOCKED: 3, REFUSED: 3}, AT - timedelta(days=70): {BLOCKED: 9}})
    found = await traffic_of(store, asked, AT + timedelta(seconds=20))
    assert len(found.spans) == RANGES[asked][1]
    assert (found.spans[-1].effect, found.spans[-1].kind) == ({"block": 3}, {"phone": 3})
    assert sum(sum(each.effect.values()) for each in found.spans) == 3
    assert [(each.rule, each.times) for each in found.rules] == [("apps", 3)]


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


PHONE_BLOCKED, LET_IN = VerdictKey("block", kind="phone"), VerdictKey("allow", kind="laptop")
BY_RULE = VerdictKey("block", rule='the "rule"', reason="prohibited-app")
MINUTE = NOW.replace(second=0)


def noted(*looks: tuple[Mapping[int, str], datetime]) -> VerdictRates:
    rates = VerdictRates()
    for texts, at in looks:
        rates.note(texts, at)
    return rates


def test_verdicts_before_the_first_look_do_not_count() -> None:
    assert noted(({0: text(blocked=100)}, NOW)).waiting == {}


def test_only_what_is_new_is_counted_for_each_worker() -> None:
    later = NOW + timedelta(minutes=1)
    looks = ({0: text(5), 1: text(0, 7)}, NOW), ({0: text(8), 1: text(0, 9)}, NOW)
    assert noted(*looks, ({0: text(8), 1: text(1, 9)}, later)).waiting == {
        MINUTE: {PHONE_BLOCKED: 3, LET_IN: 2, BY_RULE: 3},
        MINUTE + timedelta(minutes=1): {PHONE_BLOCKED: 1, BY_RULE: 1},
    }


def test_a_worker_that_was_started_anew_counts_from_nothing() -> None:
    rates = noted(({0: text(50)}, NOW), ({0: text(2)}, NOW))
    assert rates.waiting[MINUTE] == {PHONE_BLOCKED: 3, BY_RULE: 2}


def test_a_worker_that_does_not_answer_once_loses_nothing() -> None:
    looks = ({0: text(1), 1: text(1)}, NOW), ({0: text(1)}, NOW), ({0: text(1), 1: text(4)}, NOW)
    assert noted(*looks).waiting[MINUTE][PHONE_BLOCKED] == 3


def test_the_traffic_of_the_last_hour_is_told_while_the_store_is_away() -> None:
    looks = [({0: text(minute, minute)}, NOW + timedelta(minutes=minute)) for minute in range(100)]
    told = waiting_traffic(noted(*looks).waiting, NOW + timedelta(minutes=109))
    assert (told.range, len(told.spans)) == ("1h", 60)
    assert [each.effect for each in told.spans[-11:]] == [{"block": 1, "allow": 1}] + [{}] * 10
    assert told.spans[0].kind == {"phone": 1, "laptop": 1}
    assert [(each.rule, each.times) for each in told.rules] == [('the "rule"', 50)]


async def test_only_the_newest_minutes_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(traffic, "MAX_WAITING_MINUTES", 2)
    rates = noted(*[({0: text(minute)}, NOW + timedelta(minutes=minute)) for minute in range(5)])
    await rates.flush(AsyncMock(side_effect=StoreUnavailableError))
    assert [*rates.waiting] == [MINUTE + timedelta(minutes=minute) for minute in (3, 4)]


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
