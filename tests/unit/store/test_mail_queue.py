"""MailQueue: one for each person, rule, version and kind, and what can become of it."""

from datetime import timedelta
from typing import Any

import pytest
from tests.unit.rollout.versions import altered
from tests.unit.store.examples import BROWSER, CATALOG, NOW, PHONE_1, TERMS, minutes, proof, prune
from tests.unit.store.mail import ACT, a_mail, in_force

from mailgate.model import Kind, PostureState
from mailgate.model.notice import ToldDevice
from mailgate.policy.reliefs import Cause, Relief
from mailgate.store import MailCount, MailKind, MailState, NoticeKey, Store
from mailgate.store.mail_queue import WAIT_FOR_RULE


async def the_one(store: Store) -> Any:
    (found,) = await store.mails.page()
    return found


ABOUT = (ToldDevice(Kind.PHONE, "ios", PostureState.MISSING, ()),)


async def test_a_mail_is_queued_once_whoever_queues_it(store: Store) -> None:
    told: list[int] = []
    for people in (["ada"], ["ada", "lin"], ["ada"]):
        await store.mails.queue(map(a_mail, people), lambda n: told.append(n) or ACT)  # type: ignore[func-returns-value]
    assert told == [1, 1]
    assert len(await store.audit.page()) == 2


@pytest.mark.parametrize(
    "other", [{"rule": "b"}, {"version": 2}, {"kind": MailKind.UPCOMING}, {"round": 4}], ids=str
)
async def test_another_rule_version_kind_or_round_is_another_mail(
    store: Store, other: dict[str, Any]
) -> None:
    assert await store.mails.queue([a_mail(), a_mail(**other)]) == 2
    assert await store.mails.known(a_mail(**other)) == {"ada@example.com"}
    assert await store.mails.known(a_mail(rule="c")) == set()


async def test_a_mail_of_a_kind_that_only_a_newer_gate_knows_is_left_to_it(store: Store, url: str) -> None:
    """It kept an older one from sending any."""
    await store.mails.queue([a_mail(), a_mail("lin")])
    with altered(url, "mails", "kind", "reminder", "login = 'lin'"):
        assert [each.login for each in await store.mails.due(NOW)] == ["ada"]
        assert [each.login for each in await store.mails.page()] == ["ada"]
        assert [each.count for each in await store.mails.counts()] == [1]
        with altered(url, "mails", "kind", "reminder", "login = 'ada'"):
            assert not await store.mails.has_work(NOW)
        assert await store.mails.has_work(NOW)


async def test_a_sent_mail_is_kept_without_its_text(store: Store) -> None:
    await in_force(store, "one")
    await store.mails.queue([a_mail(about=ABOUT)])
    (due,) = await store.mails.due(NOW)
    assert await store.mails.begin(due, "gate-1", NOW)
    assert not await store.mails.begin(due, "gate-2", NOW)
    assert await store.mails.due(NOW) == []
    assert [each.id for each in await store.mails.left_over("gate-2")] == [due.id]
    assert await store.mails.left_over("gate-1") == []
    assert await store.mails.end(due.id, MailState.SENT, NOW)
    assert not await store.mails.end(due.id, MailState.FAILED, NOW)
    found = await the_one(store)
    assert (found.state, found.notice, found.id, found.about) == (MailState.SENT, None, due.id, ABOUT)


@pytest.mark.parametrize(
    ("kind", "version", "until", "state"),
    [
        (MailKind.ENFORCED, 2, None, MailState.SENDING),
        (MailKind.ENFORCED, 1, None, MailState.WITHDRAWN),
        (MailKind.UPCOMING, 2, NOW, MailState.WITHDRAWN),
        (MailKind.UPCOMING, 2, NOW + minutes(1), MailState.SENDING),
        (MailKind.CORRECTION, 1, None, MailState.SENDING),
        (MailKind.CORRECTION, 2, None, MailState.WITHDRAWN),
    ],
)
async def test_a_mail_that_is_no_longer_true_is_withdrawn(
    store: Store, kind: MailKind, version: int, until: Any, state: MailState
) -> None:
    """A notice needs its version in force and its day to come; a correction that none it speaks of is in force."""
    await in_force(store, "one", "two")
    await store.mails.queue([a_mail(kind=kind, version=version, until=until, about=ABOUT)])
    (due,) = await store.mails.due(NOW)
    assert await store.mails.begin(due, "gate", NOW) is (state is MailState.SENDING)
    found = await the_one(store)
    assert (found.state, found.about) == (state, () if state is MailState.WITHDRAWN else ABOUT)


@pytest.mark.parametrize(
    ("relief", "kind", "waits"),
    [
        (Relief(0, Cause.HALT, "app", "too many", "mailgate", NOW), MailKind.ENFORCED, True),
        (Relief(0, Cause.HALT, "other", "too many", "mailgate", NOW), MailKind.ENFORCED, False),
        (Relief(0, Cause.HALT, "app", "too many", "mailgate", NOW), MailKind.REPLY, False),
        (
            Relief(0, Cause.EXEMPTION, "", "abroad", "ada", NOW, NOW + minutes(5), "ann"),
            MailKind.ENFORCED,
            True,
        ),
        (
            Relief(0, Cause.EXEMPTION, "", "abroad", "ada", NOW, NOW + minutes(5), "eve"),
            MailKind.ENFORCED,
            False,
        ),
        (
            Relief(0, Cause.SELF_SERVICE, "app", "", "self-service", NOW, NOW + minutes(5), "ann"),
            MailKind.ENFORCED,
            False,
        ),
    ],
)
async def test_a_notice_waits_while_its_rule_keeps_its_reader_out_of_nothing(
    store: Store, relief: Relief, kind: MailKind, waits: bool
) -> None:
    await in_force(store, "one")
    await store.reliefs.grant(relief, ACT)
    await store.mails.queue([a_mail("Ann", kind=kind)])
    (due,) = await store.mails.due(NOW)
    assert await store.mails.begin(due, "gate", NOW) is not waits
    assert (await the_one(store)).state is (MailState.QUEUED if waits else MailState.SENDING)
    assert not await store.mails.has_work(NOW) or not waits
    if relief.until and waits:
        (due,) = await store.mails.due(NOW + WAIT_FOR_RULE)
        assert await store.mails.begin(due, "gate", NOW + WAIT_FOR_RULE)


async def test_a_mail_is_put_off_and_counted(store: Store) -> None:
    await store.mails.queue([a_mail()])
    (due,) = await store.mails.due(NOW)
    await store.mails.put_off(due.id, NOW + minutes(5), NOW, "451")
    assert await store.mails.due(NOW + minutes(4)) == []
    assert not await store.mails.has_work(NOW)
    assert await store.mails.has_work(NOW + minutes(5))
    (again,) = await store.mails.due(NOW + minutes(5))
    assert (again.attempts, again.why) == (1, "451")


@pytest.mark.parametrize(("sent", "state"), [(True, MailState.SENT), (False, MailState.QUEUED)])
async def test_a_person_settles_what_nobody_knows(store: Store, sent: bool, state: MailState) -> None:
    await in_force(store, "one")
    await store.mails.queue([a_mail(), a_mail("lin")])
    due, other = await store.mails.due(NOW)
    await store.mails.begin(due, "gate", NOW)
    assert await store.mails.has_work(NOW)
    await store.mails.end(due.id, MailState.UNSURE, NOW, "lost")
    assert await store.mails.count_unsure() == await store.mails.count_unsure([due.id, other.id]) == 1
    later = NOW + minutes(9)
    assert await store.mails.settle([due.id, other.id], lambda _: ACT, later, sent=sent) == 1
    (found,) = [each for each in await store.mails.page() if each.id == due.id]
    assert (found.state, bool(found.notice)) == (state, not sent)


async def test_mails_are_counted_and_listed(store: Store) -> None:
    await store.mails.queue([a_mail(), a_mail("lin"), a_mail("lin", rule="b")])
    assert await store.mails.counts() == [
        MailCount("app", 1, MailKind.ENFORCED, MailState.QUEUED, 2),
        MailCount("b", 1, MailKind.ENFORCED, MailState.QUEUED, 1),
    ]
    assert [each.count for each in await store.mails.counts(NoticeKey(1, MailKind.ENFORCED, "app"))] == [2]
    assert [each.login for each in await store.mails.page(rule="b")] == ["lin"]
    assert await store.mails.page(states=[MailState.SENT]) == []


async def test_mails_about_one_rule_are_paged_by_address(store: Store) -> None:
    await store.mails.queue([a_mail(each) for each in "dbca"] + [a_mail("x", rule="b")])
    about = NoticeKey(1, MailKind.ENFORCED, "app")
    first = await store.mails.recipients(about, MailState.QUEUED, size=3)
    assert [each.login for each in first] == ["a", "b", "c"]
    behind = (first[-1].address, first[-1].id)
    (last,) = await store.mails.recipients(about, MailState.QUEUED, behind)
    assert last.login == "d"
    assert await store.mails.recipients(about, MailState.SENT) == []
    assert [each.id for each in await store.mails.by_ids([last.id, "none"])] == [last.id]


async def test_a_failed_mail_keeps_what_it_says_and_goes_out_again(store: Store) -> None:
    await in_force(store, "one")
    await store.mails.queue([a_mail(), a_mail("lin")])
    due, other = await store.mails.due(NOW)
    await store.mails.put_off(due.id, NOW, NOW, "451")
    await store.mails.end(due.id, MailState.FAILED, NOW, "550")
    told: list[int] = []
    assert await store.mails.count_failed() == 1
    again = await store.mails.retry([due.id, other.id], lambda n: told.append(n) or ACT, NOW + minutes(1))  # type: ignore[func-returns-value]
    assert (again, told) == (1, [1])
    (found,) = await store.mails.by_ids([due.id])
    assert (found.state, found.attempts, bool(found.notice)) == (MailState.QUEUED, 0, True)
    assert await store.mails.retry(None, lambda _: ACT, NOW) == 0


async def test_a_failed_mail_without_its_notice_is_not_tried_again(store: Store) -> None:
    await store.mails.queue([a_mail(notice=None)])
    (due,) = await store.mails.due(NOW)
    await store.mails.end(due.id, MailState.FAILED, NOW, "550")
    assert await store.mails.count_failed() == 0
    assert await store.mails.retry([due.id], lambda _: ACT, NOW) == 0


async def test_people_told_of_a_version_are_found(store: Store) -> None:
    await in_force(store, "one")
    people = [a_mail(name, round=number) for name, number in (("sent", 0), ("queued", 0), ("later", 7))]
    await store.mails.queue([*people, a_mail("other", version=3), a_mail("c", kind=MailKind.CORRECTION)])
    for each in await store.mails.due(NOW):
        if each.login != "queued":
            await store.mails.end(each.id, MailState.SENT, NOW)
    assert [each.login for each in await store.mails.perhaps_read_about([1], 5)] == ["sent"]


async def test_old_mails_are_deleted(store: Store) -> None:
    await store.mails.queue([a_mail()])
    assert await prune(store, NOW) == 0
    assert await prune(store, NOW + timedelta(seconds=1)) == 1


WEEK = timedelta(days=7)


async def claim(
    store: Store, person="ada", device="phone-1", reason="prohibited-app", now=NOW, at_most=3, per_hour=99
):
    return await store.quarantine_mails.claim(
        person, device, reason, now, pause=WEEK, at_most=at_most, per_hour=per_hour
    )


async def test_nobody_is_told_the_same_twice_within_the_pause(store: Store) -> None:
    assert [await claim(store), await claim(store)] == [True, False]
    assert not await claim(store, now=NOW + WEEK - timedelta(seconds=1))
    assert [await claim(store, now=NOW + WEEK), await claim(store, now=NOW + WEEK)] == [True, False]


@pytest.mark.parametrize(
    "other", [{"person": "bob"}, {"device": "phone-2"}, {"reason": "posture-stale"}], ids=str
)
async def test_another_person_device_or_reason_is_other_news(store: Store, other: dict[str, str]) -> None:
    assert await claim(store)
    assert await claim(store, **other)


async def test_a_person_gets_a_few_mails_whatever_devices_name_them(store: Store) -> None:
    assert [await claim(store, device=str(n), at_most=2) for n in range(4)] == [True, True, False, False]
    assert await claim(store, person="bob", at_most=2)


async def test_all_together_get_a_few_mails_an_hour(store: Store) -> None:
    told = [await claim(store, person=str(n), per_hour=2) for n in range(3)]
    assert told == [True, True, False]
    assert not await claim(store, person="late", now=NOW + timedelta(minutes=59), per_hour=2)
    assert await claim(store, person="later", now=NOW + timedelta(hours=1), per_hour=2)


async def test_an_unsent_mail_may_be_claimed_again(store: Store) -> None:
    await claim(store)
    await store.quarantine_mails.release("ada", "phone-1", "prohibited-app")
    assert await claim(store)


async def test_a_claim_is_remembered_by_the_next_process(store: Store, other_gates: list[Store]) -> None:
    await claim(store)
    assert not await claim(other_gates[0])


async def test_old_notices_go_and_those_of_a_forgotten_device_too(store: Store) -> None:
    await claim(store)
    assert await prune(store, NOW) == 0
    assert await prune(store, NOW + timedelta(seconds=1)) == 1
    await store.postures(CATALOG, TERMS).current(BROWSER, proof(eas_ids=("ApplX1",)), NOW)
    await store.reports.flush()
    for device in (PHONE_1, "applx1"):
        await claim(store, device=device)
    assert await store.devices.forget(PHONE_1, NOW)
    assert [await claim(store, device=device) for device in (PHONE_1, "applx1")] == [True, True]
