"""Sending what is queued: what every answer of a mail server leads to, and what a death leaves behind."""

import json
from datetime import datetime, timedelta
from email.message import EmailMessage

import pytest
from tests.unit.rollout.examples import OPEN, OTHER, rules
from tests.unit.rollout.versions import ADA, last_entry, put_in_force
from tests.unit.store.examples import NOW, set_shared_clock
from tests.unit.store.mail import a_mail, in_force

from mailgate.mail.postman import LEASE, PAUSES, Postman, retry, settle
from mailgate.mail.transport import DeferredError, RejectedMailError, TransportDownError, UnknownOutcomeError
from mailgate.store import Mail, MailKind, MailState, NoticeKey, Store, StoreUnavailableError
from mailgate.store.mail import Which


class Transport:
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


class PostOffice:
    """A postman with a clock that moves only while it waits."""

    def __init__(self, store: Store, holder: str = "one", rate: int = 60) -> None:
        self.now, self.store, self.way = NOW, store, Transport()
        self.waited: list[float] = []
        self.told: list[tuple[str, str, str]] = []
        around = (lambda: self.now, self._sleep, self._told)
        self.postman = Postman(store.mails, store.leases, composed, self.way, rate, holder, *around)

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
    await put_in_force(store, rules(OPEN))
    return store


async def queue(store: Store, *people: str, at: datetime = NOW) -> None:
    await store.mails.queue([a_mail(person, queued_at=at) for person in people])


async def test_everybody_gets_one_at_the_pace_that_is_set(store: Store) -> None:
    office = PostOffice(store, rate=30)
    await queue(store, "a", "b", "c")
    assert await office.postman.round()
    assert await office.postman.round()
    assert sorted(office.way.taken) == ["a", "b", "c"]
    assert office.waited == [2.0, 2.0]
    assert await office.states() == dict.fromkeys("abc", "sent")


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
async def test_a_rejected_mail_stops_no_other_mail(
    store: Store, at_offer: Exception | None, at_hand_over: Exception | None, state: tuple[str, str]
) -> None:
    office = PostOffice(store)
    office.way.at_offer = {"b": at_offer} if at_offer else {}
    office.way.at_hand_over = {"b": at_hand_over} if at_hand_over else {}
    await queue(store, "a", "b", "c")
    await office.postman.round()
    assert sorted(office.way.taken) == ["a", "c"]
    assert ("b", *state) in office.told
    assert await office.states() == {"a": "sent", "b": state[0], "c": "sent"}


async def test_a_mail_that_cannot_be_written_is_failed(store: Store) -> None:
    office = PostOffice(store)
    await queue(store, "unreadable", "a")
    await office.postman.round()
    assert await office.states() == {"unreadable": "failed", "a": "sent"}


async def test_a_mail_is_tried_so_often_and_then_given_up(store: Store) -> None:
    office = PostOffice(store)
    office.way.at_offer = {"a": DeferredError("451")}
    await queue(store, "a")
    for pause in PAUSES:
        await office.postman.round()
        assert await office.states() == {"a": "queued"}
        assert await store.mails.due(office.now + pause - timedelta(seconds=1)) == []
        office.now += pause
    await office.postman.round()
    assert await office.states() == {"a": "failed"}


async def test_a_transport_that_is_down_counts_against_no_mail(store: Store) -> None:
    office = PostOffice(store)
    office.way.at_offer = {"a": TransportDownError("SMTPConnectError")}
    await queue(store, "a")
    with pytest.raises(TransportDownError):
        await office.postman.round()
    (left,) = await store.mails.due(office.now)
    assert left.attempts == 0
    office.way.at_offer = {}
    assert await PostOffice(store, "two").postman.round()  # the lease was given back


async def test_only_the_holder_of_the_lease_sends(store: Store) -> None:
    await queue(store, "a")
    await store.leases.claim("notices", "another", LEASE)
    office = PostOffice(store)
    assert not await office.postman.round()
    assert office.way.taken == []


@pytest.mark.parametrize(
    ("knows", "states", "taken"), [(True, "sent", []), (False, "sent", ["a"]), (None, "unsure", [])]
)
async def test_a_mail_of_a_dead_process_follows_what_the_server_knows(
    store: Store, knows: bool | None, states: str, taken: list[str]
) -> None:
    """Written down as begun: it counts as sent, goes again, or is left to a person."""
    await queue(store, "a")
    (due,) = await store.mails.due(NOW)
    await store.mails.begin(due, "dead", NOW)
    office = PostOffice(store)
    office.way.knows = knows
    await office.postman.round()
    assert (await office.states(), office.way.taken) == ({"a": states}, taken)


async def test_a_mail_that_must_not_go_is_called_back(store: Store) -> None:
    office = PostOffice(store)
    await queue(store, "a")
    await put_in_force(store, rules(OTHER))
    await office.postman.round()
    assert (await office.states(), office.way.taken, len(office.way.called_back)) == (
        {"a": "withdrawn"},
        [],
        1,
    )


async def test_an_outcome_is_stored_once_the_store_is_back(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    office, real, failures = PostOffice(store), store.mails.end, [StoreUnavailableError("away")] * 3

    async def end(*given: object, **named: object) -> bool:
        if failures:
            raise failures.pop()
        return await real(*given, **named)  # type: ignore[arg-type]

    monkeypatch.setattr(store.mails, "end", end)
    await queue(store, "a")
    await office.postman.round()
    assert (await office.states(), office.way.taken) == ({"a": "sent"}, ["a"])


async def test_a_mail_that_could_not_be_begun_goes_again(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    office, real, failures = PostOffice(store), store.mails.begin, [StoreUnavailableError("away")]

    async def begin(*given: object) -> bool:
        done = await real(*given)  # type: ignore[arg-type]
        if failures:
            raise failures.pop()  # it was written down, and nobody was told so
        return done

    monkeypatch.setattr(store.mails, "begin", begin)
    await queue(store, "a")
    await office.postman.round()
    assert (await office.states(), office.way.taken) == ({"a": "sent"}, ["a"])


async def test_the_sender_alone_does_the_first_tasks(store: Store) -> None:
    done: list[str] = []

    async def first() -> None:
        done.append("first")

    assert await PostOffice(store).postman.round(first)
    await store.leases.claim("notices", "another", LEASE)
    assert not await PostOffice(store).postman.round(first)
    assert done == ["first"]


APP = NoticeKey(1, MailKind.ENFORCED, "app")


async def ended(store: Store, state: MailState) -> None:
    """Two mails about one rule and one about another have come to this."""
    await in_force(store, "one")
    await store.mails.queue([a_mail(), a_mail("lin"), a_mail("kay", rule="b")])
    for each in await store.mails.due(NOW):
        await store.mails.end(each.id, state, NOW, "550")


@pytest.mark.parametrize(("which", "mails", "about"), [(APP, 2, "rule app"), (None, 3, "")])
async def test_unsure_mails_can_be_settled(store: Store, which: Which, mails: int, about: str) -> None:
    await ended(store, MailState.UNSURE)
    assert await settle(store, which, ADA, NOW, sent=True) == mails
    told = await last_entry(store)
    assert (told.what, told.who, told.about) == ("notices-settled", "ada", about)
    assert json.loads(told.details) == {"as": "sent", "mails": mails}
    assert await retry(store, which, ADA, NOW) == 0


async def test_failed_mails_go_out_again(store: Store) -> None:
    await ended(store, MailState.FAILED)
    assert await settle(store, APP, ADA, NOW, sent=False) == 0
    assert await retry(store, APP, ADA, NOW) == 2
    told = await last_entry(store)
    assert (told.what, told.about, told.details) == ("notices-retried", "rule app", '{"mails": 2}')
    assert {each.login for each in await store.mails.due(NOW)} == {"ada", "lin"}


async def test_a_mail_is_late_by_the_clock_of_all_gates(store: Store, monkeypatch) -> None:
    set_shared_clock(monkeypatch, NOW)
    await store.mails.queue([a_mail("ada", until=NOW + timedelta(minutes=1))])
    ahead = PostOffice(store)
    ahead.now = NOW + timedelta(days=30)
    await ahead.postman.round()
    assert ahead.way.taken == ["ada"]
