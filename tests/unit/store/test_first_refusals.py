"""Who was kept out first, held against a plan."""

from dataclasses import replace
from datetime import timedelta

from tests.unit.store.examples import NOW, access
from tests.unit.store.plans import ACT, MOVER, PLAN

from mailgate.model import Decision, Effect, Reason, RequestFacts
from mailgate.store import Store

HOUR = NOW.replace(minute=0, second=0, microsecond=0)


async def asks(store: Store, user: str, policy: str, effect: Effect = Effect.BLOCK, hours: int = 0) -> None:
    decision = Decision(effect, Reason.PROHIBITED_APP, "apps", policy)
    facts = RequestFacts(headers={"user-agent": "x"})
    store.ledger.record(access(facts, device="", user=user, now=NOW + timedelta(hours=hours)), decision)
    await store.ledger.flush()


async def test_each_person_counts_once_in_the_hour_in_which_they_came_first(store: Store) -> None:
    await store.plans.keep(replace(PLAN, movers=1), ACT)
    await store.movers.add(PLAN.digest, 1, [MOVER._replace(person="ada")])
    await asks(store, "cy", "old")
    for user, hours in (("ada", 1), ("ADA", 2), ("bob", 2), ("cy", 2)):
        await asks(store, user, "new", hours=hours)
    await asks(store, "dora", "new", Effect.WARN, 2)
    await asks(store, "", "new", hours=2)  # nobody knows who that is
    later = [HOUR + timedelta(hours=hours) for hours in (1, 2)]
    assert await store.first_refusals.by_hour("new", NOW) == [(later[0], 0, 0, 0, 1), (later[1], 0, 0, 0, 2)]
    more = [await store.first_refusals.compare_refusals("new", PLAN.digest, "old", 2) for _ in range(3)]
    assert more == [True, False, False]
    assert await store.first_refusals.by_hour("new", NOW) == [(later[0], 1, 0, 0, 0), (later[1], 0, 1, 1, 0)]


async def test_first_refusals_are_deleted_like_sightings(store: Store) -> None:
    for user in ("ada", "bob"):
        await asks(store, user, "new")
    assert await store.first_refusals.prune(HOUR, 5) == 0
    later = HOUR + timedelta(hours=1)
    assert [await store.first_refusals.prune(later, 1) for _ in range(3)] == [1, 1, 0]
