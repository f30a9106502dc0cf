"""The picture of a plan: well-formed, told in words too, and honest about sizes."""

import re
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.rollout.plans import plan_of

from mailgate.rollout.plan import Plan
from mailgate.views.picture import EFFECTS, described, picture

SVG = "{http://www.w3.org/2000/svg}"


def plan(*moves: tuple[str, str, int]) -> Plan:
    return plan_of(
        candidate={"policy": "<b>&", "digest": ""},
        untouched={"people": 1, "devices": 5000},
        moves=[{"from": old, "to": new, "people": count, "devices": count} for old, new, count in moves],
    )


moves = st.lists(
    st.tuples(st.sampled_from(EFFECTS), st.sampled_from(EFFECTS), st.integers(1, 10**6)),
    unique_by=lambda move: move[:2],
)


@given(moves)
def test_every_move_is_a_ribbon_within_the_paper(found: list[tuple[str, str, int]]) -> None:
    drawn = ElementTree.fromstring(picture(plan(*found)))
    moved = [move for move in found if move[0] != move[1]]
    assert len(drawn.findall(f"{SVG}path")) == len(moved)
    height = float(drawn.attrib["viewBox"].split()[3])
    for rect in drawn.findall(f"{SVG}rect"):
        assert float(rect.get("y", "0")) + float(rect.attrib["height"]) <= height


def test_it_is_told_in_words() -> None:
    drawn = ElementTree.fromstring(picture(plan(("allow", "block", 12), ("allow", "allow", 9))))
    assert drawn.attrib["role"] == "img"
    title, desc = drawn.find(f"{SVG}title"), drawn.find(f"{SVG}desc")
    assert title is not None
    assert desc is not None
    assert drawn.attrib["aria-labelledby"] == f"{title.get('id')} {desc.get('id')}"
    assert title.text == "Whom policy <b>& would move, against version 3"
    assert desc.text == (
        "12 devices of 12 people: let in today, kept out with the plan. No change for 5,000 devices of 1 person."
    )


def test_nobody_moved_is_said() -> None:
    assert described(plan()) == "Nobody changes. No change for 5,000 devices of 1 person."


def test_what_is_few_still_shows() -> None:
    drawn = picture(plan(("allow", "block", 10**6), ("block", "allow", 1)))
    assert (
        min(float(size) for size in re.findall(r'class="(?:allow|block)" [^>]*height="([\d.]+)"', drawn))
        == 4.0
    )


@pytest.mark.parametrize("words", ["prefers-color-scheme:dark", "<style>"])
def test_it_brings_its_colours_for_light_and_dark_and_loads_nothing(words: str) -> None:
    drawn = picture(plan(("allow", "warn", 1)))
    assert words in drawn
    assert "href" not in drawn
    assert "url(" not in drawn
