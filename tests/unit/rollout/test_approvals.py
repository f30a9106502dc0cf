"""Others than who made a plan stand up for it, before somebody applies it."""

import asyncio
import json
from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest
from tests.unit.config.test_guard import at
from tests.unit.rollout.examples import OTHER, SHUT, rules
from tests.unit.rollout.versions import ADA, LIN, altered, deciding, last_entry, planned, put_in_force
from tests.unit.rollout.versions import store as store
from tests.unit.store.examples import NOW

from mailgate.config.guard import Once
from mailgate.rollout.activation import apply
from mailgate.rollout.approvals import PlanStatus, approve, plan_statuses, send_back
from mailgate.rollout.guard import Guard, Limit
from mailgate.rollout.kept_plans import keep_plan
from mailgate.rollout.person import Person, RefusedError
from mailgate.rollout.plan import Cases, FailedCase, Window, digest_of, load
from mailgate.store import Store

KIM, FILE = Person("kim", "desk"), Person("file", "gate-1")
ADMINS = frozenset({"ada", "lin", "kim", "joe"})
GUARD = Guard(Limit(0), 1, (), ADMINS, frozenset({"ada", "lin", "kim"}))
TWO = replace(GUARD, approvals=2)


@pytest.fixture
async def digest(store: Store, url: str) -> str:
    """A plan of Ada's that keeps everybody out."""
    return await planned(store, url)


async def kept(store: Store, digest: str, author: Person, **other: Any) -> str:
    """The digest of another plan, like that one but for this."""
    (plan,) = await store.plans.find(digest)
    body = load(plan.body).model_copy(update=other)
    made = digest_of(body)
    await keep_plan(store, body.model_copy(update={"digest": made}), rules(SHUT), author, NOW)
    return made


async def written(store: Store) -> list[tuple[str, str]]:
    return [(entry.what, entry.who) for entry in await store.audit.page()][2:]


async def test_a_plan_beyond_the_limit_passes_with_the_word_of_another_person(
    store: Store, digest: str
) -> None:
    with pytest.raises(RefusedError, match=r"it needs 1 more approval: `mailgate policy approve"):
        await apply(store, digest, ADA, "now", NOW, GUARD)
    given = await approve(store, digest[:12], LIN, "agreed", NOW, GUARD)
    assert (given.approved, given.needed, given.missing, given.against) == (("lin",), 1, 0, ())
    await apply(store, digest, ADA, "now", NOW, GUARD)
    assert await deciding(store) == "shut"
    assert await written(store) == [("policy-approved", "lin"), ("policy-activated", "ada")]
    approved, activated = (await store.audit.page())[2:]
    assert (approved.about, approved.why) == (f"plan {digest}", "agreed")
    assert json.loads(activated.details)["approved_by"] == ["lin"]
    assert await store.audit.verify() == []


async def test_the_guard_sets_the_number_of_approvals(store: Store, digest: str) -> None:
    assert (await approve(store, digest, LIN, "", NOW, TWO)).missing == 1
    with pytest.raises(RefusedError, match=r"it needs 1 more approval \(lin gave one\)"):
        await apply(store, digest, ADA, "now", NOW, TWO)
    assert (await approve(store, digest, KIM, "", NOW, TWO)).missing == 0
    await apply(store, digest, ADA, "now", NOW, TWO)


@pytest.mark.parametrize(
    ("given", "guard", "person", "words"),
    [
        ((LIN,), GUARD, LIN, "it needs 1 more approval, your own does not count"),
        ((LIN, KIM), TWO, LIN, r"it needs 1 more approval \(kim gave one\), your own does not count"),
        ((LIN,), replace(GUARD, approvers=frozenset({"kim"})), ADA, "it needs 1 more approval"),
        ((), replace(GUARD, approvals=3), ADA, r"it needs 3 approvals, more than there are approvers other than its author \(2\)"),
    ],
    ids=["of who applies it", "of who applies it and another", "of who is no approver any more", "more than anybody could give"],
)  # fmt: skip
async def test_approvals_that_do_not_count_are_named_in_the_refusal(
    store: Store, digest: str, given: tuple[Person, ...], guard: Guard, person: Person, words: str
) -> None:
    for approver in given:
        await approve(store, digest, approver, "", NOW, TWO)
    with pytest.raises(RefusedError, match=words):
        await apply(store, digest, person, "now", NOW, guard)
    assert await deciding(store) == "open"


async def test_a_plan_that_is_sent_back_is_started_only_against_that(store: Store, digest: str) -> None:
    await approve(store, digest, KIM, "", NOW, GUARD)
    status = await send_back(store, digest, LIN, "too early", NOW, GUARD)
    assert status.back
    assert (status.back.who, status.back.why, status.against) == (
        "lin",
        "too early",
        ("sent back by lin: too early",),
    )
    with pytest.raises(RefusedError, match="sent back by lin: too early"):
        await apply(store, digest, ADA, "now", NOW, GUARD)
    assert await deciding(store) != "shut"
    await apply(store, digest, ADA, "it is urgent", NOW, GUARD, override=True)
    assert (await last_entry(store)).what == "policy-activated-against-the-guard"


@pytest.mark.parametrize(("person", "guard"), [(ADA, GUARD), (Person("joe", ""), GUARD), (LIN, None)])
async def test_who_may_not_approve_a_plan_sends_none_back(
    store: Store, digest: str, person: Person, guard: Guard | None
) -> None:
    with pytest.raises(RefusedError):
        await send_back(store, digest, person, "no", NOW, guard)
    assert not (await plan_statuses(store, GUARD, NOW, 1))[0].back


async def test_a_plan_that_is_sent_back_while_it_is_being_started_is_not_started(
    store: Store, digest: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    await approve(store, digest, KIM, "", NOW, GUARD)
    activate = store.policies.activate

    async def late(*given: Any, **named: Any) -> Any:
        await send_back(store, digest, LIN, "too early", NOW, GUARD)
        return await activate(*given, **named)

    monkeypatch.setattr(store.policies, "activate", late)
    with pytest.raises(RefusedError, match="sent back by lin: too early"):
        await apply(store, digest, ADA, "now", NOW, GUARD)
    assert await deciding(store) != "shut"


@pytest.mark.parametrize("decide", [approve, send_back])
async def test_a_plan_that_another_admin_has_started_meanwhile_is_neither_approved_nor_sent_back(
    store: Store,
    digest: str,
    decide: Callable,  # type: ignore[type-arg]
) -> None:
    await approve(store, digest, KIM, "", NOW, GUARD)
    await apply(store, digest, ADA, "now", NOW, GUARD)
    entries = len(await store.audit.page())
    with pytest.raises(RefusedError, match=r"^this plan already runs, as version 2$"):
        await decide(store, digest, LIN, "too early", NOW, GUARD)
    assert len(await store.audit.page()) == entries


async def overtake(store: Store, _digest: str) -> None:
    await put_in_force(store, rules(OTHER), "joe")


async def approve_by_lin(store: Store, digest: str) -> None:
    await approve(store, digest, LIN, "", NOW, GUARD)


async def nothing(_store: Store, _digest: str) -> None:
    return None


@pytest.mark.parametrize(
    ("person", "guard", "hours", "before", "why"),
    [
        (ADA, GUARD, 0, nothing, "you made this plan. Ask kim or lin to approve it"),
        (LIN, GUARD, 0, approve_by_lin, "you have approved this plan already: it has the approvals"),
        (LIN, GUARD, 25, nothing, "is more than a day old: plan again"),
        (LIN, GUARD, 0, overtake, "version 2 started after plan .* was made: plan again"),
        (Person("joe", ""), GUARD, 0, nothing, "you do not have the role approver"),
        (LIN, None, 0, nothing, "no `guard` is set"),
        (LIN, replace(GUARD, approvers=frozenset()), 0, nothing, "nobody may approve anything: no admin has the role"),
        (LIN, replace(GUARD, admins=frozenset({"lin"})), 0, nothing, "was made by ada, who is no admin"),
    ],
    ids=["its author", "twice", "an old plan", "an overtaken plan", "no approver", "no guard", "nobody may", "its author is no admin"],
)  # fmt: skip
async def test_each_approval_that_counts_for_nothing_is_refused_by_its_own_words(
    store: Store,
    digest: str,
    person: Person,
    guard: Guard | None,
    hours: int,
    before: Callable,  # type: ignore[type-arg]
    why: str,
) -> None:
    await before(store, digest)
    entries = len(await store.audit.page())
    with pytest.raises(RefusedError, match=why):
        await approve(store, digest, person, "", NOW + timedelta(hours=hours), guard)
    assert len(await store.audit.page()) == entries


async def test_approvals_are_of_one_plan_alone(store: Store, url: str, digest: str) -> None:
    """The same rules planned again may hit others: nobody has looked at that."""
    await approve(store, digest, LIN, "", NOW, GUARD)
    again = await kept(store, digest, ADA, window=Window(days=30, since=date(2026, 11, 1)))
    with pytest.raises(RefusedError, match="it needs 1 more approval"):
        await apply(store, again, ADA, "now", NOW, GUARD)


async def test_an_overtaken_plan_is_said_before_missing_approvals(store: Store, digest: str) -> None:
    await overtake(store, digest)
    with pytest.raises(RefusedError, match=r"^version 2 started after"):
        await apply(store, digest, ADA, "now", NOW, GUARD)


async def test_approvals_at_once_count_once_each_and_applying_at_once_activates_once(
    store: Store, digest: str
) -> None:
    given = await asyncio.gather(
        *(approve(store, digest, person, "", NOW, TWO) for person in (LIN, LIN, KIM, KIM)),
        return_exceptions=True,
    )
    assert sum(isinstance(each, RefusedError) for each in given) == 2
    assert sum(isinstance(each, PlanStatus) for each in given) == 2
    done = await asyncio.gather(*(apply(store, digest, ADA, "", NOW, TWO) for _ in range(3)))
    assert {each.serial for each in done} == {2}
    assert [what for what, _ in await written(store)].count("policy-activated") == 1


async def test_an_approval_does_not_help_against_cases_that_do_not_hold(store: Store, digest: str) -> None:
    broken = await kept(store, digest, ADA, cases=Cases(run=3, failed=[FailedCase(name="a", wrong={})]))
    given = await approve(store, broken, LIN, "", NOW, GUARD)
    assert given.against == ("1 of 3 test cases does not hold: “a”",)
    with pytest.raises(
        RefusedError, match=r"^1 of 3 test cases does not hold: “a”\. To do it all the same: `mailgate"
    ):
        await apply(store, broken, ADA, "now", NOW, GUARD)


@pytest.mark.parametrize("changed", [{"newly": {}}, {"later": None}])
async def test_an_altered_plan_is_not_listed_and_not_approved(
    store: Store, url: str, digest: str, changed: dict[str, Any]
) -> None:
    (plan,) = await store.plans.find(digest)
    with altered(url, "plans", "body", json.dumps(json.loads(plan.body) | changed)):
        assert await plan_statuses(store, GUARD, NOW, 9) == []
        with pytest.raises(RefusedError, match="is not what was planned"):
            await approve(store, digest, LIN, "agreed", NOW, GUARD)
    assert len(await plan_statuses(store, GUARD, NOW, 9)) == 1


async def test_a_plan_held_by_a_gate_can_be_started(store: Store, digest: str) -> None:
    held = await kept(store, digest, FILE, depends_on={"request.remote": 1})
    await approve(store, held, LIN, "", NOW, GUARD)
    new = await apply(store, held, ADA, "now", NOW, GUARD)
    assert new.author == "ada"


WEEKEND = Once("the weekend", at("2026-12-01T10:00"), at("2026-12-01T14:00"))
FROZEN = replace(GUARD, limit=Limit(9), freezes=(WEEKEND,))


async def test_nothing_is_applied_in_a_freeze_but_against_it_by_name(store: Store, digest: str) -> None:
    with pytest.raises(
        RefusedError,
        match=r"^changes are frozen until 2026-12-01 14:00 UTC \(the weekend\)\. To do it all the same",
    ):
        await apply(store, digest, ADA, "now", NOW, FROZEN)
    with pytest.raises(
        RefusedError,
        match=r"^nobody overrides alone where another person may approve: 1 approval is missing: `mailgate",
    ):
        await apply(store, digest, ADA, "an emergency", NOW, FROZEN, override=True)
    assert await deciding(store) == "open"
    await approve(store, digest, LIN, "it cannot wait", NOW, FROZEN)
    await apply(store, digest, ADA, "an emergency", NOW, FROZEN, override=True)
    last = await last_entry(store)
    assert json.loads(last.details)["approved_by"] == ["lin"]
    assert (last.what, last.why) == ("policy-activated-against-the-guard", "an emergency")
    assert "frozen until" in json.loads(last.details)["overridden"][0]


async def test_a_frozen_plan_can_be_started_afterwards(store: Store, digest: str) -> None:
    await apply(store, digest, ADA, "now", NOW + timedelta(hours=2), FROZEN)
    assert await deciding(store) == "shut"


async def test_a_plan_is_open_then_expired_applied_or_replaced(store: Store, url: str, digest: str) -> None:
    (open_one,) = await plan_statuses(store, GUARD, NOW, 10)
    assert (open_one.state, open_one.needed, open_one.missing, open_one.approved) == ("open", 1, 1, ())
    assert len(open_one.against) == 3  # people, devices, approvals
    assert (await plan_statuses(store, GUARD, NOW + timedelta(hours=25), 10))[0].state == "expired"
    assert (await plan_statuses(store, None, NOW, 10))[0].needed == 0
    await approve(store, digest, LIN, "agreed", NOW, GUARD)
    await apply(store, digest, ADA, "now", NOW, GUARD)
    (applied,) = await plan_statuses(store, GUARD, NOW, 10)
    assert (applied.state, applied.against) == ("in force", ())
    await overtake(store, digest)
    assert (await plan_statuses(store, GUARD, NOW, 10))[0].state == "replaced"
