"""Plans that somebody asked for."""

import asyncio

import pytest
from tests.unit.console.browsing import NOW, Company
from tests.unit.rollout.plans import plan_of

from mailgate.config import Rules
from mailgate.console.plans.planning import Planning, Progress, RequestedPlan
from mailgate.rollout.person import Person, RefusedError
from mailgate.rollout.plan import Plan

ADA = Person("ada", "console at gate-1")


async def test_one_is_made_at_a_time(firm: Company) -> None:
    going, may_end = asyncio.Event(), asyncio.Event()

    async def make(_candidate: Rules, days: int, who: Person, progress: Progress) -> Plan:
        progress(1, 4)
        going.set()
        await may_end.wait()
        return plan_of(digest="abc", window={"days": days, "since": NOW.date()}, depends_on={who.name: 1})

    planning, rules = Planning(make), firm.bundle.rules
    assert planning.start(rules, 14, ADA, NOW)
    await going.wait()
    making = planning.last
    assert making == RequestedPlan("ada", NOW, 1, 4)
    assert not planning.start(rules, 14, Person("lin", ""), NOW)
    may_end.set()
    assert planning._task
    await planning._task
    assert (making.runs, making.digest) == (False, "abc")
    assert planning.start(rules, 14, ADA, NOW)
    await planning.stop()


@pytest.mark.parametrize(
    ("raised", "words"),
    [
        (RefusedError("no rules run yet"), "No plan was made: no rules run yet"),
        (ValueError("a secret"), "No plan was made (ValueError)."),
        (asyncio.CancelledError(), "Somebody ended it."),
    ],
)
async def test_the_reason_for_a_missing_plan_is_said(
    firm: Company, raised: BaseException, words: str
) -> None:
    async def make(*_: object) -> Plan:
        raise raised

    planning = Planning(make)
    planning.start(firm.bundle.rules, 14, ADA, NOW)
    await asyncio.sleep(0)
    await planning.stop()
    assert planning.last
    assert (planning.last.runs, planning.last.wrong) == (False, words)
