"""Versions of the rules in a store, plans to change them, and changes of the store by hand."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta

import pytest
from sqlalchemy import create_engine
from sqlalchemy import text as sql
from sqlalchemy.pool import NullPool
from tests.unit.rollout import people
from tests.unit.rollout.examples import OPEN, SHUT, rules
from tests.unit.store.examples import NOW

from mailgate.config import Rules
from mailgate.config.guard import Once
from mailgate.rollout import in_force, rule_texts_of
from mailgate.rollout.guard import Guard, Limit
from mailgate.rollout.kept_plans import Movers, keep_plan
from mailgate.rollout.person import Person
from mailgate.rollout.plan import Plan
from mailgate.rollout.planning import Scope, make_plan
from mailgate.store import Act, Activation, AuditEntry, Store
from mailgate.store.migrate import store_url

ADA, LIN = Person("ada", "desk"), Person("lin", "desk")
ADMINS = frozenset({"ada", "lin"})
GUARD = Guard(Limit(0), 1, (), ADMINS, ADMINS)
HOLIDAYS = Once("holidays", NOW, NOW + timedelta(days=7))


async def put_in_force(store: Store, files: Rules, who: str = "ada", at: datetime = NOW) -> Activation:
    """Put rules in force without a plan."""
    return await store.policies.activate(rule_texts_of(files), Act(at, who, "policy-activated"))


async def in_force_in_turn(store: Store, *policies: str) -> None:
    for policy in policies:
        await put_in_force(store, rules(policy), "file")


async def begun(store: Store) -> None:
    """Store one phone, and put rules in force that let everybody in."""
    await put_in_force(store, rules(OPEN), "file")
    await people.know(store, rules(OPEN).policy, [people.phone(1, owner="grace")])


@pytest.fixture
async def store(store: Store) -> Store:
    await begun(store)
    return store


async def plan_for(
    store: Store,
    url: str,
    candidate: Rules,
    now: datetime = NOW,
    days: int = 14,
    movers: Movers | None = None,
) -> Plan:
    """A plan of these rules."""
    active = await store.policies.active()
    assert active is not None
    scope = Scope(now, days, people.TERMS)
    return await make_plan(
        store, url, active, candidate, scope, 1, lambda *_: None, movers.add if movers else None
    )


async def planned(
    store: Store, url: str, policy: str = SHUT, person: Person = ADA, now: datetime = NOW
) -> str:
    """Make and keep a plan, by default one that keeps everybody out. Returns its digest."""
    plan = await plan_for(store, url, rules(policy), now)
    await keep_plan(store, plan, rules(policy), person, now)
    return plan.digest


async def deciding(store: Store) -> str:
    """The first of the rules in force."""
    found = await in_force(store)
    assert found is not None
    return found.policy.rules[0].id


async def last_entry(store: Store) -> AuditEntry:
    """The last entry of the audit log."""
    return (await store.audit.page())[-1]


@contextmanager
def altered(url: str, table: str, column: str, value: object, where: str = "1 = 1") -> Iterator[None]:
    """Change a value in the database by hand until the body ends."""
    engine = create_engine(store_url(url), poolclass=NullPool)
    with engine.begin() as connection:
        before = connection.execute(sql(f"SELECT {column} FROM {table} WHERE {where}")).scalar_one()
        connection.execute(sql(f"UPDATE {table} SET {column} = :value WHERE {where}"), {"value": value})
    yield
    with engine.begin() as connection:
        connection.execute(sql(f"UPDATE {table} SET {column} = :value WHERE {where}"), {"value": before})
