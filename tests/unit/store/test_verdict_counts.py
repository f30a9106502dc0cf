"""Counts of all gates together."""

from datetime import UTC, datetime, timedelta

from mailgate.store import Store
from mailgate.store.verdict_counts import KEPT, VerdictKey, start_of

AT = datetime(2026, 12, 1, 12, 30, tzinfo=UTC)
BLOCKED = VerdictKey("block", kind="phone")
REFUSED = VerdictKey("block", rule="apps", reason="prohibited-app")


async def test_what_two_gates_add_is_summed_by_the_minute_the_hour_and_the_day(store: Store) -> None:
    await store.verdicts.add({AT: {BLOCKED: 2, REFUSED: 2, VerdictKey("allow", kind="laptop"): 5}})
    await store.verdicts.add({AT: {BLOCKED: 1}, AT + timedelta(minutes=1): {BLOCKED: 4}})
    await store.verdicts.add({})
    for span, counted in (("minute", [3, 4]), ("hour", [7]), ("day", [7])):
        cells = await store.verdicts.by("effect", span, start_of(span, AT))
        assert sorted(each.times for each in cells if each.name == "block") == counted
    kinds = await store.verdicts.by("kind", "day", start_of("day", AT))
    assert {each.name: each.times for each in kinds} == {"phone": 7, "laptop": 5}
    assert await store.verdicts.refusals("day", start_of("day", AT), 5) == [(REFUSED, 2)]
    assert await store.verdicts.by("rule", "day", start_of("day", AT)) == [(start_of("day", AT), "apps", 2)]


async def test_what_was_before_is_not_told_and_goes_in_time(store: Store) -> None:
    await store.verdicts.add({AT: {BLOCKED: 2}})
    assert await store.verdicts.by("effect", "minute", AT + timedelta(minutes=1)) == []
    assert await store.verdicts.trim(AT + KEPT["minute"] + timedelta(minutes=1)) == 1
    assert await store.verdicts.by("effect", "minute", AT) == []
    assert len(await store.verdicts.by("effect", "hour", start_of("hour", AT))) == 1
