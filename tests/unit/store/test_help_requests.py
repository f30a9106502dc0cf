"""Who asked for help against which rule."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from tests.unit.store.examples import BLOCK, NOW, access, prune

from mailgate.store import HelpRequest, Store
from mailgate.store.audit import Act

HOUR = timedelta(hours=1)
ADA = HelpRequest("shut", "ada", "ada", "d1", "prohibited-app", "REF1", "p1", True, 1, NOW, NOW)


async def test_one_person_is_one_however_often_they_ask(store: Store) -> None:
    for number in range(3):
        at = NOW + number * HOUR
        await store.help_requests.note(replace(ADA, reference=f"REF{number}", first_at=at, last_at=at))
    (kept,) = await store.help_requests.page()
    assert (kept.times, kept.reference, kept.first_at, kept.last_at) == (3, "REF2", NOW, NOW + 2 * HOUR)
    assert await store.help_requests.count("shut", NOW - HOUR) == 1


async def test_words_stay_until_others_are_written_and_an_answer_until_the_next(store: Store) -> None:
    requests = store.help_requests
    await requests.note(replace(ADA, words="It is gone."))
    await requests.answered("ada", NOW, "Open the app.")
    await requests.note(replace(ADA, last_at=NOW + HOUR))
    kept = await requests.one("shut", "ada")
    assert kept is not None
    assert (kept.words, kept.answer, kept.replied_at, kept.waits) == (
        "It is gone.",
        "Open the app.",
        NOW,
        True,
    )
    await requests.note(replace(ADA, words="Still nothing.", last_at=NOW + 2 * HOUR))
    await requests.answered("ada", NOW + 3 * HOUR, "")
    kept = await requests.one("shut", "ada")
    assert kept is not None
    assert (kept.words, kept.answer, kept.waits) == ("Still nothing.", "", False)


async def test_one_open_request_is_answered_without_a_mail_and_a_closed_one_is_not(store: Store) -> None:
    act, key = Act(NOW, "ada", "help-answered"), ("shut", "client:1")
    await store.help_requests.note(replace(ADA, subject="client:1", person="", device="", known=False))
    assert await store.help_requests.answer_one(key, "Open the app.", NOW, act)
    await store.help_requests.finish([key], "ada", NOW, act)
    assert not await store.help_requests.answer_one(key, "Too late.", NOW, act)
    kept = await store.help_requests.one(*key)
    assert kept is not None
    assert kept.answer == "Open the app."


@pytest.fixture
async def asked_by_four(store: Store) -> Store:
    """Ada, Lin an hour later, somebody whom nobody knows, and Ada about another rule."""
    await store.help_requests.note(ADA)
    await store.help_requests.note(replace(ADA, subject="lin", person="lin", last_at=NOW + HOUR))
    await store.help_requests.note(replace(ADA, subject="REF9", person="", device="", known=False))
    await store.help_requests.note(replace(ADA, rule="other"))
    return store


@pytest.mark.parametrize(
    ("since", "count"),
    [(NOW - HOUR, 2), (NOW, 1), (NOW + HOUR, 0)],
    ids=["an hour before", "now", "an hour later"],
)
async def test_only_recent_requests_of_known_people_count(
    asked_by_four: Store, since: datetime, count: int
) -> None:
    assert await asked_by_four.help_requests.count("shut", since) == count


async def test_all_whose_person_is_unknown_are_one_person_however_many_devices_they_have(
    store: Store,
) -> None:
    await store.help_requests.note(ADA)
    for number in range(5):
        nameless = replace(ADA, subject=f"d{number}", person="", device=f"d{number}")
        await store.help_requests.note(nameless)
    assert await store.help_requests.count("shut", NOW - HOUR) == 6
    assert await store.help_requests.people("shut", NOW - HOUR) == 2
    assert await store.help_requests.people("shut", NOW) == 0


async def test_all_are_listed_and_those_about_a_rule_the_last_first(asked_by_four: Store) -> None:
    assert len(await asked_by_four.help_requests.page()) == 4
    assert [each.subject for each in await asked_by_four.help_requests.page("shut", 2)] == ["lin", "REF9"]


async def test_help_requests_of_a_person_are_found_by_name_and_device(store: Store) -> None:
    await store.help_requests.note(ADA)
    await store.help_requests.note(replace(ADA, subject="d2", person="", device="d2"))
    await store.help_requests.note(replace(ADA, subject="lin", person="lin", device="d2"))
    found = await store.help_requests.of_person("ada", ["d2"])
    assert {each.subject for each in found} == {"ada", "d2"}
    assert [each.subject for each in await store.help_requests.of_person("", ["d2"])] == ["d2"]


async def test_old_help_requests_are_deleted(store: Store) -> None:
    await store.help_requests.note(ADA)
    assert await prune(store, NOW) == 0
    assert await prune(store, NOW + HOUR) == 1


async def test_every_help_number_leads_to_its_sighting_while_it_is_kept(store: Store) -> None:
    store.ledger.record(access(device=""), BLOCK, "FIRST")
    await store.ledger.flush()
    (seen,) = await store.sightings.latest()
    for number, reference in enumerate(("FIRST", "SECOND")):
        asked = replace(ADA, reference=reference, last_at=NOW + number * HOUR)
        await store.help_requests.note(asked, seen.id)
    store.ledger.record(replace(access(device=""), now=NOW + 2 * HOUR), BLOCK, "LATER")
    await store.ledger.flush()
    found = [await store.sightings.find(name) for name in ("FIRST", "SECOND", "LATER", "NEVER")]
    assert [each and each.id for each in found] == [seen.id, seen.id, seen.id, None]
    day = timedelta(days=1)
    await store.help_requests.note(replace(ADA, reference="LAST", last_at=NOW + day), seen.id)
    await prune(store, NOW + 3 * HOUR)
    assert await store.sightings.find("LAST"), "somebody has asked about it later"
    await prune(store, NOW + 2 * day)
    assert not await store.sightings.find("LAST")


async def test_one_that_was_noted_without_a_record_leads_nowhere(store: Store) -> None:
    await store.help_requests.note(ADA)
    assert await store.sightings.find("REF1") is None


async def test_those_who_wait_come_the_longest_waiting_first_and_count_once(store: Store) -> None:
    for subject, rule, hours in (("lin", "other", 3), ("ada", "one", 9), ("ada", "two", 1), ("cy", "one", 5)):
        at = NOW - hours * HOUR
        asked = replace(ADA, subject=subject, person=subject, rule=rule, first_at=at, last_at=at)
        await store.help_requests.note(asked)
    await store.help_requests.answered("cy", NOW, "soon")
    await store.help_requests.finish([("two", "ada")], "grace", NOW, Act(NOW, "grace", "help-done"))
    people, nobodys, longest = await store.help_requests.waiting(1)
    assert (people, nobodys, [(each.person, each.rule) for each in longest]) == (2, 0, [("ada", "one")])
    for device in ("d7", "d8"):
        await store.help_requests.note(replace(ADA, subject=device, person="", device=device, last_at=NOW))
    assert (await store.help_requests.waiting(0))[:2] == (2, 2), "a device is no person"
