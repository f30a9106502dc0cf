"""What the help button sends back: nobody can make one, and it is worth something only to who got it."""

from datetime import timedelta

import pytest
from tests.unit.gateway.gates import NOW

from mailgate.gateway.refusals.help_ticket import (
    HelpCookie,
    Ticket,
    Tickets,
    digest_of,
    help_asked_cookie,
    name_cookie,
    read_help_cookie,
)
from mailgate.model import RequestFacts
from mailgate.store import SharedKey

OLD = SharedKey(1, b"o" * 32, NOW - timedelta(days=40))
KEY = SharedKey(2, b"k" * 32, NOW - timedelta(days=2))
FRESH = SharedKey(3, b"f" * 32, NOW - timedelta(hours=1))
SEEN = "5" * 32
TICKET = Ticket(
    "prohibited-app", "prohibited-app", "REF2345", digest_of("ada"), SEEN, NOW.replace(microsecond=0)
)
DESK = Tickets((KEY, OLD))


def test_a_sealed_ticket_is_opened_and_names_nobody() -> None:
    text = DESK.seal(TICKET)
    assert DESK.open(text, NOW + timedelta(hours=23)) == TICKET
    assert "ada" not in text
    assert text.isascii()


@pytest.mark.parametrize(
    ("ticket", "person", "is_of"),
    [
        (TICKET, "ada", True),
        (TICKET, "lin", False),
        (TICKET, "", False),
        (Ticket("a", "b", "c", "", SEEN, NOW), "", False),
    ],
    ids=["who was refused", "another", "nobody", "nobody of a ticket of nobody"],
)
def test_a_ticket_belongs_to_the_refused_person_alone(ticket: Ticket, person: str, is_of: bool) -> None:
    assert ticket.is_of(person) is is_of


@pytest.mark.parametrize(
    "change",
    [
        lambda text: text.replace("prohibited-app", "other-rule", 1),
        lambda text: text.replace("REF2345", "REF2346"),
        lambda text: text.replace(digest_of("ada"), digest_of("lin")),
        lambda text: text.replace(SEEN, "6" * 32),
        lambda text: text[:-1] + ("A" if text[-1] != "A" else "B"),
        lambda text: text + "\n",
        lambda text: text + ".",
        lambda _: "",
        lambda _: "1.1.a.b.c.d.e",
    ],
)
def test_a_changed_ticket_is_none(change) -> None:
    assert DESK.open(change(DESK.seal(TICKET)), NOW) is None


@pytest.mark.parametrize("span", [timedelta(days=1), timedelta(minutes=-5)])
def test_a_ticket_lasts_a_day(span: timedelta) -> None:
    assert DESK.open(DESK.seal(TICKET), NOW + span) is None


def test_every_gate_opens_it_while_keys_change_and_no_other_store_does() -> None:
    assert Tickets((FRESH, KEY)).open(DESK.seal(TICKET), NOW) == TICKET
    assert DESK.open(Tickets((FRESH, KEY)).seal(TICKET), NOW) == TICKET, "a new key waits until all know it"
    assert Tickets((OLD,)).open(DESK.seal(TICKET), NOW) is None


def test_the_name_of_a_client_reveals_nothing_of_it() -> None:
    name = DESK.mark_of("iPhone 192.0.2.7")
    assert DESK.mark_of("iPhone 192.0.2.7") == name != DESK.mark_of("iPhone 192.0.2.8")
    assert name != Tickets((FRESH,)).mark_of("iPhone 192.0.2.7"), "it takes the key of this store"


CLIENT = "0a" * 16


def with_cookie(text: str) -> RequestFacts:
    return RequestFacts("GET", "/", headers={"cookie": text})


def sent_back(field: tuple[str, str]) -> RequestFacts:
    return with_cookie(field[1].partition(";")[0])


def test_a_help_cookie_tells_its_client_and_its_rules() -> None:
    asked = read_help_cookie(sent_back(help_asked_cookie(CLIENT, "no-tiktok", NOW, with_cookie(""))))
    assert asked is not None
    assert (asked.client, asked.asked_at("no-tiktok"), asked.asked_at("other")) == (CLIENT, NOW, None)
    assert read_help_cookie(sent_back(name_cookie(CLIENT, with_cookie("")))) == HelpCookie(CLIENT)
    assert HelpCookie(CLIENT).asked_at("no-tiktok") is None


@pytest.mark.parametrize(
    "value", ["", "x", CLIENT + "0", CLIENT + ".0", CLIENT.upper(), CLIENT + ".rule.1700000000"]
)
def test_an_incomplete_help_cookie_is_none(value: str) -> None:
    assert read_help_cookie(with_cookie(f"mailgate-help={value}")) is None
    whole = read_help_cookie(with_cookie(f"mailgate-help={value}; mailgate-help={CLIENT}"))
    assert whole == HelpCookie(CLIENT)


def test_the_cookie_is_secure_over_https() -> None:
    over = [name_cookie(CLIENT, RequestFacts(over_https=secure)) for secure in (False, True)]
    assert ["Secure" in value for _, value in over] == [False, True]
