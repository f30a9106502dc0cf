"""Mailings: one for each person, rule, version and kind, and what can become of it."""

from datetime import timedelta
from typing import Any

import pytest
from tests.unit.store.examples import NOW, minutes
from tests.unit.store.mail import ACT, in_force, mailing

from mailgate.store import About, MailCount, MailKind, MailState, Store


async def the_one(store: Store) -> Any:
    (found,) = await store.mailings.page()
    return found


async def test_a_mail_is_queued_once_whoever_queues_it(store: Store) -> None:
    told: list[int] = []
    for people in (["ada"], ["ada", "lin"], ["ada"]):
        await store.mailings.queue(map(mailing, people), lambda n: told.append(n) or ACT)  # type: ignore[func-returns-value]
    assert told == [1, 1]
    assert len(await store.audit.page()) == 2


@pytest.mark.parametrize(
    "other", [{"rule": "b"}, {"version": 2}, {"kind": MailKind.UPCOMING}, {"round": 4}], ids=str
)
async def test_another_rule_version_kind_or_round_is_another_mail(
    store: Store, other: dict[str, Any]
) -> None:
    assert await store.mailings.queue([mailing(), mailing(**other)]) == 2
    assert await store.mailings.known(mailing(**other)) == {"ada@example.com"}
    assert await store.mailings.known(mailing(rule="c")) == set()


async def test_a_mail_goes_its_way_and_what_it_said_is_let_go_of(store: Store) -> None:
    await in_force(store, "one")
    await store.mailings.queue([mailing()])
    (due,) = await store.mailings.due(NOW)
    assert await store.mailings.begin(due, "gate-1", NOW)
    assert not await store.mailings.begin(due, "gate-2", NOW)
    assert await store.mailings.due(NOW) == []
    assert [each.id for each in await store.mailings.left_over("gate-2")] == [due.id]
    assert await store.mailings.left_over("gate-1") == []
    assert await store.mailings.end(due.id, MailState.SENT, NOW)
    assert not await store.mailings.end(due.id, MailState.FAILED, NOW)
    found = await the_one(store)
    assert (found.state, found.facts, found.id) == (MailState.SENT, {}, due.id)


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
async def test_what_would_not_be_true_any_more_is_withdrawn(
    store: Store, kind: MailKind, version: int, until: Any, state: MailState
) -> None:
    """A notice needs its version in force and its day to come; a correction that none it speaks of is in force."""
    await in_force(store, "one", "two")
    await store.mailings.queue([mailing(kind=kind, version=version, until=until)])
    (due,) = await store.mailings.due(NOW)
    assert await store.mailings.begin(due, "gate", NOW) is (state is MailState.SENDING)
    assert (await the_one(store)).state is state


async def test_a_mail_is_put_off_and_counted(store: Store) -> None:
    await store.mailings.queue([mailing()])
    (due,) = await store.mailings.due(NOW)
    await store.mailings.put_off(due.id, NOW + minutes(5), NOW, "451")
    assert await store.mailings.due(NOW + minutes(4)) == []
    assert not await store.mailings.wait(NOW)
    assert await store.mailings.wait(NOW + minutes(5))
    (again,) = await store.mailings.due(NOW + minutes(5))
    assert (again.attempts, again.why) == (1, "451")


@pytest.mark.parametrize(("sent", "state"), [(True, MailState.SENT), (False, MailState.QUEUED)])
async def test_a_person_settles_what_nobody_knows(store: Store, sent: bool, state: MailState) -> None:
    await in_force(store, "one")
    await store.mailings.queue([mailing(), mailing("lin")])
    due, other = await store.mailings.due(NOW)
    await store.mailings.begin(due, "gate", NOW)
    assert await store.mailings.wait(NOW)
    await store.mailings.end(due.id, MailState.UNSURE, NOW, "lost")
    assert await store.mailings.unsure() == await store.mailings.unsure([due.id, other.id]) == 1
    later = NOW + minutes(9)
    assert await store.mailings.settle([due.id, other.id], lambda _: ACT, later, sent=sent) == 1
    (found,) = [each for each in await store.mailings.page() if each.id == due.id]
    assert (found.state, bool(found.facts)) == (state, not sent)


async def test_mails_are_counted_and_listed(store: Store) -> None:
    await store.mailings.queue([mailing(), mailing("lin"), mailing("lin", rule="b")])
    assert await store.mailings.counts() == [
        MailCount("app", 1, MailKind.ENFORCED, MailState.QUEUED, 2),
        MailCount("b", 1, MailKind.ENFORCED, MailState.QUEUED, 1),
    ]
    assert [each.count for each in await store.mailings.counts(About(1, MailKind.ENFORCED, "app"))] == [2]
    assert [each.login for each in await store.mailings.page(rule="b")] == ["lin"]
    assert await store.mailings.page(states=[MailState.SENT]) == []


async def test_mails_about_one_rule_are_paged_by_address(store: Store) -> None:
    await store.mailings.queue([mailing(each) for each in "dbca"] + [mailing("x", rule="b")])
    about = About(1, MailKind.ENFORCED, "app")
    first = await store.mailings.recipients(about, MailState.QUEUED, size=3)
    assert [each.login for each in first] == ["a", "b", "c"]
    behind = (first[-1].address, first[-1].id)
    (last,) = await store.mailings.recipients(about, MailState.QUEUED, behind)
    assert last.login == "d"
    assert await store.mailings.recipients(about, MailState.SENT) == []
    assert [each.id for each in await store.mailings.called([last.id, "none"])] == [last.id]


async def test_a_failed_mail_keeps_what_it_says_and_goes_out_again(store: Store) -> None:
    await in_force(store, "one")
    await store.mailings.queue([mailing(), mailing("lin")])
    due, other = await store.mailings.due(NOW)
    await store.mailings.put_off(due.id, NOW, NOW, "451")
    await store.mailings.end(due.id, MailState.FAILED, NOW, "550")
    told: list[int] = []
    assert await store.mailings.failed() == 1
    again = await store.mailings.retry([due.id, other.id], lambda n: told.append(n) or ACT, NOW + minutes(1))  # type: ignore[func-returns-value]
    assert (again, told) == (1, [1])
    (found,) = await store.mailings.called([due.id])
    assert (found.state, found.attempts, bool(found.facts)) == (MailState.QUEUED, 0, True)
    assert await store.mailings.retry(None, lambda _: ACT, NOW) == 0


async def test_whom_a_version_was_told_to(store: Store) -> None:
    await in_force(store, "one")
    people = [mailing(name, round=number) for name, number in (("sent", 0), ("queued", 0), ("later", 7))]
    await store.mailings.queue([*people, mailing("other", version=3), mailing("c", kind=MailKind.CORRECTION)])
    for each in await store.mailings.due(NOW):
        if each.login != "queued":
            await store.mailings.end(each.id, MailState.SENT, NOW)
    assert [each.login for each in await store.mailings.told_under([1], 5)] == ["sent"]


async def test_mails_end(store: Store) -> None:
    await store.mailings.queue([mailing()])
    assert await store.mailings.prune(NOW) == 0
    assert await store.mailings.prune(NOW + timedelta(seconds=1)) == 1
