"""Plans in the store."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest
from tests.unit.store.examples import NOW, prune
from tests.unit.store.plans import ACT, DRAFT, PLAN

from mailgate.store import Act, OvertakenError, RuleTexts, Store, StoredPlan
from mailgate.store.plans import KeptDraft


async def test_a_plan_is_found_by_how_its_digest_begins(store: Store) -> None:
    await store.plans.keep(PLAN, ACT)
    assert await store.plans.find("abcdef") == [PLAN]
    assert await store.plans.find("abcde") == await store.plans.find("abcdefff") == []
    assert [entry.about for entry in await store.audit.page()] == ["plan abcdef01"]


async def test_the_same_plan_twice_is_kept_once_and_written_down_twice(store: Store) -> None:
    assert [await store.plans.keep(PLAN, ACT) for _ in range(2)] == [True, False]
    assert len(await store.plans.find("abcdef01")) == 1
    assert len(await store.audit.page()) == 2


async def test_processes_that_plan_one_change_by_themselves_leave_one_plan(
    store: Store, other_gates: list[Store]
) -> None:
    """Each at its own moment, so each with a digest of its own."""
    made = [replace(PLAN, digest=f"abcdef{n}", made_at=NOW + timedelta(seconds=n)) for n in range(4)]
    kept = await asyncio.gather(
        *(gate.plans.keep(plan, ACT, NOW) for gate, plan in zip([store, *other_gates], made, strict=True))
    )
    assert sorted(kept) == [False, False, False, True]
    assert len(await store.plans.latest(9)) == len(await store.audit.page()) == 1


async def test_an_old_or_foreign_plan_does_not_prevent_a_new_one(store: Store) -> None:
    later = NOW + timedelta(days=2)
    others = [{"author": "lin"}, {"serial": PLAN.serial + 1}, {"made_at": later}]
    assert await store.plans.keep(PLAN, ACT)
    for number, other in enumerate(others):
        plan = replace(PLAN, digest=f"bcdef{number}", **other)  # type: ignore[arg-type]
        assert await store.plans.keep(plan, ACT, later if "made_at" in other else NOW)
    assert await store.plans.latest_of(DRAFT.digest, PLAN.serial, "lin")
    assert not await store.plans.latest_of(DRAFT.digest, PLAN.serial, "ann")


async def test_old_plans_are_deleted(store: Store) -> None:
    await store.plans.keep(PLAN, ACT)
    assert await prune(store, NOW) == 0
    assert await prune(store, NOW + timedelta(seconds=1)) == 1
    assert await store.plans.find("abcdef") == []


async def test_the_newest_come_first(store: Store) -> None:
    for number in range(3):
        made = replace(PLAN, digest=f"{number}", made_at=NOW + timedelta(minutes=number))
        await store.plans.keep(made, ACT)
    assert [plan.digest for plan in await store.plans.latest(2)] == ["2", "1"]


async def test_the_newest_plan_of_a_version_is_found(store: Store) -> None:
    assert await store.plans.latest_of(DRAFT.digest) is None
    for minute in range(2):
        made = replace(PLAN, digest=f"{minute}", made_at=NOW + timedelta(minutes=minute))
        await store.plans.keep(made, ACT)
    found = await store.plans.latest_of(DRAFT.digest)
    assert found
    assert found.digest == "1"


APPROVED_DRAFT = RuleTexts("p2", {"policy.yaml": "rules: []\n"})
APPROVED_PLAN = StoredPlan("abcdef01", 1, APPROVED_DRAFT, "{}", "ada", NOW)


@pytest.fixture
async def planned(store: Store) -> Store:
    """One activation, and a plan that was compared with it."""
    await store.policies.activate(RuleTexts("p1", {}), Act(NOW, "ada", "policy-activated"))
    await store.plans.keep(APPROVED_PLAN, Act(NOW, "ada", "policy-planned"))
    return store


async def approve(store: Store, who: str = "lin", *, once: bool = True) -> bool:
    act = Act(NOW, who, "policy-approved", f"plan {APPROVED_PLAN.digest}")
    return await store.plans.decide(act, after=1, once=once)


async def approvals_written(store: Store) -> list[str]:
    return [entry.who for entry in await store.audit.about(["plan abcdef01", "plan b"], "policy-approved")]


async def test_one_person_counts_once_also_at_the_same_moment(planned: Store) -> None:
    added = await asyncio.gather(*(approve(planned) for _ in range(4)))
    assert sorted(added) == [False, False, False, True]
    assert await approvals_written(planned) == ["lin"]


async def test_a_decision_that_may_be_said_again_is_written_again(planned: Store) -> None:
    assert [await approve(planned, once=False) for _ in range(2)] == [True, True]
    assert await approvals_written(planned) == ["lin", "lin"]


async def test_two_persons_at_the_same_moment_both_count(planned: Store) -> None:
    assert await asyncio.gather(approve(planned), approve(planned, "kim")) == [True, True]
    assert set(await approvals_written(planned)) == {"lin", "kim"}
    assert await planned.audit.verify() == []


async def test_an_overtaken_plan_takes_none(planned: Store) -> None:
    await planned.policies.activate(APPROVED_DRAFT, Act(NOW, "kim", "policy-activated"))
    with pytest.raises(OvertakenError):
        await approve(planned)
    assert await approvals_written(planned) == []


BASE = RuleTexts("p1", {"policy.yaml": "rules: []\n"})
MADE = RuleTexts("p2", {"policy.yaml": "rules: [x]\n"})
DRAFT_DRAFTS = KeptDraft(MADE.digest, 1, '{"change": "x"}', "WeChat joins", "ada", NOW)
ACT_DRAFTS = Act(NOW, "ada", "policy-drafted", f"draft {MADE.digest}")


@pytest.fixture
async def based(store: Store) -> Store:
    """A store with the version that drafts change."""
    await store.policies.activate(BASE, Act(NOW, "file", "policy-activated"))
    return store


async def test_a_draft_is_kept_once_and_found_by_how_its_digest_begins(based: Store) -> None:
    assert await based.drafts.keep(DRAFT_DRAFTS, ACT_DRAFTS) == DRAFT_DRAFTS
    assert await based.drafts.keep(replace(DRAFT_DRAFTS, author="lin"), ACT_DRAFTS) == DRAFT_DRAFTS
    assert await based.drafts.find(DRAFT_DRAFTS.digest[:6]) == [DRAFT_DRAFTS]
    assert await based.drafts.find(DRAFT_DRAFTS.digest[:5]) == await based.drafts.find("000000") == []
    assert [each.what for each in await based.audit.page()] == ["policy-activated", "policy-drafted"]


async def test_the_newest_drafts_come_first(based: Store) -> None:
    for number in range(3):
        await based.drafts.keep(
            replace(DRAFT_DRAFTS, digest=f"{number}", made_at=NOW + timedelta(number)), ACT_DRAFTS
        )
    assert [each.digest for each in await based.drafts.latest(2)] == ["2", "1"]


async def test_old_drafts_go_unless_they_came_in_force(based: Store) -> None:
    await based.drafts.keep(DRAFT_DRAFTS, ACT_DRAFTS)
    await based.drafts.keep(replace(DRAFT_DRAFTS, digest="0" * 64), ACT_DRAFTS)
    await based.policies.activate(MADE, Act(NOW, "ada", "policy-activated"))
    assert await prune(based, NOW) == 0
    assert await prune(based, NOW + timedelta(seconds=1)) == 1
    assert [each.digest for each in await based.drafts.latest(9)] == [MADE.digest]
