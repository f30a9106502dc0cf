"""One key in two places at once."""

from datetime import timedelta

import pytest
from tests.unit.gateway.gates import NOW

from mailgate.gateway.evaluate.copied_keys import CopiedKeys
from mailgate.model import RequestFacts

HERE = RequestFacts(remote="192.0.2.7", headers={"user-agent": "A"})
MINUTE = timedelta(minutes=1)


def elsewhere(remote: str = "192.0.2.7", agent: str = "A") -> RequestFacts:
    return RequestFacts(remote=remote, headers={"user-agent": agent})


def uses(*facts: RequestFacts, every: timedelta = MINUTE) -> list[bool]:
    places = CopiedKeys()
    return [places.moved_back("key", each, NOW + number * every) for number, each in enumerate(facts)]


@pytest.mark.parametrize("other", [elsewhere("198.51.100.1"), elsewhere(agent="B")])
def test_back_and_forth_between_two_places_is_noticed(other: RequestFacts) -> None:
    assert uses(HERE, other) == [False, False]
    assert uses(HERE, other, HERE, other) == [False, False, True, True]
    assert uses(HERE, other, other, HERE) == [False, False, False, True]


def test_going_on_to_another_place_is_what_people_do() -> None:
    assert not any(
        uses(HERE, HERE, elsewhere("198.51.100.1"), elsewhere("198.51.100.1"), elsewhere("203.0.113.1"))
    )
    assert not any(uses(HERE, elsewhere("198.51.100.1"), HERE, every=11 * MINUTE))


@pytest.mark.parametrize("near", ["192.0.2.200", "2001:db8::1", ""])
def test_the_same_network_or_the_other_kind_of_address_is_no_other_place(near: str) -> None:
    assert not any(uses(HERE, elsewhere(near), HERE, elsewhere(near)))


def test_two_keys_are_two_devices() -> None:
    places = CopiedKeys()
    found = [
        places.moved_back(key, facts, NOW)
        for key, facts in [
            ("a", HERE),
            ("b", elsewhere("198.51.100.1")),
            ("a", HERE),
            ("b", elsewhere("198.51.100.1")),
        ]
    ]
    assert not any(found)


def test_no_address_and_no_user_agent_is_remembered() -> None:
    places = CopiedKeys()
    places.moved_back("key", HERE, NOW)
    assert "192.0.2" not in repr(places._used)
