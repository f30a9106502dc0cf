"""Whoever guesses has to wait; who has come in from somewhere before is not shut out there by them."""

from datetime import timedelta

from tests.unit.console.browsing import NOW

from mailgate.console.login.tries import MAX_BY_CALLER, MAX_BY_NAME, MAX_BY_NAME_AND_CALLER, SPAN, LoginTries

NOTHING = timedelta()


def test_guesses_at_one_name_from_one_address_have_to_wait() -> None:
    tries = LoginTries()
    assert [tries.wait("ada", "a", NOW) for _ in range(MAX_BY_NAME_AND_CALLER)] == [
        NOTHING
    ] * MAX_BY_NAME_AND_CALLER
    assert tries.wait("ada", "a", NOW) == SPAN
    assert tries.wait("ada", "b", NOW) == NOTHING
    assert tries.wait("ada", "a", NOW + SPAN) == NOTHING


def test_guesses_at_many_names_from_one_address_have_to_wait() -> None:
    tries = LoginTries()
    assert {tries.wait(f"name {each}", "a", NOW) for each in range(MAX_BY_CALLER)} == {NOTHING}
    assert tries.wait("lin", "a", NOW) == SPAN
    assert tries.wait_to_begin("a", NOW) == SPAN
    assert tries.wait_to_begin("b", NOW) == NOTHING


def test_guesses_at_one_name_from_everywhere_are_limited() -> None:
    tries = LoginTries()
    tries.note_success("ada", "home")
    assert {tries.wait("ada", f"address {each}", NOW) for each in range(MAX_BY_NAME)} == {NOTHING}
    assert tries.wait("ada", "another", NOW) == SPAN
    assert tries.wait("ada", "home", NOW) == NOTHING
    assert tries.wait("lin", "another", NOW) == NOTHING


def test_guesses_from_a_known_address_are_counted_too() -> None:
    tries = LoginTries()
    tries.note_success("ada", "home")
    for _ in range(MAX_BY_NAME_AND_CALLER):
        tries.wait("ada", "home", NOW)
    assert tries.wait("ada", "home", NOW) == SPAN


def test_a_network_of_ipv6_is_one_caller() -> None:
    tries = LoginTries()
    waits = [tries.wait(f"name {each}", f"2001:db8::{each:x}", NOW) for each in range(MAX_BY_CALLER + 1)]
    assert waits == [NOTHING] * MAX_BY_CALLER + [SPAN]
    assert tries.wait_to_begin("2001:db8::ffff", NOW) == SPAN
    assert tries.wait_to_begin("2001:db8:0:1::1", NOW) == NOTHING


def test_a_known_address_stays_open_to_its_admin() -> None:
    tries = LoginTries()
    tries.note_success("ada", "a")
    for each in range(MAX_BY_CALLER):
        tries.wait(f"name {each}", "a", NOW)
    assert tries.wait("lin", "a", NOW) == SPAN
    assert tries.wait("ada", "a", NOW) == NOTHING
