"""Everybody who moves is listed once, with the moments between which it is so."""

from collections.abc import Mapping
from datetime import timedelta

from tests.unit.policy.examples import LAPTOP, NOW, access, policy_of
from tests.unit.simulate.examples import OPEN, SHUT, once, subject

from mailgate.simulate import Impact, Mover, Occasion, change_moments
from mailgate.simulate.movers import distinct_movers

PHONES = {"id": "phones", "when": 'client.kind == "phone"', "effect": "block"}
DAY = timedelta(days=1)


def moved(candidate: Mapping[str, object], *occasions: Occasion) -> list[Mover]:
    """Who moves if everybody was let in before."""
    policies = policy_of(OPEN), policy_of(candidate, OPEN)
    impact = Impact(*policies, moments=change_moments(policies, NOW), by_name=True)
    impact.add(subject(*occasions))
    return impact.tally.movers


def test_who_moves_now_is_listed_with_what_they_get_and_what_they_would_get() -> None:
    found = moved(PHONES, once(access()))
    (mover,) = found
    assert (mover.person, mover.device, mover.kind, mover.label) == ("ada", "d1", "phone", "block")
    assert (mover.before, mover.effect, mover.rule, mover.since) == ("allow", "block", "phones", 0)


def test_nobody_is_listed_who_stays_where_they_are() -> None:
    assert moved(PHONES, once(access(LAPTOP))) == []


def test_each_stage_has_a_row_of_its_own_that_says_until_when_it_holds() -> None:
    stages = {"warn": (NOW + DAY).isoformat(), "enforce": (NOW + 3 * DAY).isoformat()}
    found = moved(PHONES | {"stages": stages}, once(access()))
    assert [(each.label, each.since, each.until) for each in found] == [("warn", 1, 1), ("block", 2, 2)]


def test_several_clients_of_one_device_that_move_alike_are_listed_once() -> None:
    found = moved(SHUT, once(access()), once(access()), once(access(), "bob"))
    assert [each.person for each in found] == ["ada", "bob"]
    ada, cy = found[0], found[0]._replace(person="cy")
    assert distinct_movers([ada, cy, ada]) == [ada, cy]


def test_nobody_is_listed_unless_somebody_asks_for_names() -> None:
    impact = Impact(policy_of(OPEN), policy_of(SHUT))
    impact.add(subject(once(access())))
    assert impact.tally.movers == []
