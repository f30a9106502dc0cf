"""Everybody in the store comes once, as the gate would see them now."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest
from tests.unit.rollout import people
from tests.unit.rollout.examples import rules
from tests.unit.store.examples import NOW

from mailgate.devices.trust import ENROLLED, report_by
from mailgate.model import Kind, PostureState, RequestFacts
from mailgate.policy.simulate.impact import Subject
from mailgate.rollout import replay as population_module
from mailgate.rollout.replay import Population, PostureInputs
from mailgate.store import Store

POLICY = rules().policy
LISTS = PostureInputs(POLICY.catalog, people.TERMS)


async def everybody(store: Store, after: PostureInputs = LISTS, days: int = 14) -> dict[str, Subject]:
    found = Population(store, LISTS, after, (NOW - timedelta(days=days)).date(), NOW)
    pages = [page async for page in found.devices("", None)] + [page async for page in found.strangers()]
    subjects = [subject for page in pages for subject in page]
    found_by = {(each.id, each.occasions[0].person): each for each in subjects}
    assert len(found_by) == len(subjects)
    return {
        name if each.known or name.startswith("eas") else f"{name} {person}": each
        for (name, person), each in found_by.items()
    }


async def test_a_device_comes_once_for_each_sighting_or_once_without_any(store: Store) -> None:
    await people.know(store, POLICY, [people.phone(1, owner="Ada"), people.phone(2, "tiktok", owner="grace")])
    await people.see(store, POLICY, people.mail_app("EAS1"), "ada")
    await people.see(store, POLICY, people.page_load(people.IPHONE), "ada", people.phone(1, owner="Ada"))
    found = await everybody(store)
    assert {name: len(each.occasions) for name, each in found.items()} == {
        people.device(1): 2,
        people.device(2): 1,
    }
    assert {each.person for each in found[people.device(1)].occasions} == {"ada"}
    (unseen,) = found[people.device(2)].occasions
    assert (unseen.before.client.kind, unseen.before.posture.state, unseen.person) == (
        Kind.PHONE,
        PostureState.LISTED,
        "grace",
    )
    assert "request.protocol" in unseen.unrecorded


async def test_nobody_stands_for_the_owner_of_a_device_by_naming_it(store: Store) -> None:
    await people.know(store, POLICY, [people.phone(1, "tiktok", owner="ada")])
    await people.see(store, POLICY, people.mail_app("EAS1"), "bob")
    occasions = (await everybody(store))[people.device(1)].occasions
    assert {each.person for each in occasions} == {"ada", "bob"}


async def test_people_without_a_device_come_too_and_reported_mail_apps_are_known(store: Store) -> None:
    await people.see(store, POLICY, people.page_load(people.WINDOWS), "lin")
    await people.see(store, POLICY, people.mail_app("EAS7"), "ada")
    await people.know(store, POLICY, [people.phone(7, "tiktok", owner="ada")])
    found = await everybody(store)
    assert {each.occasions[0].person: each.known for each in found.values() if not each.known} == {
        "lin": False,
        "ada": False,
    }
    assert found["eas7"].occasions[0].before.posture.state is PostureState.LISTED


async def test_a_login_at_the_mail_server_has_the_devices_of_its_person(store: Store) -> None:
    await people.know(store, POLICY, [people.phone(1, owner="ada"), people.phone(2, "tiktok", owner="ada")])
    await people.see(store, POLICY, people.imap(), "ada")
    found = await everybody(store)
    seen = [
        occasion
        for each in found.values()
        for occasion in each.occasions
        if occasion.before.client.protocol == "imap"
    ]
    assert [each.before.posture.state for each in seen] == [PostureState.LISTED]


@pytest.mark.parametrize(
    ("facts", "user", "known"),
    [
        (people.page_load(people.WINDOWS), "lin", True),
        (people.mail_app("EAS9"), "made-up", False),
        (people.mail_app("EAS2"), "made-up", False),
        (people.mail_app("EAS1"), "another", False),
        (people.mail_app("EAS1"), "ADA", True),
        (people.imap(), "guessed", False),
    ],
    ids=["by a proxy", "an unknown device", "a device of nobody known", "a device of another", "their own device", "at the side door"],
)  # fmt: skip
async def test_a_name_that_a_client_gives_itself_makes_nobody_known(
    store: Store, facts: RequestFacts, user: str, known: bool
) -> None:
    await people.know(store, POLICY, [people.phone(1, owner="Ada"), people.phone(2)])
    await people.see(store, POLICY, facts, user)
    seen = [each for subject in (await everybody(store)).values() for each in subject.occasions]
    assert [each.known for each in seen if each.person == user.lower()] == [known]


@pytest.mark.parametrize(("source", "vouched"), [(people.ISSUER, True), ("jamf", True), (ENROLLED, False)])
async def test_a_device_that_only_speaks_for_itself_vouches_for_nobody(
    store: Store, source: str, vouched: bool
) -> None:
    await store.devices.ingest([report_by(source, "d1", "ada", Kind.LAPTOP, keys=("key-1",))], NOW)
    (subject,) = (await everybody(store)).values()
    assert (subject.known, subject.vouched, subject.occasions[0].known) == (True, vouched, vouched)


async def test_an_import_makes_nobody_known_until_the_source_reports(store: Store) -> None:
    told = report_by("hr", "d1", "ada", Kind.PHONE, eas_ids=("EAS1",))
    vouched = []
    for report in (replace(told, handed=True), told, replace(told, owner="grace", handed=True)):
        await store.devices.ingest([report], NOW)
        (subject,) = (await everybody(store)).values()
        vouched.append((subject.vouched, subject.occasions[0].known))
    assert vouched == [(False, False), (True, True), (False, False)]


@pytest.mark.parametrize(("own", "known"), [(False, True), (True, False)])
async def test_a_proof_names_a_person_only_by_its_issuer(store: Store, own: bool, known: bool) -> None:
    proof = replace(people.phone(1, owner="ada"), self_reported=own, apps=None)
    await people.see(store, POLICY, people.page_load(people.IPHONE), "ada", proof)
    (subject,) = (await everybody(store)).values()
    assert [each.known for each in subject.occasions] == [known]


async def test_a_sighting_before_the_window_does_not_count(store: Store) -> None:
    await people.see(store, POLICY, people.page_load(people.WINDOWS), "lin", at=NOW - timedelta(days=20))
    assert await everybody(store) == {}
    assert len(await everybody(store, days=30)) == 1


async def test_other_lists_change_what_a_report_is_worth(store: Store) -> None:
    await people.know(store, POLICY, [people.phone(1, "tiktok", owner="ada")])
    harmless = rules(apps="apps: {tiktok: {name: TikTok}}\n").policy
    (occasion,) = (await everybody(store, PostureInputs(harmless.catalog, people.TERMS)))[
        people.device(1)
    ].occasions
    assert (occasion.before.posture.state, occasion.after.posture.state) == (
        PostureState.LISTED,
        PostureState.CLEAN,
    )


async def test_pages_and_parts_leave_nobody_out(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(population_module, "PAGE", 3)
    await people.know(store, POLICY, [people.phone(number) for number in range(10)])
    for number in range(7):
        await people.see(store, POLICY, people.page_load(people.WINDOWS), f"person-{number}")
    assert len(await everybody(store)) == 17
    marks = await store.devices.splits(4)
    found = Population(store, LISTS, LISTS, NOW.date(), NOW)
    parts = zip(["", *marks], [*marks, None], strict=True)
    sizes = [[len(page) async for page in found.devices(*part)] for part in parts]
    assert [sum(pages) for pages in sizes] == [2, 3, 2, 3]
    assert await store.devices.splits(1) == []


async def test_others_have_their_turn_while_many_devices_and_clients_are_read(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The loop of a gate serves mail meanwhile, however many a person has made."""
    monkeypatch.setattr(population_module, "AT_ONCE", 4)
    await people.know(store, POLICY, [people.phone(n, owner="ada") for n in range(20)])
    for n in range(20):
        await people.see(store, POLICY, people.page_load(f"{people.WINDOWS} Edg/{n}.0"), "ada")
    turns = list[float]()

    async def beside() -> None:
        while True:
            turns.append(0)
            await asyncio.sleep(0)

    found = Population(store, LISTS, LISTS, NOW.date(), NOW)
    owned = await store.people.devices("ada", NOW)
    other = asyncio.create_task(beside())
    await asyncio.sleep(0)
    turns.clear()
    await found._devices(owned, {}, [])
    assert len(turns) == len(owned) // 4 == 5
    other.cancel()
