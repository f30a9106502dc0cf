"""Retractions: which versions one takes back, and whom those had told what."""

from datetime import datetime, timedelta

import pytest
from tests.unit.store.examples import BLOCK, NOW, access, minutes
from tests.unit.store.mail import in_force

from mailgate.model import Decision, Effect, Reason
from mailgate.store import Activation, Store
from mailgate.store.retractions import keep, taken_back


def activated(*numbers: int) -> list[Activation]:
    """A history, the newest first, of versions put in force a minute after each other."""
    return [
        Activation(serial, number, f"d{number}", f"p{number}", "ada", "", NOW + minutes(serial))
        for serial, number in reversed([*enumerate(numbers, 1)])
    ]


@pytest.mark.parametrize(
    ("history", "to", "versions", "since"),
    [
        ([1, 2], 1, (2,), {"p2": None}),
        ([1, 2, 3], 1, (3, 2), {"p3": None, "p2": None}),
        ([1, 2, 3], 2, (3,), {"p3": None}),
        ([1, 2, 1, 2], 1, (2,), {"p2": NOW + minutes(4)}),
        ([1, 2, 1, 3, 2], 1, (2, 3), {"p2": NOW + minutes(5), "p3": None}),
    ],
)
def test_every_version_after_the_one_that_comes_back_is_taken_back(
    history: list[int], to: int, versions: tuple[int, ...], since: dict[str, datetime | None]
) -> None:
    """What one of them decided before that was taken back then, not now."""
    found = taken_back(activated(*history), to)
    assert (found.versions, found.policies) == (versions, since)


def test_a_version_rolled_back_twice_counts_only_since_its_return() -> None:
    """Version 3 was taken back, came in force anew, and is taken back with version 2: of it only what it decided since."""
    found = taken_back(activated(1, 2, 3, 2, 3), 1, gone=[3])
    assert (found.versions, found.serials) == ((3, 2), (2, 4, 5))
    assert found.policies == {"p3": NOW + minutes(5), "p2": None}


def test_a_version_with_the_same_rules_is_rolled_back_since_its_start() -> None:
    """Two versions may differ in their groups alone, of which the name of a policy says nothing."""
    history = [Activation(n, n, f"d{n}", "same", "ada", "", NOW + minutes(n)) for n in (2, 1)]
    assert taken_back(history, 1).policies == {"same": NOW + minutes(2)}


async def test_a_retraction_is_kept_with_its_activation_until_it_is_done(store: Store) -> None:
    one, two = await in_force(store, "one", "two")
    made = taken_back([two, one], 1)
    async with store._database.writing() as connection:
        await keep(connection, two, made)
    (found,) = await store.retractions.open()
    assert (found.serial, found.versions, found.policies) == (2, (2,), {"policy-two": None})
    assert [await store.retractions.last_of(number) for number in (1, 2)] == [0, 2]
    await store.retractions.note_search(2, NOW, done=False)
    assert (await store.retractions.open())[0].looked_at == NOW
    await store.retractions.note_search(2, NOW, done=True)
    assert await store.retractions.open() == []


WARN = Decision(Effect.WARN, Reason.PROHIBITED_APP, "app", "v1")


async def test_people_refused_or_warned_count_as_told(store: Store) -> None:
    store.ledger.record(access(user="blocked"), BLOCK)
    store.ledger.record(access(user="warned"), WARN, shown=True)
    store.ledger.record(access(user="not-shown"), WARN, shown=False)
    await store.ledger.flush()
    shown = await store.retractions.shown("v1", None)
    assert {(each.way.user, each.rule, each.effect) for each in shown} == {
        ("blocked", "prohibited-app", "block"),
        ("warned", "app", "warn"),
    }
    assert await store.retractions.shown("another", None) == []


async def test_decisions_after_the_given_moment_are_left_out(store: Store) -> None:
    store.ledger.record(access(user="then"), BLOCK)
    store.ledger.record(access(user="late", now=NOW + minutes(9)), BLOCK)
    await store.ledger.flush()
    (found,) = await store.retractions.shown("v1", None, NOW + minutes(5))
    assert found.way.user == "then"


async def test_decisions_before_the_given_moment_are_left_out(store: Store) -> None:
    store.ledger.record(access(user="early"), BLOCK)
    store.ledger.record(access(user="both"), BLOCK)
    store.ledger.record(access(user="both", now=NOW + minutes(9)), BLOCK)
    await store.ledger.flush()
    since = NOW + timedelta(minutes=5)
    (found,) = await store.retractions.shown("v1", since)
    assert found.way.user == "both"
