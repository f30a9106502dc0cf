"""Whatever is changed in the store afterwards is found by what the log says of it."""

import json

import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.pool import NullPool
from tests.unit.rollout.examples import OPEN, SHUT, rules
from tests.unit.rollout.test_acts import ADA, GUARD, STRICT, THIRD, plan_of
from tests.unit.rollout.test_acts import store as store
from tests.unit.store.examples import NOW

from mailgate.rollout import draft_of
from mailgate.rollout.acts import Person, apply, retract
from mailgate.rollout.approving import approve
from mailgate.rollout.proof import compare, verify
from mailgate.store import Store
from mailgate.store.database import store_url

LIN = Person("lin", "desk")


@pytest.fixture
async def story(store: Store, url: str) -> Store:
    """Two versions, each planned; one approved; one retraction; and a plan that waits."""
    first = await plan_of(store, url, STRICT)
    await approve(store, first, LIN, "looked", NOW, GUARD)
    await apply(store, first, ADA, "", NOW, GUARD)
    await apply(store, await plan_of(store, url, THIRD), ADA, "", NOW, None)
    await retract(store, ADA, "", NOW)
    await plan_of(store, url, SHUT)
    return store


def change(url: str, statement: str, **values: object) -> None:
    with create_engine(store_url(url), poolclass=NullPool).begin() as connection:
        assert connection.execute(text(statement), values).rowcount


async def told(store: Store) -> list[str]:
    return [f"{each.number} {each.message}" for each in await compare(store)]


async def test_what_nobody_changed_is_whole(story: Store) -> None:
    assert await verify(story) == []


OTHER = json.dumps(dict(rules(OPEN + "# another\n").texts))


@pytest.mark.parametrize(
    ("statement", "words"),
    [
        ("UPDATE policies SET texts = :other WHERE number = 2", ["4 put version 2 in force, whose texts"]),
        ("UPDATE policies SET texts = :other, digest = :digest WHERE number = 2", ["4 put version 2 in force, whose"]),
        ("INSERT INTO policies VALUES (9, 'd', 'p', '{}', 'eve', '', '2026-12-01 12:00:00.000000', 1)", ["8 is the last one, and none put version 9 in force"]),
        ("UPDATE activations SET number = 3 WHERE serial = 4", ["7 put version 2 in force; the store says version 3"]),
        ("INSERT INTO activations VALUES (5, 3, 'eve', '', '2026-12-01 12:00:00.000000')", ["8 is the last one, and none put version 3 in force a last time"]),
        ("DELETE FROM activations WHERE serial = 4", ["7 put version 2 in force, of which the store knows nothing"]),
        ("UPDATE kept_out SET people = 0 WHERE serial = 2", ["4 newly kept out others in number"]),
        ("DELETE FROM kept_out WHERE serial = 2", ["4 newly kept out others in number"]),
        ("UPDATE plans SET texts = :other WHERE candidate = :third", ["5 made plan", "which says something else"]),
        ("UPDATE plans SET author = 'lin' WHERE candidate = :third", ["5 made plan"]),
        ("UPDATE plans SET body = replace(body, '\"made_at\"', '\"made_at\": 1, \"x\"') WHERE candidate = :third", ["5 made plan"]),
        ("UPDATE plans SET digest = 'e' || digest WHERE candidate = :third", ["8 is the last one, and none made plan e"]),
        ("INSERT INTO approvals SELECT digest, 'eve', '', made_at FROM plans WHERE candidate = :third", ["8 is the last one, and none is the approval of plan"]),
        ("UPDATE approvals SET who = 'eve'", ["by eve"]),
    ],
)  # fmt: skip
async def test_a_change_is_named(story: Store, url: str, statement: str, words: list[str]) -> None:
    values = {
        "other": OTHER,
        "digest": draft_of(rules(OPEN + "# another\n")).digest,
        "third": rules(THIRD).digest,
    }
    named = {name: value for name, value in values.items() if f":{name}" in statement}
    with create_engine(store_url(url), poolclass=NullPool).connect() as connection:
        connection.execute(text("PRAGMA foreign_keys=OFF"))
        connection.commit()
        connection.execute(text(statement), named)
        connection.commit()
    found = await told(story)
    assert len(found) >= 1
    for each in words:
        assert each in found[0]
