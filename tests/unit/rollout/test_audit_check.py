"""Whatever is changed in the store afterwards is found by what the log says of it."""

import asyncio
import json
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.pool import NullPool
from tests.unit.rollout.examples import OPEN, OTHER, SHUT, STRICT, rules
from tests.unit.rollout.versions import ADA, GUARD, LIN, begun, planned
from tests.unit.store.examples import NOW

from mailgate.policy.reliefs import Cause, Relief
from mailgate.rollout.activation import apply, retract
from mailgate.rollout.approvals import approve
from mailgate.rollout.audit_check import compare, verify
from mailgate.store import Act, Store
from mailgate.store.migrate import store_url


async def tell(store: Store, url: str) -> None:
    """Two versions, each planned; one approved; one retraction; a plan that waits; an exemption that was ended, and a break-glass."""
    await begun(store)
    first = await planned(store, url, STRICT)
    await approve(store, first, LIN, "looked", NOW, GUARD)
    await apply(store, first, ADA, "", NOW, GUARD)
    await apply(store, await planned(store, url, OTHER), ADA, "", NOW, None)
    await retract(store, ADA, "", NOW)
    await planned(store, url, SHUT)
    for person, cause in (("lin", Cause.EXEMPTION), ("", Cause.BREAK_GLASS)):
        until = NOW + timedelta(days=1)
        relief = Relief(0, cause, "strict", "lent", "ada", NOW, until, person)
        await store.reliefs.grant(relief, ADA.act(NOW, "exemption-given", "lent"))
    await store.reliefs.end([1], LIN.act(NOW, "exemption-ended", "back"))


@pytest.fixture(scope="module")
def told_once(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """The file of a store with all that in it."""
    path = tmp_path_factory.mktemp("told") / "mailgate.db"
    url = f"sqlite:///{path}"

    async def told() -> None:
        store = await Store.open(url)
        await tell(store, url)
        await store.close()

    asyncio.run(told())
    return path.read_bytes()


@pytest.fixture
async def story(told_once: bytes, url: str, tmp_path: Path) -> AsyncIterator[Store]:
    (tmp_path / "mailgate.db").write_bytes(told_once)
    store = await Store.open(url)
    yield store
    await store.close()


def change(url: str, statement: str, **values: object) -> None:
    with create_engine(store_url(url), poolclass=NullPool).begin() as connection:
        assert connection.execute(text(statement), values).rowcount


async def told(store: Store) -> list[str]:
    return [f"{each.number} {each.message}" for each in await compare(store, NOW)]


async def test_an_unchanged_store_passes_the_audit(story: Store) -> None:
    assert await verify(story, NOW) == []


ANOTHER = rules(OPEN + "# another\n")


@pytest.mark.parametrize(
    ("statement", "words"),
    [
        ("UPDATE policies SET texts = :other WHERE number = 2", ["4 started version 2, but its texts"]),
        ("UPDATE policies SET texts = :other, digest = :digest WHERE number = 2", ["4 started version 2, but its"]),
        ("INSERT INTO policies VALUES (9, 'd', 'p', '{}', 'eve', '', '2026-12-01 12:00:00.000000')", ["11 is the last one, and no entry started version 9"]),
        ("UPDATE activations SET number = 3 WHERE serial = 4", ["7 started version 2; the database says version 3"]),
        ("INSERT INTO activations VALUES (5, 3, 'eve', '', '2026-12-01 12:00:00.000000')", ["11 is the last one, and no entry started version 3 a last time"]),
        ("DELETE FROM activations WHERE serial = 4", ["7 started version 2, but the database does not have it"]),
        ("UPDATE activations SET at = '2020-01-01 00:00:00.000000' WHERE serial = 2", ["4 started version 2; in the database the person, the time"]),
        ("UPDATE activations SET author = 'lin' WHERE serial = 2", ["4 started version 2; in the database the person"]),
        ("UPDATE activations SET note = 'as legal asked' WHERE serial = 2", ["4 started version 2; in the database the person"]),
        ("UPDATE policies SET author = 'lin' WHERE number = 2", ["4 made version 2; in the store the person"]),
        ("UPDATE policies SET made_at = '2020-01-01 00:00:00.000000' WHERE number = 2", ["4 made version 2; in the store the person"]),
        ("DELETE FROM retractions", ["7 started version 2; the database says that it rolled back others"]),
        ("UPDATE retractions SET versions = '[]'", ["7 started version 2; the database says that it rolled back others"]),
        ("UPDATE retractions SET policies = '{}'", ["7 started version 2; the database says that it rolled back others"]),
        ("INSERT INTO retractions VALUES (2, '[1]', '[1]', '{}', NULL, 1)", ["4 started version 2; the database says that it rolled back others"]),
        ("UPDATE reliefs SET cause = 'break-glass', person = '' WHERE number = 1", ["11 is the last one, and no entry gave break-glass 1"]),
        ("UPDATE reliefs SET person = '' WHERE number = 1", ["9 gave exemption 1, which says"]),
        ("UPDATE reliefs SET person = '', device = 'd' WHERE number = 1", ["9 gave exemption 1, which says"]),
        ("UPDATE reliefs SET person = 'lin' WHERE number = 2", ["10 gave break-glass 2, which says"]),
        ("UPDATE reliefs SET rule = '' WHERE number = 2", ["10 gave break-glass 2, which says"]),
        ("UPDATE reliefs SET until = NULL WHERE number = 2", ["10 gave break-glass 2, which says"]),
        ("UPDATE reliefs SET author = 'lin' WHERE number = 2", ["10 gave break-glass 2, which says"]),
        ("UPDATE reliefs SET ended_at = NULL WHERE number = 1", ["9 gave exemption 1, which says"]),
        ("UPDATE reliefs SET ended_at = at WHERE number = 2", ["10 gave break-glass 2, which says"]),
        ("DELETE FROM reliefs WHERE number = 2", ["10 gave break-glass 2, but the store does not have it"]),
        ("UPDATE reliefs SET number = 7 WHERE number = 2", ["10 gave break-glass 2, but"]),
        ("UPDATE plans SET texts = :other WHERE candidate = :third", ["5 made plan", "which says something else"]),
        ("UPDATE plans SET author = 'lin' WHERE candidate = :third", ["5 made plan"]),
        ("UPDATE plans SET body = replace(body, '\"made_at\"', '\"made_at\": 1, \"x\"') WHERE candidate = :third", ["5 made plan"]),
        ("UPDATE plans SET digest = 'e' || digest WHERE candidate = :third", ["11 is the last one, and no entry made plan e"]),
    ],
)  # fmt: skip
async def test_a_change_is_named(story: Store, url: str, statement: str, words: list[str]) -> None:
    values = {
        "other": json.dumps(dict(ANOTHER.texts)),
        "digest": ANOTHER.digest,
        "third": rules(OTHER).digest,
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


async def test_a_let_in_is_checked_though_its_reason_is_not_in_the_log(story: Store) -> None:
    end = NOW + timedelta(days=1)
    relief = Relief(0, Cause.SELF_SERVICE, "strict", "a train", "self-service", NOW, end, "lin", "d1")
    act = Act(NOW, "self-service", "let-in")
    await story.reliefs.let_in(relief, timedelta(days=30), act)
    assert await verify(story, NOW) == []
    async with story._database.writing() as connection:
        await connection.execute(text("UPDATE reliefs SET until = NULL WHERE cause = 'self-service'"))
    (found,) = await verify(story, NOW)
    assert "gave self-service 4, which says something else" in found.message
