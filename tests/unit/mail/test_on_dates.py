"""Notices that start by themselves: on their dates, once, never after a roll back, and shown to a person where that cannot be."""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from tests.unit.mail.examples import BELIEVED, OPEN, address, policy
from tests.unit.rollout import people
from tests.unit.rollout.examples import rules
from tests.unit.rollout.versions import ADA, last_entry, put_in_force
from tests.unit.store.examples import NOW
from tests.unit.store.outage import away

from mailgate.config import Rules
from mailgate.mail import on_dates
from mailgate.mail.on_dates import dated_notices, start_notices
from mailgate.policy.reliefs import Cause, Relief
from mailgate.rollout import rule_texts_of
from mailgate.rollout.activation import retract
from mailgate.rollout.person import Person
from mailgate.store import Act, MailKind, MailState, Store, StoreError

GATE = Person("gate", "host")
WARN, BLOCK = datetime(2026, 12, 8, tzinfo=UTC), datetime(2026, 12, 15, tzinfo=UTC)
DAY = timedelta(days=1)
OTHER = "{id: other, when: 'user.name == \"grace\"', effect: block}"


def app(
    stages: str = "{warn: 2026-12-08, enforce: 2026-12-15}", send: str = ", notice: {send: on_dates}"
) -> str:
    dated = f", stages: {stages}" if stages else ""
    return f"{{id: app, title: No phones, when: 'client.handheld', effect: block{dated}{send}}}"


FILES = rules(policy(app(), OPEN))


@pytest.fixture
async def store(store: Store) -> Store:
    """Ada and Lin have a phone, and rules that let them in were in force."""
    await put_in_force(store, rules(policy(OPEN)))
    await people.know(
        store, FILES.policy, [people.phone(n, owner=who) for n, who in enumerate(("ada", "lin"))]
    )
    return store


async def started(store: Store, files: Rules = FILES, now: datetime = NOW) -> int:
    files = files.with_reliefs(await store.reliefs.current(now))
    return await start_notices(store, files, BELIEVED, address, GATE, now)


async def told(store: Store) -> list[tuple[MailKind, int, str]]:
    """The notices that were started or held back, the oldest first."""
    return [(each.kind, each.mails, each.why) for each in reversed(await store.mails.started())]


async def send(store: Store, *names: str, at: datetime = NOW) -> None:
    for each in await store.mails.page(states=[MailState.QUEUED]):
        if each.login in names and await store.mails.begin(each, "here", at):
            await store.mails.end(each.id, MailState.SENT, at)


UPCOMING, WARNED, ENFORCED = MailKind.UPCOMING, MailKind.WARNED, MailKind.ENFORCED


@pytest.mark.parametrize(
    ("stages", "since", "dates"),
    [
        ("{warn: 2026-12-08, enforce: 2026-12-15}", NOW, [(UPCOMING, NOW, WARN), (WARNED, WARN, BLOCK), (ENFORCED, BLOCK, BLOCK + DAY)]),
        ("{warn: 2026-12-08, enforce: 2026-12-15}", WARN + DAY, [(WARNED, WARN, BLOCK), (ENFORCED, BLOCK, BLOCK + DAY)]),
        ("{warn: 2026-12-08, enforce: 2026-12-15}", BLOCK + 3 * DAY, [(ENFORCED, BLOCK, BLOCK + 4 * DAY)]),
        ("{enforce: 2026-12-15}", NOW, [(UPCOMING, NOW, BLOCK), (ENFORCED, BLOCK, BLOCK + DAY)]),
        ("{report_only: 2026-12-08}", NOW, []),
        ("", NOW, [(ENFORCED, NOW, NOW + DAY)]),
    ],
)  # fmt: skip
def test_a_rule_has_a_notice_for_its_start_and_each_stage(
    stages: str, since: datetime, dates: list[tuple[MailKind, datetime, datetime]]
) -> None:
    found = dated_notices(rules(policy(app(stages), OPEN)).policy, since)
    assert [(each.kind, each.at, each.until) for each in found] == dates


@pytest.mark.parametrize("line", [app(send=""), OPEN, app().replace("effect: block", "effect: allow")])
def test_a_rule_without_the_word_starts_nothing(line: str) -> None:
    assert not list(dated_notices(rules(policy(line)).policy, NOW))


async def test_each_stage_tells_whoever_it_meets_once_and_on_its_date(store: Store) -> None:
    await put_in_force(store, FILES)
    assert [await started(store, now=NOW + n * timedelta(hours=1)) for n in range(3)] == [2, 0, 0]
    await people.know(store, FILES.policy, [people.phone(9, owner="new")])
    assert [await started(store, now=at) for at in (WARN - timedelta(seconds=1), WARN, WARN + DAY)] == [
        0,
        3,
        0,
    ]
    assert await started(store, now=NOW) == 0  # the clock was set back
    assert [await started(store, now=at) for at in (BLOCK, BLOCK + 30 * DAY)] == [3, 0]
    assert await told(store) == [(UPCOMING, 2, ""), (WARNED, 3, ""), (ENFORCED, 3, "")]


async def test_two_gates_at_once_start_it_once(store: Store) -> None:
    await put_in_force(store, FILES)
    assert sorted(await asyncio.gather(started(store), started(store))) == [0, 2]


async def test_only_the_newly_affected_are_told_of_a_start(store: Store) -> None:
    await put_in_force(store, rules(policy(app("", ""), OPEN)))
    await put_in_force(store, rules(policy(app(""), OPEN)))
    assert await started(store, rules(policy(app(""), OPEN))) == 0
    assert await told(store) == [(ENFORCED, 0, "")]


async def test_another_change_of_the_rules_tells_nobody_again(store: Store) -> None:
    await put_in_force(store, FILES)
    assert await started(store) == 2
    await send(store, "ada", "lin")
    more = rules(policy(OTHER, app(), OPEN))
    await put_in_force(store, more, at=NOW + DAY)
    assert [await started(store, more, at) for at in (NOW + DAY, WARN, WARN + DAY)] == [0, 2, 0]


async def test_a_notice_that_no_version_before_could_start_is_started_by_the_next(store: Store) -> None:
    await put_in_force(store, FILES)
    await started(store)
    more = rules(policy(OTHER, app(), OPEN))
    await put_in_force(store, more, at=WARN + timedelta(hours=1))
    assert await started(store, more, WARN + timedelta(hours=1)) == 2


async def test_mails_that_another_version_kept_from_going_are_written_by_it(store: Store) -> None:
    await put_in_force(store, FILES)
    assert await started(store) == 2
    await send(store, "ada")
    more, later = rules(policy(OTHER, app(), OPEN)), NOW + timedelta(minutes=5)
    await put_in_force(store, more, at=later)
    (lin,) = await store.mails.page(states=[MailState.QUEUED])
    assert not await store.mails.begin(lin, "here", later)
    await off(store, later + timedelta(minutes=1), later)
    assert [await started(store, more, later + n * timedelta(minutes=1)) for n in range(3)] == [0, 1, 0]
    (again,) = await store.mails.page(states=[MailState.QUEUED])
    assert (again.login, again.version, await told(store)) == ("lin", 3, [(UPCOMING, 2, "")] * 2)


async def test_a_roll_back_of_something_else_tells_nobody_twice_and_nobody_never(store: Store) -> None:
    await put_in_force(store, FILES)
    await started(store)
    more, later = rules(policy(OTHER, app(), OPEN)), NOW + timedelta(minutes=5)
    await put_in_force(store, more, at=later)
    (ada, lin) = await store.mails.due(NOW)
    for each in (ada, lin):
        assert not await store.mails.begin(each, "here", later)
    assert await started(store, more, later) == 2
    await send(store, "ada", at=later)
    await retract(store, ADA, "a mistake", later)
    assert [await started(store, now=later + n * timedelta(minutes=1)) for n in range(2)] == [1, 0]
    waiting = await store.mails.page(states=[MailState.QUEUED])
    assert {(each.login, each.version) for each in waiting} >= {("lin", 2)}
    assert [await started(store, now=at) for at in (WARN, WARN + DAY)] == [2, 0]


async def test_mails_that_waited_go_to_whom_the_rule_still_meets(store: Store) -> None:
    await put_in_force(store, FILES)
    await started(store)
    more = rules(policy("{id: lin, when: 'user.name == \"lin\"', effect: allow}", app(), OPEN))
    await put_in_force(store, more, at=NOW + timedelta(minutes=5))
    assert await started(store, more, NOW + timedelta(minutes=5)) == 1


async def test_a_rule_that_was_away_tells_people_again(store: Store) -> None:
    await put_in_force(store, at_once := rules(policy(app(""), OPEN)))
    assert await started(store, at_once) == 2
    await send(store, "ada", "lin")
    await put_in_force(store, rules(policy(OPEN, OTHER)), at=NOW + DAY)
    again = rules(policy(app(""), OPEN, OTHER))
    await put_in_force(store, again, at=NOW + 60 * DAY)
    assert await started(store, again, NOW + 60 * DAY) == 2


async def test_the_next_version_does_not_make_good_what_was_against_the_guard(store: Store) -> None:
    await against_the_guard(store)
    more = rules(policy(OTHER, app(), OPEN))
    await put_in_force(store, more, at=NOW + timedelta(minutes=5))
    assert [await started(store, more, at) for at in (NOW + DAY, WARN)] == [0, 0]
    assert await told(store) == [(UPCOMING, 0, "against-the-guard"), (WARNED, 0, "against-the-guard")]


async def test_nothing_starts_after_a_roll_back_and_all_of_it_after_a_new_start(store: Store) -> None:
    await put_in_force(store, FILES)
    assert await started(store) == 2
    await retract(store, ADA, "too early", NOW)
    assert [await started(store, now=at) for at in (NOW, WARN, BLOCK)] == [0, 0, 0]
    assert await started(store, rules(policy(OPEN)), WARN) == 0
    await put_in_force(store, FILES, at=NOW + DAY)
    assert await started(store, now=NOW + DAY) == 2


async def test_rules_that_change_while_people_are_counted_start_nothing(store: Store, monkeypatch) -> None:
    await put_in_force(store, FILES)
    counts = on_dates.list_recipients

    async def overtaken(*given):
        await retract(store, ADA, "too early", NOW)
        return await counts(*given)

    monkeypatch.setattr(on_dates, "list_recipients", overtaken)
    assert await started(store) == 0
    assert not await store.mails.page()


@pytest.mark.parametrize(
    ("at", "outcome"),
    [
        (WARN + 2 * DAY, [(UPCOMING, 0, "late"), (WARNED, 2, "")]),
        (BLOCK + timedelta(hours=1), [(UPCOMING, 0, "late"), (WARNED, 0, "late"), (ENFORCED, 2, "")]),
        (BLOCK + 2 * DAY, [(UPCOMING, 0, "late"), (WARNED, 0, "late"), (ENFORCED, 0, "late")]),
    ],
)
async def test_a_late_notice_is_sent_while_it_is_true_and_else_shown(
    store: Store, at: datetime, outcome: list[tuple[MailKind, int, str]]
) -> None:
    await put_in_force(store, FILES)
    await started(store, now=at)
    assert sorted(await told(store)) == sorted(outcome)


async def off(store: Store, until: datetime, since: datetime = NOW) -> None:
    relief = Relief(0, Cause.BREAK_GLASS, "app", "a mistake", "ada", since, until)
    await store.reliefs.grant(relief, Act(since, "ada", "rule-turned-off"))


async def test_a_rule_that_is_off_starts_nothing_until_it_is_on_again(store: Store) -> None:
    await put_in_force(store, FILES)
    await off(store, NOW + 2 * DAY)
    assert [await started(store, now=NOW + n * DAY) for n in range(4)] == [0, 0, 2, 0]


async def test_a_rule_that_is_off_has_no_history_read_round_by_round(store: Store, monkeypatch) -> None:
    await put_in_force(store, FILES)
    await off(store, NOW + DAY)
    monkeypatch.setattr(store.policies, "history", away)
    assert await started(store) == 0


async def test_a_rule_that_stays_off_shows_what_it_did_not_say(store: Store) -> None:
    await put_in_force(store, FILES)
    await off(store, BLOCK + 9 * DAY)
    assert [await started(store, now=at) for at in (NOW, WARN)] == [0, 0]
    assert await told(store) == [(UPCOMING, 0, "off")]


async def against_the_guard(store: Store) -> None:
    act = Act(NOW, "ada", "policy-activated-against-the-guard")
    active = await put_in_force(store, rules(policy(OPEN)))
    await store.policies.activate(rule_texts_of(FILES), replace(act, details={}), after=active.serial)


async def test_a_version_against_the_guard_starts_nothing_by_itself(store: Store) -> None:
    await against_the_guard(store)
    assert await started(store) == 0
    assert await told(store) == [(UPCOMING, 0, "against-the-guard")]
    last = await last_entry(store)
    assert (last.who, last.what, last.about) == ("gate", "notices-held", "rule app")


async def test_a_version_against_the_guard_holds_nothing_once_it_is_rolled_back(store: Store) -> None:
    active = await put_in_force(store, FILES)
    await started(store)
    act = Act(NOW, "ada", "policy-activated-against-the-guard")
    more = rules(policy(OTHER, app(), OPEN))
    await store.policies.activate(rule_texts_of(more), act, after=active.serial)
    await retract(store, ADA, "a mistake", NOW)
    assert await started(store, now=WARN) == 2


async def test_a_store_that_takes_no_writes_starts_it_once_it_does(store: Store, monkeypatch) -> None:
    await put_in_force(store, FILES)
    with monkeypatch.context() as broken:
        broken.setattr(store.mails, "start", away)
        with pytest.raises(StoreError):
            await started(store)
    assert [await started(store), await started(store)] == [2, 0]
