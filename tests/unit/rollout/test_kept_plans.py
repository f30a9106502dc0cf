"""A kept plan is found by the beginning of its digest, and refused where it is none, is not what was planned, or is too old."""

import json
from dataclasses import replace
from datetime import timedelta
from functools import partial

import pytest
from tests.unit.rollout.examples import OTHER, rules
from tests.unit.rollout.versions import ADA, GUARD, planned, put_in_force
from tests.unit.rollout.versions import store as store
from tests.unit.store.examples import NOW
from tests.unit.store.plans import MOVER

from mailgate.rollout import kept_plans as module
from mailgate.rollout.activation import apply, retract
from mailgate.rollout.approvals import approve, plan_statuses
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
from mailgate.rollout.person import Person, RefusedError, UnknownError
from mailgate.rollout.plan import digest_of_kept, load
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


async def made_by_another_version(store: Store, url: str, **parts: object) -> StoredPlan:
    """A plan as a newer Mailgate keeps it."""
    (whole,) = await store.plans.find(await planned(store, url))
    told = json.loads(whole.body) | parts
    digest = digest_of_kept(json.dumps(told))
    newer = replace(whole, digest=digest, body=json.dumps(told | {"digest": digest}))
    await store.plans.keep(newer, replace(ADA.act(NOW, PLANNED), about=f"plan {digest}"))
    return newer


async def test_a_plan_of_a_newer_version_is_read_and_neither_approved_nor_started(
    store: Store, url: str
) -> None:
    """What this one does not know of it may be the reason not to."""
    newer = await made_by_another_version(store, url, loses_more={"people": 900})
    assert not is_altered(newer)
    assert read_plan(newer).digest == newer.digest
    (status,) = [
        each for each in await plan_statuses(store, GUARD, NOW, 9) if each.plan.digest == newer.digest
    ]
    assert "made by another version of Mailgate" in status.against[0]
    lin = Person(next(iter(GUARD.approvers - {ADA.name})), "desk")
    for act in (
        approve(store, newer.digest, lin, "good", NOW, GUARD),
        apply(store, newer.digest, ADA, "now", NOW, GUARD, override=True),
        apply(store, newer.digest, ADA, "now", NOW, None),
    ):
        with pytest.raises(RefusedError, match="made by another version of Mailgate"):
            await act


async def test_a_plan_that_only_another_version_can_read_was_not_changed(store: Store, url: str) -> None:
    newer = await made_by_another_version(store, url, kept_out={"humans": 3})
    assert not is_altered(newer)
    for read in (partial(read_plan, newer), partial(load, newer.body)):
        with pytest.raises((RefusedError, ValueError)):
            read()
    with pytest.raises(RefusedError, match="made by another version of Mailgate"):
        read_plan(newer)
    with pytest.raises(RefusedError, match="made by another version of Mailgate"):
        await refuse_altered(store, newer)


async def test_an_unknown_part_that_was_added_in_the_store_is_a_change(store: Store, url: str) -> None:
    (whole,) = await store.plans.find(await planned(store, url))
    added = replace(whole, body=json.dumps(json.loads(whole.body) | {"more": 1}))
    assert is_altered(added)
    with pytest.raises(RefusedError, match="was changed in the store"):
        await refuse_altered(store, added)


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
