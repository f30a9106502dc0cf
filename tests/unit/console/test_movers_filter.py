"""Which of those who move an address asks for."""

import pytest
from tests.unit.rollout.plans import LABELS, NEWLY, hit, plan_of

from mailgate.console.movers_filter import READERS, filter_in, parameters_in, values_of
from mailgate.store.plan_movers import MoverFilter
from mailgate.views.address_values import read_address


def test_an_address_says_it_all() -> None:
    query = {
        "name": " bo ",
        "label": "block",
        "rule": "r",
        "group": "g",
        "at": "2",
        "sort": "-person",
    }
    assert filter_in(parameters_in(query)) == MoverFilter(
        name="bo", label="block", rule="r", group="g", at=2, sort="person", descending=True
    )


@pytest.mark.parametrize("at", ["x", "-1", "99999", "²"])
def test_what_cannot_be_meant_is_a_mistake(at: str) -> None:
    wrong = {"at": at, "sort": "secret", "label": "none", "kind": "toaster"}
    said, mistakes = read_address(wrong.items(), READERS)
    assert ([each.name for each in mistakes], said) == (list(wrong), {})


def test_the_values_to_choose_from_are_those_of_who_moves_at_any_time() -> None:
    by = NEWLY["by"] | {"kind": [{"value": "phone", "people": 1, "devices": 1}]}
    later = [
        {
            "at": "2026-12-08T00:00:00+00:00",
            "newly": dict.fromkeys(LABELS, NEWLY) | {"warn": hit(1, 1, by=by)},
        }
    ]
    assert values_of(plan_of(later=later), "kind") == ["phone"]
    assert values_of(plan_of(), "kind") == []
