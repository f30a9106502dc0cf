"""Putting rules in force on purpose, and taking them back."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from sqlalchemy import create_engine
from sqlalchemy import text as sql
from sqlalchemy.pool import NullPool
from tests.unit.rollout import people
from tests.unit.rollout.examples import OPEN, SHUT, rules
from tests.unit.store.examples import NOW

from mailgate.config.guard import Once
from mailgate.rollout import in_force, rule_texts_of
from mailgate.rollout.activation import apply, retract
from mailgate.rollout.approvals import approve, plan_statuses
from mailgate.rollout.guard import Guard, Limit
from mailgate.rollout.kept_plans import keep_plan
from mailgate.rollout.person import Person, RefusedError
from mailgate.rollout.plan import Plan
from mailgate.rollout.planning import Scope, make_plan
from mailgate.rollout.stored_rules import UnreadableVersionError
from mailgate.store import Act, Activation, AlteredError, Store
from mailgate.store.address import store_url
from mailgate.store.kept_out import KeptOut

ADA = Person("ada", "desk")
HOLIDAYS = Once("holidays", NOW, NOW + timedelta(days=7))


@contextmanager
def altered(url: str, table: str, column: str, value: object, where: str = "1 = 1") -> Iterator[None]:
    """What only somebody with the database in hand can do, for a while."""
    engine = create_engine(store_url(url), poolclass=NullPool)
    with engine.begin() as connection:
        before = connection.execute(sql(f"SELECT {column} FROM {table} WHERE {where}")).scalar_one()
        connection.execute(sql(f"UPDATE {table} SET {column} = :value WHERE {where}"), {"value": value})
    yield
    with engine.begin() as connection:
        connection.execute(sql(f"UPDATE {table} SET {column} = :value WHERE {where}"), {"value": before})


async def begun(store: Store) -> None:
    """One phone, and rules that let everybody in."""
    await store.policies.activate(
        rule_texts_of(rules(OPEN)), Act(NOW, "file", "policy-activated", why="the first start")
    )
    await people.know(store, rules(OPEN).policy, [people.phone(1, owner="grace")])


@pytest.fixture
async def store(store: Store) -> Store:
    await begun(store)
    return store


async def planned(store: Store, url: str) -> Plan:
    """A plan to keep everybody out."""
    active = await store.policies.active()
    assert active is not None
    plan = await make_plan(
        store, url, active, rules(SHUT), Scope(NOW, 14, people.MAX_AGE), 1, lambda *_: None
    )
    await keep_plan(store, plan, rules(SHUT), ADA, NOW)
    return plan


async def deciding(store: Store) -> str:
    found = await in_force(store)
    assert found is not None
    return found.policy.rules[0].id


async def test_what_was_planned_is_put_in_force_with_who_and_why(store: Store, url: str) -> None:
    plan = await planned(store, url)
    new = await apply(store, plan.digest[:12], ADA, "the works council agreed", NOW, None)
    assert (new.serial, new.author, new.note, await deciding(store)) == (
        2,
        "ada",
        "the works council agreed",
        "shut",
    )
    acts = [(entry.what, entry.who) for entry in await store.audit.page()]
    assert acts[1:] == [("policy-planned", "ada"), ("policy-activated", "ada")]
    assert await store.audit.verify() == []


async def test_neither_a_kept_plan_nor_the_audit_log_names_who_is_hit(store: Store, url: str) -> None:
    plan = await planned(store, url)
    assert "grace" in plan.model_dump_json()
    (kept,) = await store.plans.find(plan.digest)
    assert "grace" not in kept.body
    assert all("grace" not in entry.details for entry in await store.audit.page())


async def test_a_plan_that_was_overtaken_or_is_old_is_refused(store: Store, url: str) -> None:
    plan = await planned(store, url)
    with pytest.raises(RefusedError, match="more than a day ago"):
        await apply(store, plan.digest, ADA, "", NOW + timedelta(hours=25), None)
    other = rules("rules: [{id: other, when: 'true', effect: warn}]\n")
    await store.policies.activate(rule_texts_of(other), Act(NOW, "lin", "policy-activated"))
    with pytest.raises(RefusedError, match="version 2 was put in force after"):
        await apply(store, plan.digest, ADA, "", NOW, None)
    assert await deciding(store) == "other"


async def test_the_guard_refuses_and_an_override_is_loud(store: Store, url: str) -> None:
    plan = await planned(store, url)
    with pytest.raises(
        RefusedError,
        match=r"1 of 1 people would or might newly be kept out; the guard lets 0 pass.*nobody who may give one.*--override",
    ):
        await apply(store, plan.digest, ADA, "urgent", NOW, Guard(Limit(0)))
    assert await deciding(store) == "open"
    with pytest.raises(RefusedError, match="needs a note that says why"):
        await apply(store, plan.digest, ADA, " ", NOW, Guard(Limit(0)), override=True)
    await apply(store, plan.digest, ADA, "urgent", NOW, Guard(Limit(0)), override=True)
    last = (await store.audit.page())[-1]
    assert (last.what, last.why) == ("policy-activated-against-the-guard", "urgent")
    assert json.loads(last.details)["overridden"]
    assert await deciding(store) == "shut"


async def test_a_plan_that_is_none_is_said(store: Store) -> None:
    with pytest.raises(RefusedError, match="no plan is called `abcdef123`"):
        await apply(store, "abcdef123", ADA, "", NOW, None)


async def test_what_was_sent_in_error_is_taken_back(store: Store, url: str) -> None:
    plan = await planned(store, url)
    await apply(store, plan.digest, ADA, "", NOW, None)
    back = await retract(store, ADA, "sent in error", NOW)
    assert (back.serial, back.number, await deciding(store)) == (3, 1, "open")
    last = (await store.audit.page())[-1]
    assert (last.what, last.why, json.loads(last.details)["retracted"]) == (
        "policy-retracted",
        "sent in error",
        2,
    )
    with pytest.raises(
        RefusedError, match=r"version 2 was taken back: .* `mailgate policy plan --version 2`"
    ):
        await retract(store, ADA, "it was right after all", NOW, 2)
    assert await deciding(store) == "open"


async def test_a_retraction_that_is_said_twice_is_done_once(store: Store, url: str) -> None:
    plan = await planned(store, url)
    await apply(store, plan.digest, ADA, "", NOW, None)
    back = await retract(store, ADA, "sent in error", NOW)
    for number in (None, 1):  # and never is what was taken back in force again
        assert await retract(store, ADA, "again", NOW + timedelta(minutes=1), number) == back
    assert [each.number for each in await store.policies.history()] == [1, 2, 1]
    assert [entry.what for entry in await store.audit.page()].count("policy-retracted") == 1


async def test_what_came_in_force_again_by_its_files_can_be_taken_back(store: Store, url: str) -> None:
    for text in (SHUT, OPEN):
        await store.policies.activate(rule_texts_of(rules(text)), Act(NOW, "file", "policy-activated"))
    assert (await retract(store, ADA, "", NOW)).number == 2


async def test_a_retraction_that_was_overtaken_takes_nothing_back(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = rules("rules: [{id: other, when: 'true', effect: warn}]\n")
    for text in (rules(SHUT), other):
        await store.policies.activate(rule_texts_of(text), Act(NOW, "lin", "policy-activated"))
    older = (await store.policies.history())[1:]

    async def as_it_was() -> list[Activation]:
        return older

    monkeypatch.setattr(store.policies, "history", as_it_was)
    with pytest.raises(RefusedError, match="put in force meanwhile"):
        await retract(store, ADA, "", NOW)
    assert await deciding(store) == "other"


@pytest.mark.parametrize(("number", "why"), [(None, "no other version"), (7, "no other version")])
async def test_there_has_to_be_something_to_go_back_to(store: Store, number: int | None, why: str) -> None:
    with pytest.raises(RefusedError, match=why):
        await retract(store, ADA, "", NOW, number)


async def test_only_what_was_in_force_can_be_gone_back_to(store: Store, url: str) -> None:
    plan = await planned(store, url)
    await apply(store, plan.digest, ADA, "", NOW, None)
    with pytest.raises(RefusedError, match="version 7 was never in force"):
        await retract(store, ADA, "", NOW, 7)


STRICT = "rules: [{id: strict, when: 'true', effect: block}]\n"
THIRD = "rules: [{id: third, when: 'true', effect: warn}]\n"
ADMINS = frozenset({"ada", "lin"})
GUARD = Guard(Limit(0), 1, (), ADMINS, ADMINS)


async def in_force_in_turn(store: Store, *texts: str) -> None:
    for text in texts:
        await store.policies.activate(rule_texts_of(rules(text)), Act(NOW, "file", "policy-activated"))


async def plan_of(store: Store, url: str, text: str, person: Person = ADA, now: datetime = NOW) -> str:
    active = await store.policies.active()
    assert active is not None
    scope = Scope(now, 14, people.MAX_AGE)
    plan = await make_plan(store, url, active, rules(text), scope, 1, lambda *_: None)
    await keep_plan(store, plan, rules(text), person, now)
    return plan.digest


async def test_to_go_back_further_takes_a_plan_and_all_that_it_needs(store: Store, url: str) -> None:
    await in_force_in_turn(store, STRICT, OPEN, THIRD)  # the strict one is version 2, the one before is 1
    with pytest.raises(RefusedError, match=r"version 2 is not the one before.*Plan it first"):
        await retract(store, ADA, "", NOW, 2, GUARD)
    digest = await plan_of(store, url, STRICT)
    with pytest.raises(RefusedError, match="0 of 1 approvals given"):
        await retract(store, ADA, "", NOW, 2, GUARD)
    with pytest.raises(RefusedError, match="needs the role operator"):
        await retract(store, ADA, "", NOW, 2, GUARD, operates=False)
    with pytest.raises(RefusedError, match="changes are frozen"):
        await retract(store, ADA, "", NOW, 2, replace(GUARD, freezes=(HOLIDAYS,)))
    assert await deciding(store) == "third"
    await approve(store, digest, Person("lin", "desk"), "looked", NOW, GUARD)
    back = await retract(store, ADA, "further", NOW, 2, GUARD)
    assert (back.number, await deciding(store)) == (2, "strict")
    last = (await store.audit.page())[-1]
    assert (last.what, json.loads(last.details)["approved_by"]) == ("policy-retracted", ["lin"])
    assert await store.kept_out.since(NOW) == KeptOut(1, 1)


async def test_one_retraction_does_not_open_the_way_to_the_next(store: Store) -> None:
    """Step by step back through the history nobody would ever look at what comes in force."""
    await in_force_in_turn(store, STRICT, THIRD)
    assert (await retract(store, ADA, "", NOW)).number == 2
    with pytest.raises(RefusedError, match="version 1 is not the one before"):
        await retract(store, ADA, "", NOW, 1)
    assert await deciding(store) == "strict"


async def test_a_plan_that_was_changed_in_the_store_is_not_put_in_force(store: Store, url: str) -> None:
    digest = await plan_of(store, url, STRICT)
    body = (await store.plans.find(digest))[0].body
    for column, value in (
        ("texts", json.dumps(dict(rules(THIRD).texts))),
        ("body", json.dumps(json.loads(body) | {"newly": {}})),
        ("body", "{}"),
        ("body", body[:-1]),
        ("body", json.dumps(json.loads(body) | {"more": 1})),
        ("author", "lin"),
        ("made_at", (NOW + timedelta(hours=12)).isoformat(" ")),
        ("serial", 7),
    ):
        with altered(url, "plans", column, value):
            with pytest.raises(RefusedError, match="is not what was planned"):
                await apply(store, digest, ADA, "", NOW, None, override=True)
            with pytest.raises(RefusedError, match="is not what was planned"):
                await approve(store, digest, Person("lin", "desk"), "", NOW, GUARD)
    assert await deciding(store) == "open"
    await apply(store, digest, ADA, "", NOW, None)
    assert await deciding(store) == "strict"


async def test_an_approval_that_was_put_in_the_store_does_not_count(store: Store, url: str) -> None:
    digest = await plan_of(store, url, STRICT)
    with create_engine(store_url(url), poolclass=NullPool).begin() as connection:
        connection.execute(
            sql("INSERT INTO approvals VALUES (:plan, 'lin', '', '2026-12-01 12:00:00.000000')"),
            {"plan": digest},
        )
    with pytest.raises(RefusedError, match="0 of 1 approvals given"):
        await apply(store, digest, ADA, "", NOW, GUARD)


async def test_a_version_that_was_changed_in_the_store_is_never_put_in_force_again(
    store: Store, url: str
) -> None:
    await in_force_in_turn(store, THIRD)
    other = json.dumps(dict(rules(STRICT).texts))
    plan = await plan_of(store, url, OPEN)
    with altered(url, "policies", "texts", other, "number = 1"):
        with pytest.raises(RefusedError, match="version 1 is not what was put in force"):
            await retract(store, ADA, "", NOW)
        with pytest.raises(AlteredError):
            await apply(store, plan, ADA, "", NOW, None)
    assert await deciding(store) == "third"
    with (
        altered(url, "policies", "texts", other, "number = 2"),
        pytest.raises(UnreadableVersionError, match="was changed in the store"),
    ):
        await in_force(store)
    with (
        altered(url, "policies", "texts", other, "number = 2"),
        altered(url, "policies", "digest", rule_texts_of(rules(STRICT)).digest, "number = 2"),
        pytest.raises(UnreadableVersionError, match="was changed in the store"),
    ):
        await in_force(store)


async def test_many_small_steps_are_one_big_one(store: Store, url: str) -> None:
    """Each keeps out one person, and each by itself is inside the limit."""
    names = [f"person-{number}" for number in range(5)]
    await people.know(
        store, rules(OPEN).policy, [people.phone(10 + n, owner=name) for n, name in enumerate(names)]
    )
    guard = replace(GUARD, limit=Limit(3), window=timedelta(days=2))

    def but(count: int) -> str:
        out = " || ".join(f'user.name == "{name}"' for name in names[:count])
        return (
            f"rules: [{{id: out, when: '{out}', effect: block}}, {{id: open, when: 'true', effect: allow}}]\n"
        )

    for count in (1, 2, 3):
        await apply(store, await plan_of(store, url, but(count)), ADA, "", NOW, guard)
    digest = await plan_of(store, url, but(4))
    with pytest.raises(
        RefusedError, match="1 people would or might newly be kept out, after 3 within 2 days: 4 of 6"
    ):
        await apply(store, digest, ADA, "", NOW, guard)
    (standing, *_) = await plan_statuses(store, guard, NOW, 5)
    assert (standing.needed, standing.missing) == (1, 1)
    await apply(store, await plan_of(store, url, OPEN), ADA, "lets people in", NOW, guard)
    later = NOW + timedelta(days=2, seconds=1)
    await apply(store, await plan_of(store, url, but(1), now=later), ADA, "", later, guard)


async def test_what_was_taken_back_stays_so_whatever_is_deleted_beside_the_log(
    store: Store, url: str
) -> None:
    await in_force_in_turn(store, STRICT, THIRD)
    await retract(store, ADA, "", NOW)
    with create_engine(store_url(url), poolclass=NullPool).begin() as connection:
        assert connection.execute(sql("DELETE FROM retractions")).rowcount == 1
    assert await store.policies.taken_back(rules(THIRD).digest) == 3
    assert await store.policies.taken_back(rules(STRICT).digest) == 0
    await store.policies.activate(rule_texts_of(rules(THIRD)), ADA.act(NOW, "policy-activated"))
    assert await store.policies.taken_back(rules(THIRD).digest) == 0
