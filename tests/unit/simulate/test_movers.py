"""Everybody who moves is listed once, with the moments between which it is so."""

from datetime import timedelta

from tests.unit.policy.examples import LAPTOP, NOW, PHONE, access, policy_of

from mailgate.simulate import Impact, Mover, Occasion, Subject, change_moments
from mailgate.simulate.movers import distinct_movers

OPEN = policy_of({"effect": "allow"})
DAY = timedelta(days=1)


def moved(candidate: dict[str, object], *occasions: Occasion) -> list[Mover]:
    """Who moves if everybody was let in before."""
    policies = OPEN, policy_of(candidate, {"effect": "allow"})
    impact = Impact(*policies, moments=change_moments(policies, NOW), by_name=True)
    impact.add(Subject("d1", True, occasions))
    return impact.tally.movers


def occasion(client: object = PHONE, person: str = "ada") -> Occasion:
    asked = access(client)  # type: ignore[arg-type]
    return Occasion(asked, asked, person)


def test_who_moves_now_is_listed_with_what_they_get_and_what_they_would_get() -> None:
    found = moved({"id": "phones", "when": 'client.kind == "phone"', "effect": "block"}, occasion())
    (mover,) = found
    assert (mover.person, mover.device, mover.kind, mover.label) == ("ada", "d1", "phone", "block")
    assert (mover.before, mover.effect, mover.rule, mover.since) == ("allow", "block", "phones", 0)


def test_nobody_is_listed_who_stays_where_they_are() -> None:
    assert moved({"when": 'client.kind == "phone"', "effect": "block"}, occasion(LAPTOP)) == []


def test_each_stage_has_a_row_of_its_own_that_says_until_when_it_holds() -> None:
    stages = {"warn": (NOW + DAY).isoformat(), "enforce": (NOW + 3 * DAY).isoformat()}
    rule = {"id": "phones", "when": 'client.kind == "phone"', "effect": "block", "stages": stages}
    found = moved(rule, occasion())
    assert [(each.label, each.since, each.until) for each in found] == [("warn", 1, 1), ("block", 2, 2)]


def test_several_clients_of_one_device_that_move_alike_are_listed_once() -> None:
    found = moved({"when": "true", "effect": "block"}, occasion(), occasion(), occasion(person="bob"))
    assert [each.person for each in found] == ["ada", "bob"]
    assert distinct_movers([found[0], replace_person(found[0]), found[0]]) == [
        found[0],
        replace_person(found[0]),
    ]


def replace_person(mover: Mover) -> Mover:
    return mover._replace(person="cy")


def test_nobody_is_listed_unless_somebody_asks_for_names() -> None:
    impact = Impact(OPEN, policy_of({"effect": "block"}))
    impact.add(Subject("d1", True, (occasion(),)))
    assert impact.tally.movers == []
