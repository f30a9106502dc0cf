"""Plans that somebody asked for."""

import asyncio
from datetime import timedelta

import pytest
from tests.unit.console.browsing import NOW, Company
from tests.unit.rollout.plans import plan_of

from mailgate.config import Rules
from mailgate.console.planning import Making, Planning, Progress
from mailgate.rollout.acts import Person, RefusedError
from mailgate.rollout.plan import Plan
from mailgate.store import Planned
from mailgate.store.policies import Draft

ADA = Person("ada", "console at gate-1")


async def test_one_is_made_at_a_time_and_its_samples_are_kept_in_memory(firm: Company) -> None:
    going, may_end = asyncio.Event(), asyncio.Event()

    async def make(_candidate: Rules, days: int, who: Person, progress: Progress) -> Plan:
        progress(1, 4)
        going.set()
        await may_end.wait()
        return plan_of(digest="abc", window={"days": days, "since": NOW.date()}, hangs_on={who.name: 1})

    planning, rules = Planning(make), firm.bundle.rules
    assert planning.start(rules, 14, ADA, NOW)
    await going.wait()
    making = planning.last
    assert making == Making("ada", NOW, 1, 4)
    assert not planning.start(rules, 14, Person("lin", ""), NOW)
    may_end.set()
    assert planning._task
    await planning._task
    assert (making.runs, making.digest) == (False, "abc")
    whole = planning.samples("abc")
    assert whole is not None
    assert (whole.window.days, whole.hangs_on) == (14, {"ada": 1})
    assert planning.samples("def") is None
    assert planning.start(rules, 14, ADA, NOW)
    await planning.stop()


@pytest.mark.parametrize(
    ("raised", "words"),
    [
        (RefusedError("nothing is in force yet"), "No plan was made: nothing is in force yet"),
        (ValueError("a secret"), "No plan was made (ValueError)."),
        (asyncio.CancelledError(), "It was ended."),
    ],
)
async def test_why_there_is_none_is_said(firm: Company, raised: BaseException, words: str) -> None:
    async def make(*_: object) -> Plan:
        raise raised

    planning = Planning(make)
    planning.start(firm.bundle.rules, 14, ADA, NOW)
    await asyncio.sleep(0)
    await planning.stop()
    assert planning.last
    assert (planning.last.runs, planning.last.wrong) == (False, words)


async def test_names_are_shown_until_anybody_is_forgotten(firm: Company) -> None:
    plan = plan_of(digest="abc")

    async def make(*_: object) -> Plan:
        return plan

    planning, audit = Planning(make), firm.store.audit
    planning.start(firm.bundle.rules, 14, ADA, NOW)
    assert planning._task
    await planning._task
    found = Planned("abc", 1, Draft("p", {}), "{}", "ada", NOW)
    await audit.append(ADA.act(NOW - timedelta(seconds=1), "device-forgotten"))
    await audit.append(ADA.act(NOW + timedelta(seconds=1), "device-lost"))
    assert await planning.named(found, audit) is plan
    await audit.append(ADA.act(NOW + timedelta(seconds=1), "person-forgotten"))
    assert await planning.named(found, audit) is None
    assert planning.samples("abc") is None
