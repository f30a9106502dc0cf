"""The picture of the last minutes."""

from collections import Counter
from datetime import timedelta
from typing import NamedTuple
from xml.etree import ElementTree

import pytest
from tests.unit.console.browsing import NOW

from mailgate.console.plot import BELOW, EFFECTS, HEIGHT, KINDS, LEFT, WIDTH, nice, plot
from mailgate.console.verdict_rates import Minute, Verdict
from mailgate.model import Effect, Kind


class Bar(NamedTuple):
    part: str
    x: float
    y: float
    width: float
    height: float


def bar_of(drawn: ElementTree.Element) -> Bar:
    return Bar(drawn.attrib["class"], *(float(drawn.attrib[name]) for name in ("x", "y", "width", "height")))


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
    root = ElementTree.fromstring(f"<svg>{drawn.drawn}</svg>")
    lower, upper, last = bars = [bar_of(each) for each in root.findall("rect")]
    assert (lower.part, upper.part, last.part) == ("bar block", "bar allow", "bar allow")
    assert lower.y + lower.height == HEIGHT - BELOW
    assert upper.y + upper.height == pytest.approx(lower.y)
    assert last.height == pytest.approx(upper.height * 5 / 7, abs=0.2)
    assert all(bar.x >= LEFT and bar.x + bar.width <= WIDTH and bar.y > 0 for bar in bars)
    assert [each.text for each in root.findall("text")] == ["0", "5", "10", "an hour ago", "now"]
    assert len(root.findall("path")) == 3


def test_it_can_be_read_without_seeing_it() -> None:
    drawn = plot(minutes({("block", "phone"): 1000, ("allow", "phone"): 2}), "kind")
    assert drawn.words == "The last 1 minutes: 1,002 phone."
    assert drawn.totals == (("phone", 1002),)
    assert plot(minutes({}), "kind").words == "The last 1 minutes: nothing was asked."
