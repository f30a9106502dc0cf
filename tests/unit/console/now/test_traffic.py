"""What was decided at all gates, as facts."""

from datetime import timedelta

import pytest
from tests.unit.store.test_counts import AT, BLOCKED, REFUSED

from mailgate.console.now.traffic import RANGES, Range, traffic_of
from mailgate.store import Store


@pytest.mark.parametrize("asked", [*RANGES])
async def test_each_range_has_all_its_spans_with_the_last_count_last(store: Store, asked: Range) -> None:
    await store.verdicts.add({AT: {BLOCKED: 3, REFUSED: 3}, AT - timedelta(days=70): {BLOCKED: 9}})
    found = await traffic_of(store, asked, AT + timedelta(seconds=20))
    assert len(found.spans) == RANGES[asked][1]
    assert (found.spans[-1].effect, found.spans[-1].kind) == ({"block": 3}, {"phone": 3})
    assert sum(sum(each.effect.values()) for each in found.spans) == 3
    assert [(each.rule, each.times) for each in found.rules] == [("apps", 3)]
