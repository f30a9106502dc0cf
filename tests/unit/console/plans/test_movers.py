"""Everybody whom a plan moves, as facts."""

from dataclasses import replace

from tests.unit.rollout.plans import LABELS, NEWLY, hit, plan_of
from tests.unit.store.plans import ACT, MOVER, PLAN

from mailgate.console.plans.movers import CSV_COLUMNS, moments_of, movers_as_rows, page_of_movers, table_of
from mailgate.policy import AppCatalog
from mailgate.store import Store
from mailgate.store.plan_movers import MoverFilter

AT = "2026-12-08T00:00:00+00:00"
STAGED = plan_of(later=[{"at": AT, "newly": dict.fromkeys(LABELS, NEWLY) | {"block": hit(3, 4)}}])


async def test_movers_are_told_with_their_moments_and_counted(store: Store) -> None:
    kept = replace(PLAN, movers=3)
    await store.plans.keep(kept, ACT)
    movers = [MOVER._replace(until=0), MOVER._replace(since=1, until=1), MOVER._replace(since=2, until=2)]
    await store.movers.add(PLAN.digest, 1, movers)
    page = await page_of_movers(store, kept, STAGED, AppCatalog(), MoverFilter(), 0, 2)
    assert (page.total, page.people, page.whole, page.kept, page.written) == (3, 1, True, 3, 3)
    assert [each.since for each in page.items] == [STAGED.made_at, STAGED.later[0].at]
    assert page.items[0].until == STAGED.later[0].at
    (last,) = (
        await page_of_movers(store, kept, STAGED, AppCatalog(), MoverFilter(), page.more or 0, 2)
    ).items
    assert last.since is None  # at a moment that cannot be told
    rows = [
        row async for some in movers_as_rows(store, kept, STAGED, AppCatalog(), MoverFilter()) for row in some
    ]
    assert {len(row) for row in rows} == {len(CSV_COLUMNS)}


HELD = plan_of(held_back={"rules": ["app"], "newly": dict.fromkeys(LABELS, NEWLY) | {"block": hit(2, 3)}})


async def test_people_missed_by_a_share_or_a_stage_are_marked(store: Store) -> None:
    kept = replace(PLAN, movers=1)
    await store.plans.keep(kept, ACT)
    await store.movers.add(PLAN.digest, 1, [MOVER._replace(since=2, until=2)])
    (one,) = (await page_of_movers(store, kept, HELD, AppCatalog(), MoverFilter(at=2), 0, 9)).items
    assert (one.held_back, one.since, one.until) == (True, None, None)
    (row,) = [
        row async for some in movers_as_rows(store, kept, HELD, AppCatalog(), MoverFilter()) for row in some
    ]
    assert dict(zip(CSV_COLUMNS, row, strict=True))["held_back"] == "yes"
    ((label, cells),) = table_of(HELD)
    assert (label, [each.people for each in cells]) == ("block", [0, 0, 2])


def test_one_table_has_a_column_for_each_moment() -> None:
    assert len(moments_of(STAGED)) == 3
    ((label, cells),) = table_of(STAGED)
    assert (label, [each.people for each in cells]) == ("block", [0, 3, 0, 0])
    assert list(table_of(plan_of())) == []
