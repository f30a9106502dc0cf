"""A plan by the settings as they are: tests/unit/console/pages/test_plans.py shows the kept ones."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from tests.unit.console.browsing import company

from mailgate.config import Settings
from mailgate.config.guard import GuardSettings
from mailgate.rollout.acts import Person
from mailgate.rollout.planning import looked_at, plan_and_keep
from mailgate.store.database import store_url
from mailgate.store.migrate import migrate


@pytest.mark.parametrize("who", [None, Person("ada", "here")])
async def test_a_plan_is_kept_where_somebody_answers_for_it(tmp_path: Path, who: Person | None) -> None:
    migrate(store_url(f"sqlite:///{tmp_path}/mailgate.db"))
    async with company(tmp_path) as firm:
        active = await firm.store.policies.active()
        assert active
        told: list[int] = []
        made = await plan_and_keep(
            firm.store,
            firm.bundle,
            active,
            firm.bundle.rules,
            7,
            1,
            who,
            firm.clock(),
            lambda *_: told.append(1),
        )
        assert (made["window"]["days"], bool(told)) == (7, True)
        assert [each.author for each in await firm.store.plans.latest(9)] == ([who.name] if who else [])


def test_a_plan_looks_at_no_fewer_days_than_the_limit_of_the_guard_is_for() -> None:
    for days, window, looked in ((1, 7, 7), (14, 7, 14), (14, 30, 30), (1, 1.5, 2)):
        guard = GuardSettings.model_construct(window=timedelta(days=window))
        assert looked_at(Settings.model_construct(guard=guard), days) == looked
    assert looked_at(Settings.model_construct(guard=None), 1) == 1


async def test_whoever_asks_for_fewer_days_gets_those_of_the_guard(tmp_path: Path) -> None:
    migrate(store_url(f"sqlite:///{tmp_path}/mailgate.db"))
    async with company(tmp_path) as firm:
        active = await firm.store.policies.active()
        assert active
        guarded = firm.bundle.settings.model_copy(update={"guard": GuardSettings(max_newly_blocked=0)})
        bundle = replace(firm.bundle, settings=guarded)
        made = await plan_and_keep(
            firm.store, bundle, active, bundle.rules, 1, 1, None, firm.clock(), lambda *_: None
        )
        assert made["window"]["days"] == 7
