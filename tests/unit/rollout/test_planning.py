"""A plan by the settings as they are: tests/unit/console/pages/test_plans.py shows the kept ones."""

from pathlib import Path

import pytest
from tests.unit.console.browsing import company

from mailgate.rollout.acts import Person
from mailgate.rollout.planning import plan_and_keep
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
