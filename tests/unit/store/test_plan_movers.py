"""Everybody whom a plan moves, as they are looked for and sorted."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from tests.unit.store.examples import NOW, access, prune
from tests.unit.store.plans import ACT, MOVER, PLAN

from mailgate.model import Decision, Effect, Reason, RequestFacts
from mailgate.policy.simulate.impact import Mover
from mailgate.store import Store, plan_movers
from mailgate.store.plan_movers import MoverFilter

ALL = (
    MOVER._replace(person="ada", device="d1", rule="apps", kind="phone"),
    MOVER._replace(
        person="bob", device="d2", rule="silent", kind="tablet", groups=("legal",), since=1, until=1
    ),
    MOVER._replace(person="bob", device="d2", rule="silent", kind="tablet", label="warn", since=2, until=3),
    MOVER._replace(person="anna", device="d3", rule="apps", kind="phone", label="unknown"),
    MOVER._replace(person="", device="d4", rule="apps", kind="tablet"),
)


@pytest.fixture
async def planned_for(store: Store) -> Store:
    await store.plans.keep(replace(PLAN, movers=len(ALL)), ACT)
    await store.plans.keep(replace(PLAN, digest="another1"), ACT)
    await store.movers.add(PLAN.digest, 1, ALL[:3])
    await store.movers.add(PLAN.digest, 4, ALL[3:])
    await store.movers.add("another1", 1, [MOVER])
    return store


async def found(store: Store, *, large: bool = False, size: int = 2, **wanted: Any) -> list[Mover]:
    """All who are meant, some at a time."""
    listed, behind = list[Mover](), 0
    while behind is not None:
        page = await store.movers.search(PLAN.digest, MoverFilter(**wanted), behind, size, large=large)
        listed += page.rows
        behind = page.after  # type: ignore[assignment]
    return listed


@pytest.mark.parametrize("large", [False, True])
async def test_all_of_one_plan_come_in_their_order(planned_for: Store, large: bool) -> None:
    assert await found(planned_for, large=large) == list(ALL)


@pytest.mark.parametrize("large", [False, True])
@pytest.mark.parametrize(
    ("wanted", "meant"),
    [
        ({"label": "warn"}, "2"),
        ({"rule": "apps"}, "034"),
        ({"kind": "tablet", "rule": "apps"}, "4"),
        ({"group": "legal"}, "1"),
        ({"at": 0}, "034"),
        ({"at": 3}, "2"),
        ({"name": "AN"}, "3"),
        ({"name": "d2"}, "12"),
        ({"name": "nobody"}, ""),
    ],
)
async def test_movers_are_found_by_every_filter(
    planned_for: Store, wanted: dict[str, Any], meant: str, large: bool
) -> None:
    assert await found(planned_for, large=large, **wanted) == [ALL[int(each)] for each in meant]
    rows, people, whole = await planned_for.movers.count(PLAN.digest, MoverFilter(**wanted), large=large)
    named = {ALL[int(each)].person for each in meant} - {""}
    assert (rows, people, whole) == (len(meant), len(named), True)


async def test_a_part_of_a_name_is_found_in_a_list_of_one_window(planned_for: Store) -> None:
    assert [each.person for each in await found(planned_for, name="nn")] == ["anna"]
    assert [each.person for each in await found(planned_for, name="ob", sort="person")] == ["bob", "bob"]


@pytest.mark.parametrize("large", [False, True])
@pytest.mark.parametrize("descending", [False, True])
@pytest.mark.parametrize("sort", plan_movers.SORT_COLUMNS)
async def test_movers_are_sorted_by_every_column_both_ways(
    planned_for: Store, sort: str, descending: bool, large: bool
) -> None:
    listed = await found(planned_for, sort=sort, descending=descending, large=large)
    assert sorted(map(str, listed)) == sorted(map(str, ALL))
    values = [getattr(each, sort) for each in listed]
    if not (large and sort == "since"):
        assert values == sorted(values, reverse=descending)


async def test_a_list_of_more_than_a_window_goes_on_behind_it(
    planned_for: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(plan_movers, "STEP", 2)
    assert await found(planned_for, large=True, label="warn") == [ALL[2]]
    assert (await found(planned_for, large=True, sort="person", size=1))[0].person == ""
    assert await planned_for.movers.count(PLAN.digest, MoverFilter(), large=True) == (2, 2, False)
    pages = planned_for.movers.pages(PLAN.digest, MoverFilter(), large=True)
    assert [each async for page in pages for each in page] == list(ALL)


async def test_movers_go_with_their_plan(planned_for: Store) -> None:
    assert await planned_for.movers.count_of(PLAN.digest) == 5
    await prune(planned_for, PLAN.made_at.replace(year=PLAN.made_at.year + 1))
    assert await planned_for.movers.count_of(PLAN.digest) == 0


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
    more = [await store.first_refusals.compare_refusals("new", PLAN.digest, "old", 9, 2) for _ in range(3)]
    assert more == [True, False, False]
    assert await store.first_refusals.by_hour("new", NOW) == [(later[0], 1, 0, 0, 0), (later[1], 0, 1, 1, 0)]


@pytest.mark.parametrize(
    "spared",
    [
        {"label": "warn", "effect": "warn"},
        {"label": "allow", "effect": "allow"},
        {"since": 3, "until": 3},
        {"label": "challenge", "effect": "challenge", "before": "block"},
    ],
    ids=["warned", "let in", "held back", "who may now prove a device"],
)
async def test_whom_a_plan_does_not_say_to_refuse_is_refused_outside_it(
    store: Store, spared: dict[str, Any]
) -> None:
    await store.plans.keep(replace(PLAN, movers=1), ACT)
    await store.movers.add(PLAN.digest, 1, [MOVER._replace(**spared)])
    await asks(store, "ada", "new", hours=1)
    await store.first_refusals.compare_refusals("new", PLAN.digest, "old", 3)
    assert await store.first_refusals.refused("new", 9) == {"ada": "other"}


async def test_first_refusals_are_deleted_like_sightings(store: Store) -> None:
    for user in ("ada", "bob"):
        await asks(store, user, "new")
    await prune(store, HOUR)
    assert await store.first_refusals.by_hour("new", NOW)
    await prune(store, HOUR + timedelta(hours=1))
    assert await store.first_refusals.by_hour("new", NOW) == []
