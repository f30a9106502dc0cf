"""Sending what is queued: what every answer of a mail server leads to, and what a death leaves behind."""

import asyncio
from datetime import datetime, timedelta
from email.message import EmailMessage

import pytest
from tests.unit.rollout.examples import OPEN, rules
from tests.unit.store.examples import NOW
from tests.unit.store.mail import a_mail

from mailgate.mail.postman import LEASE, PAUSES, Postman, PostmanTools, run_to_end
from mailgate.mail.transport import DeferredError, RejectedMailError, TransportDownError, UnknownOutcomeError
from mailgate.rollout import rule_texts_of
from mailgate.store import Act, Mail, MailState, Store, StoreUnavailableError


class Way:
    """Takes everything, or raises what it was given for an address at a step."""

    def __init__(self) -> None:
        self.taken: list[str] = []
        self.called_back: list[str] = []
        self.at_offer: dict[str, Exception] = {}
        self.at_hand_over: dict[str, Exception] = {}
        self.knows: bool | None = None
        self.offered = ""

    async def prepare(self, message: EmailMessage, key: str) -> None:
        if error := self.at_offer.get(str(message["To"]).partition("@")[0]):
            raise error
        self.offered = str(message["To"]).partition("@")[0]

    async def abort(self, key: str) -> None:
        self.called_back.append(key)

    async def commit_delivery(self, key: str) -> None:
        if error := self.at_hand_over.get(self.offered):
            raise error
        self.taken.append(self.offered)

    async def was_delivered(self, key: str) -> bool | None:
        return self.knows

    async def close(self) -> None:
        self.offered = ""


class Desk:
    """A postman with a clock that moves only while it waits."""

    def __init__(self, store: Store, holder: str = "one", rate: int = 60) -> None:
        self.now, self.store, self.way = NOW, store, Way()
        self.waited: list[float] = []
        self.told: list[tuple[str, str, str]] = []
        around = PostmanTools(lambda: self.now, self._sleep, self._told)
        self.postman = Postman(store.mails, store.leases, composed, self.way, rate, holder, around)

    async def _sleep(self, seconds: float) -> None:
        self.waited.append(seconds)
        self.now += timedelta(seconds=seconds)

    def _told(self, mail: Mail, state: MailState, why: str) -> None:
        self.told.append((mail.login, state.value, why))

    async def states(self) -> dict[str, str]:
        return {each.login: each.state.value for each in await self.store.mails.page()}


def composed(mail: Mail) -> EmailMessage:
    if mail.login == "unreadable":
        raise KeyError("devices")
    message = EmailMessage()
    message["To"] = mail.address
    return message


@pytest.fixture
async def store(store: Store) -> Store:
    await store.policies.activate(rule_texts_of(rules(OPEN)), Act(NOW, "ada", "policy-activated"))
    return store


async def queue(store: Store, *people: str, at: datetime = NOW) -> None:
    await store.mails.queue([a_mail(person, queued_at=at) for person in people])


async def test_everybody_gets_one_at_the_pace_that_is_set(store: Store) -> None:
    desk = Desk(store, rate=30)
    await queue(store, "a", "b", "c")
    assert await desk.postman.round()
    assert await desk.postman.round()
    assert sorted(desk.way.taken) == ["a", "b", "c"]
    assert desk.waited == [2.0, 2.0]
    assert await desk.states() == dict.fromkeys("abc", "sent")


@pytest.mark.parametrize(
    ("at_offer", "at_hand_over", "state"),
    [
        (RejectedMailError("550"), None, ("failed", "550")),
        (None, RejectedMailError("554"), ("failed", "554")),
        (DeferredError("451"), None, ("queued", "451")),
        (None, DeferredError("452"), ("queued", "452")),
        (None, UnknownOutcomeError("SMTPServerDisconnected"), ("unsure", "SMTPServerDisconnected")),
    ],
    ids=str,
)
async def test_what_is_not_taken_stops_nobody_else(
    store: Store, at_offer: Exception | None, at_hand_over: Exception | None, state: tuple[str, str]
) -> None:
    desk = Desk(store)
    desk.way.at_offer = {"b": at_offer} if at_offer else {}
    desk.way.at_hand_over = {"b": at_hand_over} if at_hand_over else {}
    await queue(store, "a", "b", "c")
    await desk.postman.round()
    assert sorted(desk.way.taken) == ["a", "c"]
    assert ("b", *state) in desk.told
    assert await desk.states() == {"a": "sent", "b": state[0], "c": "sent"}


async def test_a_mail_that_cannot_be_written_is_failed(store: Store) -> None:
    desk = Desk(store)
    await queue(store, "unreadable", "a")
    await desk.postman.round()
    assert await desk.states() == {"unreadable": "failed", "a": "sent"}


async def test_a_mail_is_tried_so_often_and_then_given_up(store: Store) -> None:
    desk = Desk(store)
    desk.way.at_offer = {"a": DeferredError("451")}
    await queue(store, "a")
    for pause in PAUSES:
        await desk.postman.round()
        assert await desk.states() == {"a": "queued"}
        assert await store.mails.due(desk.now + pause - timedelta(seconds=1)) == []
        desk.now += pause
    await desk.postman.round()
    assert await desk.states() == {"a": "failed"}


async def test_where_no_mail_goes_nothing_counts_against_one(store: Store) -> None:
    desk = Desk(store)
    desk.way.at_offer = {"a": TransportDownError("SMTPConnectError")}
    await queue(store, "a")
    with pytest.raises(TransportDownError):
        await desk.postman.round()
    (left,) = await store.mails.due(desk.now)
    assert left.attempts == 0
    desk.way.at_offer = {}
    assert await Desk(store, "two").postman.round()  # the lease was given back


async def test_only_who_has_the_lease_sends(store: Store) -> None:
    await queue(store, "a")
    await store.leases.claim("notices", "another", LEASE)
    desk = Desk(store)
    assert not await desk.postman.round()
    assert desk.way.taken == []


@pytest.mark.parametrize(
    ("knows", "states", "taken"),
    [(True, "sent", []), (False, "sent", ["a"]), (None, "unsure", [])],
)
async def test_what_a_dead_process_left_goes_by_what_the_way_knows(
    store: Store, knows: bool | None, states: str, taken: list[str]
) -> None:
    """Written down as begun: it counts as sent, goes again, or is left to a person."""
    await queue(store, "a")
    (due,) = await store.mails.due(NOW)
    await store.mails.begin(due, "dead", NOW)
    desk = Desk(store)
    desk.way.knows = knows
    await desk.postman.round()
    assert (await desk.states(), desk.way.taken) == ({"a": states}, taken)


async def test_a_mail_that_must_not_go_is_called_back(store: Store) -> None:
    desk = Desk(store)
    await queue(store, "a")
    await store.policies.activate(
        rule_texts_of(rules("rules: [{id: b, when: 'true', effect: warn}]")),
        Act(NOW, "ada", "policy-activated"),
    )
    await desk.postman.round()
    assert (await desk.states(), desk.way.taken, len(desk.way.called_back)) == ({"a": "withdrawn"}, [], 1)


async def test_what_only_this_process_knows_is_written_down_once_the_store_is_back(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk, real, failures = Desk(store), store.mails.end, [StoreUnavailableError("away")] * 3

    async def end(*given: object, **named: object) -> bool:
        if failures:
            raise failures.pop()
        return await real(*given, **named)  # type: ignore[arg-type]

    monkeypatch.setattr(store.mails, "end", end)
    await queue(store, "a")
    await desk.postman.round()
    assert (await desk.states(), desk.way.taken) == ({"a": "sent"}, ["a"])


async def test_a_mail_that_could_not_be_begun_goes_again(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk, real, failures = Desk(store), store.mails.begin, [StoreUnavailableError("away")]

    async def begin(*given: object) -> bool:
        done = await real(*given)  # type: ignore[arg-type]
        if failures:
            raise failures.pop()  # it was written down, and nobody was told so
        return done

    monkeypatch.setattr(store.mails, "begin", begin)
    await queue(store, "a")
    await desk.postman.round()
    assert (await desk.states(), desk.way.taken) == ({"a": "sent"}, ["a"])


async def test_first_things_are_done_by_who_sends_alone(store: Store) -> None:
    done: list[str] = []

    async def first() -> None:
        done.append("first")

    assert await Desk(store).postman.round(first)
    await store.leases.claim("notices", "another", LEASE)
    assert not await Desk(store).postman.round(first)
    assert done == ["first"]


@pytest.mark.parametrize("error", [None, TransportDownError("gone")])
async def test_who_is_told_to_stop_ends_with_the_mail_on_its_way(error: Exception | None) -> None:
    begun, may_end, done = asyncio.Event(), asyncio.Event(), []

    async def work() -> None:
        begun.set()
        await may_end.wait()
        done.append("ended")
        if error:
            raise error

    task = asyncio.ensure_future(run_to_end(work()))
    await begun.wait()
    task.cancel()
    may_end.set()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert done == ["ended"]
