"""Acts on single devices, which the guard counts with the changes of rules."""

import asyncio
import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any
from unittest.mock import AsyncMock, Mock

import pytest
from tests.unit.rollout import people
from tests.unit.rollout.examples import rules
from tests.unit.rollout.people import TERMS
from tests.unit.rollout.versions import begun, planned
from tests.unit.store.examples import NOW

from mailgate.devices.device import Device, Report
from mailgate.devices.trust import ENROLLED, report_by
from mailgate.model import AppsReport
from mailgate.rollout.activation import apply
from mailgate.rollout.counted_acts import RestrictedDevices, allow_enrolment, mark_lost, note_import, revoke
from mailgate.rollout.guard import Guard, Limit, read_window
from mailgate.rollout.person import Person, RefusedError
from mailgate.store import Act, EnrolledKey, EnrolmentToken, Named, Store
from mailgate.store.kept_out import NOBODY, KeptOut
from mailgate.store.schema import plans
from mailgate.store.shut_enrolments import Sort

ADA, GRACE, LIN = (Person(name, "desk") for name in ("ada", "grace", "lin"))
APPROVERS = frozenset({"grace", "lin"})
DAY = timedelta(days=1)


def guarded(most: float, by_hand: float, **more: Any) -> Guard:
    return Guard(Limit(most), approvers=APPROVERS, by_hand=Limit(by_hand), **more)


@pytest.fixture
async def phones(store: Store) -> Sequence[Device]:
    """Six phones of six people."""
    await people.know(store, rules().policy, [people.phone(n, owner=f"person-{n}") for n in range(6)])
    return await store.devices.page()


async def lose(store: Store, guard: Guard | None, phone: Device, by: Person = ADA) -> None:
    """Mark a phone as lost, as the store has it now."""
    (found,) = await store.devices.called(phone.id)
    await mark_lost(store, guard, found, by, NOW, lost=True)


async def lost(store: Store) -> int:
    return sum(each.lost_at is not None for each in await store.devices.page())


async def acts(store: Store) -> list[tuple[str, str]]:
    return [(each.who, each.what) for each in await store.audit.page()]


async def test_a_stolen_phone_is_shut_out_at_once_and_many_need_another_approver(
    store: Store, phones: Sequence[Device]
) -> None:
    guard = guarded(0, by_hand=2)
    for phone in phones[:2]:
        await lose(store, guard, phone)
    for _ in range(2):  # the same person again is no other one
        with pytest.raises(RefusedError, match="1 other approver has to do the same") as refused:
            await lose(store, guard, phones[2])
    assert (await lost(store), refused.value.missing) == (2, 1)
    assert (await acts(store))[2:] == [("ada", "device-loss-asked")]
    await lose(store, guard, phones[2], LIN)
    assert await lost(store) == 3
    window = await read_window(store, guard, NOW)
    assert (window.kept_out, window.by_hand) == (KeptOut(3, 3), KeptOut(3, 3))
    await lose(store, guard, phones[2])  # it is lost already
    assert len(await acts(store)) == 4


async def test_marks_in_the_same_moment_count_together(store: Store, phones: Sequence[Device]) -> None:
    guard = guarded(0, by_hand=2)
    found = await asyncio.gather(*(lose(store, guard, each) for each in phones), return_exceptions=True)
    assert await lost(store) == 2
    assert {type(each) for each in found} == {type(None), RefusedError}


async def test_within_the_limit_for_rules_there_is_no_other(store: Store, phones: Sequence[Device]) -> None:
    for phone in phones[:4]:
        await lose(store, guarded(4, by_hand=0), phone)
    with pytest.raises(RefusedError):
        await lose(store, guarded(4, by_hand=0), phones[4])
    for guard in (None, Guard(None, approvers=APPROVERS), guarded(1.0, by_hand=0), guarded(4, by_hand=1.0)):
        (found,) = await store.devices.called(phones[4].id)
        await mark_lost(store, guard, found, ADA, NOW, lost=not found.lost_at)
    assert await lost(store) == 4


async def test_they_count_with_the_changes_of_rules(store: Store, url: str) -> None:
    """Each by itself is within the limit."""
    await begun(store)
    await people.know(store, rules().policy, [people.phone(2, owner="lin")])
    digest, guard = await planned(store, url), guarded(2, by_hand=1)
    (phone,) = await store.devices.owned("lin")
    await lose(store, guard, phone)
    with pytest.raises(RefusedError, match="after 1 within 7 days"):
        await apply(store, digest, ADA, "", NOW, guard)


async def test_who_reports_their_own_loss_does_not_count(store: Store, phones: Sequence[Device]) -> None:
    for phone in phones:
        await store.devices.mark_lost(
            phone.id, NOW, Act(NOW, "its owner", "device-lost", f"device {phone.id}")
        )
    assert (await read_window(store, guarded(0, 0), NOW)).kept_out == NOBODY


async def test_a_wish_is_over_once_the_device_was_found(store: Store, phones: Sequence[Device]) -> None:
    guard = guarded(0, by_hand=0, approvals=2)
    phone = phones[0]
    for by in (ADA, GRACE):
        with pytest.raises(RefusedError):
            await lose(store, guard, phone, by)
    await lose(store, guard, phone, LIN)
    (found,) = await store.devices.called(phone.id)
    assert await mark_lost(store, guard, found, ADA, NOW + DAY, lost=False) is None
    with pytest.raises(RefusedError) as refused:
        await mark_lost(store, guard, phone, ADA, NOW + DAY, lost=True)
    assert refused.value.missing == 2


@pytest.mark.parametrize(("first", "then"), [(ADA, GRACE), (GRACE, ADA)])
async def test_who_wants_it_first_makes_no_difference(
    store: Store, phones: Sequence[Device], first: Person, then: Person
) -> None:
    """Ada operates, and Grace approves."""
    guard = guarded(0, by_hand=0)
    with pytest.raises(RefusedError):
        await lose(store, guard, phones[0], first)
    await lose(store, guard, phones[0], then)
    assert await lost(store) == 1


async def test_a_wish_is_for_no_more_than_its_author_was_told(store: Store) -> None:
    """The same act may keep out more by now."""
    guard, act = guarded(0, by_hand=0), Act(NOW, "ada", "connector-read", "connector hr")
    with pytest.raises(RefusedError):
        await note_import(store, guard, act, "without those not listed", KeptOut(1, 2))
    for more in (KeptOut(1, 3), KeptOut(2, 2)):
        with pytest.raises(RefusedError, match="1 other approver has to do the same"):
            await note_import(store, guard, replace(act, who="lin"), "without those not listed", more)
    again = replace(act, who="grace", at=NOW + DAY)
    await note_import(store, guard, again, "without those not listed", KeptOut(1, 1))
    with pytest.raises(RefusedError):  # it was for once
        await note_import(
            store, guard, replace(again, at=NOW + 2 * DAY), "without those not listed", KeptOut(1, 1)
        )
    assert (await store.kept_out.since(NOW)).by_hand == KeptOut(1, 1)


async def test_a_plan_that_cannot_be_read_keeps_no_stolen_phone_in(
    store: Store, phones: Sequence[Device], url: str
) -> None:
    await begun(store)
    await planned(store, url)
    async with store._database.writing() as connection:
        await connection.execute(plans.update().values(body="{}"))
    await lose(store, guarded(0.5, by_hand=1), phones[0])
    assert await lost(store) == 1
    with pytest.raises(RefusedError, match="1 other approver"):
        await lose(store, guarded(0.5, by_hand=1), phones[1])


async def test_where_nobody_else_may_approve_one_person_does_it_alone(
    store: Store, phones: Sequence[Device]
) -> None:
    await lose(store, Guard(Limit(0), by_hand=Limit(0)), phones[0])
    await lose(store, Guard(Limit(0), by_hand=Limit(0), approvers=frozenset({"ada"})), phones[1])
    assert (await store.kept_out.since(NOW)).by_hand == KeptOut(2, 2)


@pytest.fixture
async def enrolled(store: Store) -> Store:
    """Three devices, one of them with two keys, that enrolled with one token."""
    token = EnrolmentToken("token-1", "ada", "", 9, NOW, NOW + DAY)
    await store.enrolments.add(b"d" * 32, token)
    keys = {"a": "one", "b": "two", "c": "three", "d": "three"}
    await store.enrolments.take(
        [EnrolledKey(key, device, "ada", "token-1", NOW) for key, device in keys.items()]
    )
    await store.devices.ingest([report_by(ENROLLED, each) for each in set(keys.values())], NOW)
    return store


async def test_keys_count_and_a_token_keeps_nobody_out(enrolled: Store) -> None:
    guard = guarded(0, by_hand=1)
    assert (await revoke(enrolled, guard, ADA, NOW, Named("token-1"))).tokens == ("token-1",)
    assert (await revoke(enrolled, guard, ADA, NOW, Named("a"))).keys == ("a",)
    assert (await revoke(enrolled, guard, ADA, NOW + DAY, Named("a"))).before
    assert (await enrolled.kept_out.since(NOW)).kept_out == KeptOut(1, 1)
    with pytest.raises(RefusedError):
        await revoke(enrolled, guard, ADA, NOW, Named("three"))
    assert await enrolled.shut.valid_keys(Named("three")) == 2
    assert set((await revoke(enrolled, guard, LIN, NOW, Named("three"))).keys) == {"c", "d"}
    assert (await enrolled.kept_out.since(NOW)).kept_out == KeptOut(3, 3)
    last = (await enrolled.audit.page())[-1]
    assert json.loads(last.details)["keys"] == 2
    written = [what for _, what in await acts(enrolled)]
    assert written.count("enrolment-revoked") == 3


@pytest.mark.parametrize(
    "named", [Named("LT-1", Sort.MACHINE), Named("ada", Sort.PERSON), Named("token-1", with_keys=True)]
)
async def test_every_key_that_is_shut_out_at_once_counts(enrolled: Store, named: Named) -> None:
    """And somebody else has to want the very same."""
    keys = [
        replace(each, machine="LT-1", thumbprint=f"m-{each.thumbprint}")
        for each in await enrolled.enrolments.page()
    ]
    await enrolled.enrolments.take(keys)
    guard = guarded(0, by_hand=3)
    with pytest.raises(RefusedError, match="1 other approver has to do the same"):
        await revoke(enrolled, guard, ADA, NOW, named)
    with pytest.raises(RefusedError):  # the same person again
        await revoke(enrolled, guard, ADA, NOW, named)
    assert await enrolled.shut.all() == []
    done = await revoke(enrolled, guard, LIN, NOW, named)
    assert (await enrolled.kept_out.since(NOW)).kept_out == KeptOut(len(done.keys), len(done.keys))
    assert len(done.keys) >= 4


async def test_who_is_allowed_again_keeps_nobody_out(enrolled: Store) -> None:
    named = Named("ada", Sort.PERSON)
    assert not await allow_enrolment(enrolled, ADA, NOW, named)
    await revoke(enrolled, None, ADA, NOW, named)
    assert await allow_enrolment(enrolled, ADA, NOW, named)
    assert [what for _, what in await acts(enrolled)][-2:] == ["enrolment-revoked", "enrolment-allowed"]


async def test_a_wish_to_revoke_is_over_once_it_was_done(enrolled: Store) -> None:
    """The device may enrol anew."""
    guard = guarded(0, by_hand=0)
    with pytest.raises(RefusedError):
        await revoke(enrolled, guard, ADA, NOW, Named("one"))
    await revoke(enrolled, guard, LIN, NOW + DAY, Named("one"))
    await enrolled.enrolments.take([EnrolledKey("e", "one", "ada", "token-1", NOW + 2 * DAY)])
    with pytest.raises(RefusedError, match="1 other approver has to do the same"):
        await revoke(enrolled, guard, LIN, NOW + 2 * DAY, Named("one"))
    assert await enrolled.shut.valid_keys(Named("one")) == 1


async def test_a_revocation_whose_time_cannot_be_read_revives_no_wish(
    enrolled: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    await revoke(enrolled, guarded(0, by_hand=1), ADA, NOW, Named("one"))
    monkeypatch.setattr(enrolled.audit, "last", AsyncMock(return_value=Mock(at="?")))
    await enrolled.enrolments.take([EnrolledKey("e", "one", "ada", "token-1", NOW + DAY)])
    for who in (ADA, LIN, ADA):
        with pytest.raises(RefusedError, match="1 other approver has to do the same"):
            await revoke(enrolled, guarded(0, by_hand=1), who, NOW + DAY, Named("one"))


async def test_an_import_is_noted_with_whom_it_may_keep_out_before_it_is_made(store: Store) -> None:
    guard, act = guarded(0, by_hand=2), Act(NOW, "ada", "connector-import-asked", "connector hr")
    await note_import(store, guard, act, "file 1", KeptOut(1, 2))
    for sort in ("file 2", "file 3"):  # whoever does the same does it with the same file
        with pytest.raises(RefusedError):
            await note_import(store, guard, act, sort, KeptOut(1, 1))
    with pytest.raises(RefusedError):
        await note_import(store, guard, Act(NOW, "grace", act.what, act.about), "file 4", KeptOut(1, 1))
    await note_import(store, guard, Act(NOW, "lin", act.what, act.about), "file 3", KeptOut(1, 1))
    assert (await store.kept_out.since(NOW)).by_hand == KeptOut(2, 3)


@pytest.mark.parametrize(
    ("when", "hit"),
    [
        ("client.handheld && !('tiktok' in device.apps)", 1),  # an app that a phone has to have
        ("'push' in device.sources", 2),
        ("client.handheld && device.managed", 1),
        ("client.handheld", 0),
        ("'push' in device.sources && device.os == 'tizen'", 0),
    ],
)
async def test_whom_a_rule_asks_for_the_better_look_may_keep_out(store: Store, when: str, hit: int) -> None:
    looked = (AppsReport(frozenset(apps), True, NOW - DAY / 24) for apps in (["tiktok"], []))
    await store.devices.ingest(
        [report_by("hr", f"{n}", serial=f"S{n}", apps=each) for n, each in enumerate(looked)], NOW - DAY / 24
    )
    policy = rules(f'rules: [{{id: shut, when: "{when}", effect: block}}]').policy
    found = RestrictedDevices(store, policy, TERMS, NOW)
    await found.take(
        [
            report_by("hr", "0", serial="S0", apps=AppsReport(frozenset(), True, NOW)),
            report_by("push", "7", serial="S0"),
            report_by("push", "8", serial="S1", managed=True),
        ]
    )
    assert found.count.devices == hit


async def test_whom_records_may_keep_out(store: Store) -> None:
    def told(number: int, *apps: str, owner: str = "ada", **more: Any) -> Report:
        looked = AppsReport(frozenset(apps), True, NOW)
        return report_by("hr", f"{number}", owner=owner, serial=f"SERIAL{number}", apps=looked, **more)

    await store.devices.ingest([told(each) for each in range(4)], NOW)
    found = RestrictedDevices(store, rules().policy, TERMS, NOW)
    await found.take([told(0), told(7), told(1, "tiktok"), report_by("hr", "2", gone=True)])
    assert found.count == KeptOut(1, 2)
    await found.take([told(8, "tiktok", owner=""), told(9, "tiktok", owner="")])
    assert found.count == KeptOut(3, 4)
    # where its owner uses a client that names no device, the worst of their phones counts
    await found.take([report_by("hr", "10", owner="ada"), report_by("hr", "11", owner="lin")])
    assert found.count == KeptOut(3, 5)
    assert len(await store.devices.page()) == 4
