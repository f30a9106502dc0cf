"""The picture of the last minutes."""

from collections import Counter
from datetime import timedelta

import pytest
from tests.unit.console.browsing import NOW

from mailgate.console.plot import BELOW, EFFECTS, HEIGHT, KINDS, LEFT, WIDTH, nice, plot
from mailgate.console.pulse import Minute, Verdict
from mailgate.model import Effect, Kind


def minutes(*counts: dict[tuple[str, str], int]) -> list[Minute]:
    return [
        Minute(NOW + timedelta(minutes=at), Counter({Verdict(*key): n for key, n in each.items()}))
        for at, each in enumerate(counts)
    ]


def test_every_effect_and_kind_has_its_place() -> None:
    assert sorted(EFFECTS) == sorted(Effect)
    assert sorted(KINDS) == sorted(Kind)


@pytest.mark.parametrize(
    ("most", "top"), [(0, 2), (1, 2), (3, 4), (5, 6), (7, 10), (11, 20), (41, 60), (99, 100)]
)
def test_the_top_of_the_axis_is_a_round_number_with_a_half(most: int, top: int) -> None:
    assert nice(most) == top
    assert top % 2 == 0


def test_parts_of_a_minute_stand_one_on_the_other_and_fit() -> None:
    drawn = plot(
        minutes({("block", "phone"): 3, ("allow", "laptop"): 7}, {}, {("allow", "phone"): 5}), "effect"
    )
    lower, upper, last = drawn.bars
    assert (lower.part, upper.part, last.part) == ("block", "allow", "allow")
    assert lower.y + lower.height == HEIGHT - BELOW
    assert upper.y + upper.height == pytest.approx(lower.y)
    assert last.height == pytest.approx(upper.height * 5 / 7, abs=0.2)
    assert all(bar.x >= LEFT and bar.x + bar.width <= WIDTH and bar.y > 0 for bar in drawn.bars)
    assert [value for _, value in drawn.lines] == [0, 5, 10]


def test_it_can_be_read_without_seeing_it() -> None:
    drawn = plot(minutes({("block", "phone"): 1000, ("allow", "phone"): 2}), "kind")
    assert drawn.words == "The last 1 minutes: 1,002 phone."
    assert drawn.totals == (("phone", 1002),)
    assert plot(minutes({}), "kind").words == "The last 1 minutes: nothing was asked."
