"""One person's data: every table that names them is handed out and deleted, and nobody else's row is touched."""

import json
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import insert, select
from tests.unit.store.examples import BLOCK, NOW, access, mail_app
from tests.unit.store.people import write_down
from tests.unit.store.steps import scanned, steps_of

from mailgate.devices.trust import report_by
from mailgate.model import AppsReport, Kind
from mailgate.policy.simulate.impact import Mover
from mailgate.store import Act, Named, RuleTexts, Store, StoredPlan
from mailgate.store.device_rows import DeviceRow
from mailgate.store.personal_data import PERSONAL
from mailgate.store.schema import metadata, shut_enrolments
from mailgate.store.shut_enrolments import digest_of_name

PRECEDENCE = ["intune", "jamf"]
PLANNED = Act(NOW, "grace", "policy-planned")


async def keep_something_of(store: Store, person: str) -> None:
    """A row in every table that names people, each with the person's name or their device's in it."""
    apps = AppsReport(frozenset({"tiktok"}), True, NOW)
    names: dict[str, Any] = {"serial": f"SERIAL-{person}", "eas_ids": (f"appl{person}0001",)}
    known = {"kind": Kind.PHONE, "os": "ios", "apps": apps} | names
    intune = report_by("intune", f"intune-{person}", person, **known)
    jamf = report_by("jamf", f"jamf-{person}", f"not-{person}", **known | {"os": "android"})
    await store.devices.ingest([intune, jamf], NOW)
    (device,) = await store.people.devices(person, NOW, PRECEDENCE)
    await store.rows.keep([DeviceRow(device.number, person, state="listed", apps='["tiktok"]')])
    await store.plans.keep(
        StoredPlan(f"plan-of-{len(person)}", 1, RuleTexts("p", {}), "{}", "grace", NOW, 1), PLANNED
    )
    mover = Mover(person, device.id, *("phone", "ios", (), "clean", ()), *["block"] * 6, 0, 0)
    await store.movers.add(f"plan-of-{len(person)}", 1, [mover])
    store.ledger.record(access(client=mail_app(f"appl{person}0001"), device="", user=person.upper()), BLOCK)
    await store.ledger.flush()
    (seen,) = await store.sightings.latest(user=person.upper())
    await write_down(store, person, f"appl{person}0001", seen.id)
    for number in (1, 2):
        await store.enrolments.enrol(person.encode(), f"thumb{number}-of-{person}", "", NOW)
    await store.shut.revoke(Named(f"thumb2-of-{person}"), NOW)
    row = {"kind": "person", "name": person, "at": NOW, "by": "grace"}
    await store.shut._change(insert(shut_enrolments).values(row))


async def everything_in(store: Store) -> dict[str, str]:
    """All rows of every table, as text."""
    async with store._database.reading() as connection:
        return {
            table.name: json.dumps(
                [[str(value) for value in row] for row in await connection.execute(select(table))]
            )
            for table in metadata.sorted_tables
        }


NOT_PERSONAL = {
    "keys": "secrets of the gate",
    "gates": "which gates run, by their computers and addresses",
    "spent_proofs": "digests of proofs, for some minutes; nothing leads from them to anybody",
    "verdict_counts": "how often what was decided, by kinds and rules",
    "device_changes": "one number",
    "device_row_changes": "one number",
    "app_counts": "how many had each listed app on a day",
    "refused_days": "how many were refused on a day",
    "drafts": "small changes of rules, by admins: the same",
    "plans": "rules that were planned, and how many they would hit",
    "policies": "rules; an admin's name stands there in office, and stays, so that no change is without one",
    "started_notices": "which notices about which rules the gate has started by itself",
    "retractions": "which versions were taken back",
    "activations": "which rules were put in force by which admin: the same",
    "audit": "who changed the rules: the same, in a chain that no entry can be taken out of",
    "audit_head": "the end of that chain",
    "phone_changes": "one number",
    "relief_changes": "one number",
    "connectors": "how each connector fares",
    "policy_versions": "what a management's policies keep from devices, by the packages of apps",
    "leases": "which gate does what",
    "forgotten_devices": "ids alone of devices that are no more, for a day; nothing leads from them to anybody",
}
"""The tables that name nobody, by name, each with the reason."""


def test_every_table_is_either_personal_or_says_why_not() -> None:
    """Whoever adds a table says here whether it names people, and the tests below see to it."""
    assert sorted([*NOT_PERSONAL, *(table.name for table in PERSONAL)]) == sorted(metadata.tables)


async def test_every_personal_table_is_handed_out(store: Store) -> None:
    for person in ("alice", "zoe"):
        await keep_something_of(store, person)
    told = await store.personal.everything("Alice", NOW, ["alice@example.com"], PRECEDENCE)
    assert {name for name, rows in told.items() if not rows} == set()
    assert set(told) == {table.name for table in PERSONAL}
    text = json.dumps(told)
    assert "zoe" not in text.lower()
    assert "not-alice" not in text


async def test_everything_of_a_person_is_forgotten_and_nothing_of_another(store: Store) -> None:
    for person in ("alice", "zoe"):
        await keep_something_of(store, person)
    before = await store.personal.everything("zoe", NOW, ["zoe@example.com"], PRECEDENCE)
    assert await store.personal.forget("alice", NOW, ["alice@example.com"], PRECEDENCE) == 1
    left = await everything_in(store)
    assert {name for name, rows in left.items() if "alice" in rows.lower()} == {"enrolled_keys"}
    assert set(await store.enrolments.revoked()) == {"thumb2-of-alice", "thumb2-of-zoe"}
    assert [each.owner for each in await store.enrolments.page()] == ["Zoe", "", "Zoe"]
    assert await store.personal.everything("zoe", NOW, ["zoe@example.com"], PRECEDENCE) == before


async def test_of_somebody_who_enrols_no_more_a_digest_stays(store: Store) -> None:
    for person in ("alice", "zoe"):
        await keep_something_of(store, person)
    await store.personal.forget("Alice", NOW)
    names = select(shut_enrolments.c.name)
    assert set(await store.enrolments._values(names)) == {digest_of_name("ALICE"), "zoe"}
    assert (await store.personal.everything("alice", NOW))["shut_enrolments"]
    await store.enrolments.prune(NOW)
    assert "zoe" in await store.enrolments._values(names)
    for _ in range(2):
        await store.enrolments.prune(NOW + timedelta(seconds=1))
    assert set(await store.enrolments._values(names)) == {digest_of_name("alice"), digest_of_name("zoe")}


async def test_a_device_of_somebody_else_stays_without_the_name(store: Store) -> None:
    await keep_something_of(store, "alice")
    assert await store.personal.forget("not-alice", NOW, precedence=PRECEDENCE) == 0
    (device,) = await store.people.devices("alice", NOW, PRECEDENCE)
    assert {report.owner for report in device.reports} == {"alice", ""}
    assert "not-alice" not in json.dumps(await everything_in(store))


async def test_an_unknown_person_has_no_data(store: Store) -> None:
    await keep_something_of(store, "alice")
    told = await store.personal.everything("nobody", NOW)
    assert not any(told.values())
    assert await store.personal.forget("nobody", NOW) == 0


async def test_an_empty_name_is_no_person(store: Store) -> None:
    """Else all that names nobody would be theirs."""
    with pytest.raises(ValueError, match="a login name is needed"):
        await store.personal.everything("", NOW)


@pytest.mark.parametrize("login", ["%", "alice%", "_lice"])
async def test_a_name_is_no_pattern(store: Store, login: str) -> None:
    await keep_something_of(store, "alice")
    assert not any((await store.personal.everything(login, NOW)).values())


async def test_gates_learn_that_an_exemption_went_with_its_person(store: Store) -> None:
    await keep_something_of(store, "alice")
    before = await store.reliefs.serial()
    await store.personal.forget("alice", NOW)
    assert (await store.reliefs.current(NOW)).every == ()
    assert await store.reliefs.serial() > before


async def test_a_persons_rows_are_found_by_indexes(store: Store) -> None:
    await keep_something_of(store, "alice")
    steps = await steps_of(store, lambda store: store.personal.forget("alice", NOW, precedence=PRECEDENCE))
    assert scanned(steps) == []
