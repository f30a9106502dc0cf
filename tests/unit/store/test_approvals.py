"""Approvals in the store."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest
from tests.unit.store.examples import NOW

from mailgate.store import Act, Approval, OvertakenError, RuleTexts, Store, StoredPlan

DRAFT = RuleTexts("p2", {"policy.yaml": "rules: []\n"})
PLAN = StoredPlan("abcdef01", 1, DRAFT, "{}", "ada", NOW)
LIN = Approval(PLAN.digest, "lin", "agreed", NOW)


@pytest.fixture
async def planned(store: Store) -> Store:
    """One activation, and a plan that was compared with it."""
    await store.policies.activate(RuleTexts("p1", {}), Act(NOW, "ada", "policy-activated"))
    await store.plans.keep(PLAN, Act(NOW, "ada", "policy-planned"))
    return store


async def approve(store: Store, approval: Approval = LIN, after: int = 1) -> bool:
    act = Act(approval.at, approval.who, "policy-approved", f"plan {approval.plan}")
    return await store.approvals.add(approval, act, after=after)


async def approvals_written(store: Store) -> list[str]:
    return [entry.who for entry in await store.audit.page() if entry.what == "policy-approved"]


async def test_approvals_are_kept_with_their_plan(planned: Store) -> None:
    assert await planned.approvals.of(PLAN.digest) == []
    assert await approve(planned)
    kim = replace(LIN, who="kim", at=NOW + timedelta(minutes=1))
    assert await approve(planned, kim)
    assert await planned.approvals.of(PLAN.digest) == [LIN, kim]
    assert await planned.approvals.of_all(["other", PLAN.digest]) == {"other": [], PLAN.digest: [LIN, kim]}
    assert await approvals_written(planned) == ["lin", "kim"]


async def test_one_person_counts_once_also_at_the_same_moment(planned: Store) -> None:
    added = await asyncio.gather(*(approve(planned) for _ in range(4)))
    assert sorted(added) == [False, False, False, True]
    assert await planned.approvals.of(PLAN.digest) == [LIN]
    assert await approvals_written(planned) == ["lin"]


async def test_two_persons_at_the_same_moment_both_count(planned: Store) -> None:
    added = await asyncio.gather(approve(planned), approve(planned, replace(LIN, who="kim")))
    assert added == [True, True]
    assert {each.who for each in await planned.approvals.of(PLAN.digest)} == {"lin", "kim"}
    assert await planned.audit.verify() == []


async def test_an_overtaken_plan_takes_none(planned: Store) -> None:
    await planned.policies.activate(DRAFT, Act(NOW, "kim", "policy-activated"))
    with pytest.raises(OvertakenError):
        await approve(planned)
    assert await approvals_written(planned) == []


async def test_approvals_go_with_their_plan(planned: Store) -> None:
    await approve(planned)
    await planned.plans.prune(NOW + timedelta(seconds=1))
    assert await planned.approvals.of(PLAN.digest) == []
