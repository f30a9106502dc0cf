"""The tokens of machines."""

from itertools import combinations

import pytest

from mailgate.attest.machines import PREFIX, MachineTokens

FLEET = MachineTokens(b"s" * 32)


def test_a_token_is_good_for_its_machine_and_owner_alone() -> None:
    token = FLEET.token("LT-0042", "ada")
    assert (token.startswith(PREFIX), len(token)) == (True, len(PREFIX) + 43)
    assert FLEET.proves(token, "LT-0042", "ada")
    for other in (("LT-0043", "ada"), ("LT-0042", "eve"), ("LT-0042", ""), ("ada", "LT-0042"), ("", "")):
        assert not FLEET.proves(token, *other)


def test_case_makes_no_other_machine_and_letters_beyond_ascii_do() -> None:
    assert FLEET.proves(FLEET.token("LT-Ä", "Ada"), "lt-Ä", "ADA")
    assert not FLEET.proves(FLEET.token("LT-Ä", "Ada"), "LT-ä", "Ada")


def test_no_two_machines_and_owners_have_one_text() -> None:
    names = [("a", "bc"), ("ab", "c"), ("abc", ""), ("", "abc"), ('a","b', "c"), ("a", 'b","c'), ("a\0b", "c"), ("\ud800", "")]  # fmt: skip
    for one, other in combinations(names, 2):
        assert FLEET.token(*one) != FLEET.token(*other)


@pytest.mark.parametrize(("fleet", "machine"), [(MachineTokens(), "LT-1"), (FLEET, "")])
def test_nothing_is_proved_without_a_secret_or_a_name(fleet: MachineTokens, machine: str) -> None:
    assert not fleet.proves(fleet.token(machine, ""), machine, "")


def test_the_secret_is_told_to_nobody() -> None:
    assert "sss" not in repr(FLEET)
    assert FLEET.token("a", "") != MachineTokens(b"t" * 32).token("a", "")


@pytest.mark.parametrize("text", ["", PREFIX, "\ud800", "ä"])
def test_any_text_may_be_shown(text: str) -> None:
    assert not FLEET.proves(text, "LT-1", "")
