"""From a decision to what is recorded of it."""

import asyncio
import gc
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import pairwise
from pathlib import Path
from types import ModuleType

import pytest
from tests.servers import PATIENCE
from tests.unit.rollout.examples import rules
from tests.unit.store.examples import BLOCK, access, stored
from tests.unit.store.outage import outage

from mailgate.classify import classify
from mailgate.model import (
    FOUND_BESIDE,
    Access,
    AttestationResult,
    Client,
    Effect,
    Kind,
    Reason,
    RequestFacts,
    RuleTrial,
    Stage,
)
from mailgate.policy.decide import decide
from mailgate.store import Proofs, Store
from mailgate.store.client_facts import LONGEST_NAME
from mailgate.store.ledger import MOST_REPEATED_STRANGERS, MOST_STRANGERS, REPEATED_INTERVAL
from mailgate.store.sightings import Tally


async def test_a_sighting_says_who_what_and_why(store: Store) -> None:
    would = RuleTrial("next-rule", "true", True, Stage.REPORT_ONLY, Effect.WARN)
    store.ledger.record(access(), replace(BLOCK, would=(would,)), "0a1b")
    (row,) = await stored(store)
    seen = row.sighting
    assert (seen.device, seen.user, seen.posture) == ("phone-1", "ada@example.com", "missing")
    assert (seen.rule, seen.effect, seen.reason) == ("prohibited-app", Effect.BLOCK, Reason.PROHIBITED_APP)
    assert (seen.would, seen.policy) == (("next-rule:warn",), "v1")
    assert (seen.client.kind, seen.client.os, seen.client.assurance) == ("phone", "ios", "claimed")
    assert row == await store.sightings.find(row.id) == await store.sightings.find("0a1b")
    assert await store.sightings.find("other") is None


async def test_a_recorded_client_can_be_classified_again(store: Store) -> None:
    facts = RequestFacts(method="GET", target="/mail/", headers={"user-agent": "Mozilla/5.0 (\udcff iPhone)"})
    store.ledger.record(access(facts), BLOCK)
    (row,) = await stored(store)
    assert row.sighting.client.facts == facts


@pytest.mark.parametrize("bad", ["\ud800", "a\0b", "x" * 100_000, "' --"])
async def test_odd_text_is_kept_somehow(store: Store, bad: str) -> None:
    facts = RequestFacts(method=bad, target=f"/{bad}/x", headers={"user-agent": bad})
    store.ledger.record(
        access(facts, device=bad, user=bad, client=Client(Kind.MAIL_APP, True, eas_id=bad)), BLOCK
    )
    assert len(await stored(store)) == 1
    assert store.ledger.counts.dropped == 0


async def test_an_unrecordable_decision_is_counted_and_raises_nothing(store: Store) -> None:
    store.ledger.record(None, BLOCK)  # type: ignore[arg-type]
    assert store.ledger.counts.dropped == 1


def made_up(number: int) -> RequestFacts:
    return RequestFacts(headers={"user-agent": f"made-up/{number}"})


def stranger(number: int) -> Access:
    """Somebody without a device or a name, of a user agent of their own."""
    return access(made_up(number), device="", user="")


def strangers_come(store: Store, count: int) -> None:
    for number in range(count):
        store.ledger.record(stranger(number), BLOCK)


async def test_a_flood_of_strangers_is_recorded_in_part_and_counted(store: Store) -> None:
    strangers_come(store, MOST_STRANGERS + 30)
    assert store.ledger.strangers_not_recorded == 30
    assert len(list(store.ledger.waiting())) == MOST_STRANGERS
    await store.ledger.flush()
    store.ledger.record(stranger(-1), BLOCK)
    assert store.ledger.strangers_not_recorded == 30, "the next write has room again"


async def test_strangers_of_many_writes_are_no_flood(store: Store) -> None:
    """Whoever comes first after a write: a known device leaves as much room as a stranger."""
    for number in range(MOST_STRANGERS + 30):
        store.ledger.record(access(), BLOCK)
        store.ledger.record(stranger(number), BLOCK)
        if number % 100 == 0:
            await store.ledger.flush()
    assert store.ledger.strangers_not_recorded == 0


async def test_other_pages_of_a_waiting_stranger_are_strangers_too(store: Store) -> None:
    strangers_come(store, MOST_STRANGERS)
    store.ledger.record(stranger(7), BLOCK)
    store.ledger.record(access(replace(made_up(7), target="/other/x"), device="", user=""), BLOCK)
    assert store.ledger.strangers_not_recorded == 1
    assert sum(item.times for item in store.ledger.waiting()) == MOST_STRANGERS + 1


async def test_known_clients_are_recorded_even_in_a_flood(store: Store) -> None:
    strangers_come(store, MOST_STRANGERS + 30)
    store.ledger.record(stranger(0), BLOCK)
    store.ledger.record(access(made_up(-1), device="phone-2", user=""), BLOCK)
    store.ledger.record(access(made_up(-1), device="", user="bob@example.com"), BLOCK)
    assert store.ledger.strangers_not_recorded == 30
    assert len(list(store.ledger.waiting())) == MOST_STRANGERS + 2
    assert store.ledger.counts.dropped == 0


LET_IN = replace(BLOCK, effect=Effect.ALLOW)
OWN, ADA = access().facts.user_agent, access().user.name


def later(seconds: float) -> datetime:
    return access().now + timedelta(seconds=seconds)


async def test_a_refusal_that_recurs_leaves_what_it_would_by_the_whole_way(store: Store) -> None:
    recurring = store.ledger.recurring(access(), BLOCK)
    store.ledger.record(access(), BLOCK, "REF0")
    recurring(OWN, ADA, "", later(2), "REF2")
    recurring(OWN, ADA, "", later(1), "REF1")
    (row,) = await stored(store)
    assert row.tally == Tally(3, later(0), later(2), "REF2", 3)
    recurring(OWN, ADA, "", later(3), "REF3")
    assert (await stored(store))[0].tally == Tally(4, later(0), later(3), "REF3", 4)


async def test_strangers_whose_refusals_recur_are_a_flood_like_all_others(store: Store) -> None:
    """By the time at which they come, and not at which they first came."""
    recurring = store.ledger.recurring(stranger(-1), BLOCK)
    strangers_come(store, MOST_STRANGERS)
    recurring(made_up(-1).user_agent, "", "", later(1), "REF")
    assert store.ledger.strangers_not_recorded == 1
    await store.ledger.flush()
    recurring(made_up(-1).user_agent, "", "", later(7200), "REF")
    assert store.ledger._stranger_limit._since == later(7200)


async def test_a_refusal_that_recurs_and_cannot_be_recorded_is_counted_and_never_raised(store: Store) -> None:
    store.ledger.recurring(access(), replace(BLOCK, would=None))(OWN, ADA, "", later(1), "REF")  # type: ignore[arg-type]
    assert store.ledger.counts.dropped == 1


async def test_of_what_recurs_nothing_is_held_but_what_its_record_needs(store: Store) -> None:
    policy = rules("rules: [{id: all, when: 'true', effect: allow}]").policy
    asked = access(replace(access().facts, headers={"cookie": "session=secret"}))
    decision = decide(asked, policy)
    assert "session=secret" in reached(decision.trials)
    assert "session=secret" not in reached(store.ledger.recurring(asked, decision).args[0])  # type: ignore[attr-defined]


def reached(start: object) -> set[str]:
    """The texts that an object holds, directly or by others."""
    found, waiting = dict[int, object](), [start]
    while waiting:
        for each in gc.get_referents(waiting.pop()):
            if id(each) not in found and not isinstance(each, type | ModuleType) and not _is_global(each):
                found[id(each)] = each
                waiting.append(each)
    return {each for each in found.values() if isinstance(each, str)}


def _is_global(each: object) -> bool:
    return isinstance(each, dict) and "__name__" in each


async def test_repeated_requests_are_recorded_as_if_each_were(store: Store) -> None:
    recurring = store.ledger.recurring(access(), LET_IN)
    for moment in (0.1, 0.2, 0.4):
        recurring(OWN, ADA, "", later(moment), "")
    assert [item.times for item in store.ledger.waiting()] == [3]
    recurring(OWN, ADA, "", later(0.3), "")  # a clock that was put back
    recurring(OWN, ADA, "", later(0.5), "")
    store.ledger.record(access(now=later(0.6)), LET_IN)
    (row,) = await stored(store)
    assert row.tally == Tally(6, later(0.1), later(0.6))
    recurring(OWN, ADA, "", later(2), "")
    (row,) = await stored(store)
    assert row.tally == Tally(7, later(0.1), later(2))
    assert row.tally.shown == 0


async def test_repeated_requests_survive_an_outage_and_the_end(url: str, tmp_path: Path) -> None:
    first = await Store.open(url, spool=tmp_path)
    recurring = first.ledger.recurring(access(), LET_IN)
    with outage(first):
        for moment in (1, 2):
            recurring(OWN, ADA, "", later(moment), "")
            recurring(OWN, ADA, "", later(moment), "")
            await first.ledger.flush()
        recurring(OWN, ADA, "", later(3), "")
        recurring(OWN, ADA, "", later(3), "")
        await first.close()
    second = await Store.open(url, spool=tmp_path)
    (row,) = await stored(second)
    assert row.tally == Tally(6, later(1), later(3))
    await second.close()


async def test_results_of_proofs_are_read_back_from_store_and_spool(url: str, tmp_path: Path) -> None:
    proof = AttestationResult("d", "https://mdm.example.com", kind=Kind.PHONE, os="ios", status="affirming")
    found = (FOUND_BESIDE[Reason.KEY_IN_TWO_PLACES],)
    proven = replace(access(), attestation=proof, client=replace(access().client, findings=found))
    told = Proofs("accepted", proof.issuer, "affirming", "phone", "ios", findings=("key-in-two-places",))
    first = await Store.open(url, spool=tmp_path)
    first.ledger.record(proven, LET_IN)
    assert [row.sighting.client.proofs for row in await stored(first)] == [told]
    with outage(first):
        first.ledger.record(replace(proven, now=later(1)), LET_IN)
        await first.close()
    second = await Store.open(url, spool=tmp_path)
    assert [(row.sighting.client.proofs, row.tally.times) for row in await stored(second)] == [(told, 2)]
    await second.close()


async def test_a_flood_of_strangers_takes_no_room_from_what_recurs(store: Store) -> None:
    strangers_come(store, MOST_STRANGERS)
    recurring = store.ledger.recurring(stranger(-1), LET_IN)
    for moment in (1, 2, 3):
        recurring(made_up(-1).user_agent, "", "", later(moment))
    assert [item.times for item in store.ledger.waiting() if item.times > 1] == [3]
    assert store.ledger.strangers_not_recorded == 0


@pytest.mark.parametrize("person", [ADA, ""])
async def test_another_user_agent_is_recorded_as_if_in_full(store: Store, person: str) -> None:
    first = access(made_up(1), user=person)
    other = access(made_up(2), user=person, now=later(3), client=classify(made_up(2)))
    recurring = store.ledger.recurring(first, LET_IN)
    recurring(made_up(1).user_agent, person, "", later(1))
    for moment in (2, 3):
        recurring(made_up(2).user_agent, person, "", later(moment))
    rows = await stored(store)
    assert sorted(row.tally for row in rows) == [Tally(1, later(1), later(1)), Tally(2, later(2), later(3))]
    recurring(made_up(2).user_agent, person, "", later(2))
    store.ledger.record(other, LET_IN)
    assert sorted(row.tally.times for row in await stored(store)) == [1, 4]


@pytest.mark.parametrize("named", [True, False])
async def test_who_differs_in_the_name_alone_is_recorded_as_if_in_full(store: Store, named: bool) -> None:
    """People who share a decision and a browser each have a row, and their names vouch for them as they do in full."""

    def seen(name: str, moment: float) -> Access:
        facts = replace(made_up(1), user=name if named else None)
        return access(facts, device="", user=name, now=later(moment), client=classify(facts))

    people = ["ada", "bob", "x" * LONGEST_NAME, "ada"]
    for moment, name in enumerate(people):
        store.ledger.record(seen(name, moment), LET_IN)
    whole = dict(store.ledger._items)
    store.ledger._items.clear()
    recurring = store.ledger.recurring(seen("cid", 0), LET_IN)
    for moment, name in enumerate(people):
        recurring(made_up(1).user_agent, name, "", later(moment))
    assert len(list(store.ledger.waiting())) == 3
    assert store.ledger._items == whole


async def test_strangers_beyond_the_limit_are_counted_and_not_recorded(store: Store) -> None:
    recurring = store.ledger.recurring(stranger(-1), LET_IN)
    for number in range(MOST_REPEATED_STRANGERS + 3):
        recurring(made_up(number).user_agent, "", "", later(1))
    recurring(made_up(1).user_agent, "", "", later(2))
    await store.ledger.flush()
    assert (store.ledger.strangers_not_recorded, store.ledger.counts.written) == (3, MOST_REPEATED_STRANGERS)
    recurring(made_up(-2).user_agent, "", "", later(3))
    assert len(list(store.ledger.waiting())) == 1, "the next ones have room again"


async def test_each_is_written_when_it_is_due_the_oldest_first(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = [0.0]
    monkeypatch.setattr(store.ledger, "_clock", lambda: clock[0])
    recurring = store.ledger.recurring(access(), LET_IN)
    for number in range(4):
        recurring(made_up(number).user_agent, ADA, "", later(1))
    clock[0] = 1.0
    recurring(made_up(4).user_agent, ADA, "", later(2))
    written = []
    for clock[0] in (4.9, 5.0, 5.5, 6.0):
        await store.ledger.flush(whole=False)
        written.append(store.ledger.counts.written)
    assert written == [0, 4, 4, 5]


async def test_other_tasks_have_their_turn_while_much_is_recorded(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock, people, turns = [0.0], 1000, []
    monkeypatch.setattr(store.ledger, "_clock", lambda: clock[0])
    for number in range(people):
        seen = access(replace(made_up(number), user=f"person-{number}"), device="", user=f"person-{number}")
        store.ledger.recurring(seen, LET_IN)(seen.facts.user_agent, seen.user.name, "", later(1))
    assert store.ledger.backlog().waiting == people
    assert len(store.ledger._repeated) == people, "a look at how many wait records none of them"

    async def look() -> None:
        while store.ledger._repeated:
            turns.append(len(store.ledger._repeated))
            await asyncio.sleep(0)

    clock[0] = REPEATED_INTERVAL
    await asyncio.gather(store.ledger.flush(whole=False), look())
    assert max(before - after for before, after in pairwise(turns)) <= 50
    assert store.ledger.counts.written == people


async def test_repeated_requests_are_written_later_than_refusals(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    seconds = 0.0
    monkeypatch.setattr(store.ledger, "_clock", lambda: seconds)
    recurring = store.ledger.recurring(access(user="ada@example.com"), LET_IN)
    recurring(OWN, ADA, "", later(1), "")
    store.ledger.record(access(user="bob@example.com"), BLOCK)
    await store.ledger.flush(whole=False)
    assert [each.sighting.user for each in await store.sightings.latest()] == ["bob@example.com"]
    assert store.ledger.backlog().waiting == 1
    recurring(OWN, ADA, "", later(2), "")
    seconds = REPEATED_INTERVAL
    await store.ledger.flush(whole=False)
    found = {each.sighting.user: each.tally.times for each in await store.sightings.latest()}
    assert found == {"bob@example.com": 1, "ada@example.com": 2}


async def test_repeated_requests_are_written_though_nothing_else_is(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mailgate.store.ledger.REPEATED_INTERVAL", 0.0)
    store.ledger.interval = 0.0
    run = asyncio.create_task(store.ledger.run())
    store.ledger.recurring(access(), LET_IN)(OWN, ADA, "", later(1))
    async with asyncio.timeout(PATIENCE):
        while not await store.sightings.latest():
            await asyncio.sleep(0)
    await store.ledger.close(1)
    await run


async def test_the_number_of_waiting_repeats_is_bounded(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(store.ledger, "_limit", 10)
    recurring = store.ledger.recurring(access(), LET_IN)
    for number in range(10):
        for _ in range(2):
            recurring(made_up(number).user_agent, ADA, "", later(number))
        assert len(store.ledger._repeated) <= 5
    assert sorted(item.times for item in store.ledger.waiting()) == [2] * 10


@pytest.mark.parametrize("user", ["", "known"])
async def test_repeated_requests_lose_nothing_by_the_longer_interval(
    store: Store, monkeypatch: pytest.MonkeyPatch, user: str
) -> None:
    """Five seconds of it at once are more than the queue holds, and than one write takes of strangers."""
    monkeypatch.setattr(store.ledger, "_limit", MOST_STRANGERS)
    seconds, each_second = 0.0, 200
    monkeypatch.setattr(store.ledger, "_clock", lambda: seconds)
    for number in range(4 * each_second):
        if number % each_second == 0:
            seconds += 1
            await store.ledger.flush(whole=False)
        name = user and f"{user}-{number}"
        one = access(replace(made_up(number), user=name), device="", user=name)
        store.ledger.recurring(one, LET_IN)(one.facts.user_agent, name, "", later(seconds))
    await store.ledger.flush()
    assert (store.ledger.strangers_not_recorded, store.ledger.counts.dropped) == (0, 0)
    assert store.ledger.counts.written == 4 * each_second


async def test_a_refusal_was_told_and_a_warning_that_nobody_saw_was_not(store: Store) -> None:
    for shown in (True, False, None):
        store.ledger.record(access(user=f"shown-{shown}"), BLOCK, shown=shown)
    await store.ledger.flush()
    found = {each.sighting.user: each.tally.shown for each in await store.sightings.latest()}
    assert found == {"shown-True": 1, "shown-False": 0, "shown-None": 1}


async def test_two_refusals_in_one_row_count_as_shown_twice(store: Store) -> None:
    for shown in (None, None, False):
        store.ledger.record(access(), BLOCK, shown=shown)
    (row,) = await stored(store)
    assert (row.tally.times, row.tally.shown) == (3, 2)
