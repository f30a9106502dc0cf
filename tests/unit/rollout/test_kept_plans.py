"""A kept plan is found by the beginning of its digest, and refused where it is none, is not what was planned, or is too old."""

from datetime import timedelta

import pytest
from tests.unit.rollout.examples import OTHER, rules
from tests.unit.rollout.versions import ADA, GUARD, planned, put_in_force
from tests.unit.rollout.versions import store as store
from tests.unit.store.examples import NOW
from tests.unit.store.plans import MOVER

from mailgate.rollout import kept_plans as module
from mailgate.rollout.activation import apply, retract
from mailgate.rollout.approvals import plan_statuses
from mailgate.rollout.kept_plans import (
    PLAN_AGE,
    PLANNED,
    Movers,
    approved_by,
    find_plan,
    is_altered,
    read_plan,
    refuse_altered,
    refuse_outdated,
)
from mailgate.rollout.person import RefusedError, UnknownError
from mailgate.store import RuleTexts, Store, StoredPlan


async def kept(store: Store, digest: str) -> StoredPlan:
    plan = StoredPlan(digest, 1, RuleTexts("p", {}), "{}", "ada", NOW, 1)
    await store.plans.keep(plan, ADA.act(NOW, PLANNED))
    return plan


@pytest.fixture
async def two_plans(store: Store) -> Store:
    for digest in ("abcdef1", "abcdef2"):
        await kept(store, digest)
    return store


async def test_a_plan_is_called_by_the_beginning_of_its_digest(two_plans: Store) -> None:
    assert (await find_plan(two_plans, "abcdef1")).digest == "abcdef1"


@pytest.mark.parametrize(
    ("called", "error", "words"),
    [
        ("abcdef", RefusedError, "may be several"),
        ("ab", RefusedError, "too short"),
        ("fedcba", UnknownError, "no plan is called `fedcba`"),
    ],
)
async def test_a_beginning_that_names_no_single_plan_is_refused(
    two_plans: Store, called: str, error: type[RefusedError], words: str
) -> None:
    with pytest.raises(error, match=words):
        await find_plan(two_plans, called)


async def test_an_unreadable_plan_is_refused_as_changed(store: Store) -> None:
    plan = await kept(store, "abcdef1")
    assert is_altered(plan)
    with pytest.raises(RefusedError, match="was changed in the store"):
        read_plan(plan)
    with pytest.raises(RefusedError, match="was changed in the store"):
        await refuse_altered(store, plan)


async def test_a_plan_is_good_for_a_day(store: Store) -> None:
    plan = await kept(store, "abcdef1")
    with pytest.raises(RefusedError, match="more than a day old"):
        await refuse_outdated(store, plan, NOW + PLAN_AGE + timedelta(seconds=1))


async def test_a_plan_without_approvals_has_none(store: Store) -> None:
    await kept(store, "abcdef1")
    assert await approved_by(store, ["abcdef1"]) == {"abcdef1": []}


async def state(store: Store) -> str:
    return (await plan_statuses(store, GUARD, NOW, 1))[0].state


async def test_an_overtaken_plan_is_open_again_after_a_roll_back(store: Store, url: str) -> None:
    digest = await planned(store, url)
    await put_in_force(store, rules(OTHER), "lin")
    assert await state(store) == "overtaken"
    await retract(store, ADA, "sent in error", NOW)
    assert await state(store) == "open"
    await apply(store, digest, ADA, "now", NOW, None)
    assert await state(store) == "in force"


async def test_a_rolled_back_plan_has_to_be_made_again(store: Store, url: str) -> None:
    digest = await planned(store, url)
    await apply(store, digest, ADA, "now", NOW, None)
    await retract(store, ADA, "sent in error", NOW)
    assert await state(store) == "rolled back"
    with pytest.raises(RefusedError, match="ran as version 2 and does no longer: plan again"):
        await apply(store, digest, ADA, "again", NOW, None)


def test_movers_come_back_in_order_page_by_page() -> None:
    many = [MOVER._replace(device=str(number)) for number in range(module.PAGE + 2)]
    with Movers() as movers:
        movers.add(many[:1])
        movers.add([])
        movers.add(many[1:])
        pages = list(movers.pages())
        assert movers.count == len(many)
    assert [each for page in pages for each in page] == many
    assert max(map(len, pages)) == module.PAGE


def test_movers_can_be_read_again() -> None:
    with Movers() as movers:
        movers.add([MOVER])
        assert list(movers.pages()) == list(movers.pages()) == [[MOVER]]
