"""Pictures are well-formed, told in words, and bring their own colours."""

from xml.etree import ElementTree

import pytest
from tests.unit.store.examples import NOW

from mailgate.console import svg
from mailgate.console.svg import Box, Mark, columns, nice, short_number
from mailgate.model.phrase import ENGLISH

SVG = "{http://www.w3.org/2000/svg}"


def test_a_picture_is_told_in_words_and_markup_in_them_is_text() -> None:
    text = svg.document(
        200, 100, ("<b> & co", "note"), "told <i>", ".own{fill:#fff}", [svg.bar(1, 2, 3, 4, "own")]
    )
    drawn = ElementTree.fromstring(text)
    title, told = drawn.find(f"{SVG}title"), drawn.find(f"{SVG}desc")
    assert title is not None
    assert told is not None
    assert (title.text, told.text) == ("<b> & co", "told <i>")
    assert (drawn.attrib["role"], drawn.attrib["aria-labelledby"]) == (
        "img",
        f"{title.get('id')} {told.get('id')}",
    )
    assert [each.text for each in drawn.findall(f"{SVG}text")] == ["<b> & co", "note"]
    assert [each.get("class") for each in drawn.findall(f"{SVG}rect")] == ["paper", "own"]


def test_the_picture_is_readable_on_light_and_dark_paper() -> None:
    text = svg.document(200, 100, ("t", "n"), "told", "", [svg.across(0, 1, 2)])
    assert "prefers-color-scheme:dark" in text
    assert "href" not in text
    assert "url(" not in text


def test_a_line_of_text_stands_at_its_anchor() -> None:
    assert svg.text(1, 2, "a<b", "ink", "end") == (
        '<text class="ink" x="1.0" y="2.0" text-anchor="end">a&lt;b</text>'
    )


BOX = Box(200, 100)


def drawn(*counted: dict[str, int], marks: tuple[Mark, ...] = ()) -> ElementTree.Element:
    return ElementTree.fromstring(f"<svg>{''.join(columns(counted, ('block', 'allow'), BOX, marks))}</svg>")


@pytest.mark.parametrize(
    ("most", "top"), [(0, 2), (1, 2), (3, 4), (5, 6), (7, 10), (11, 20), (41, 60), (99, 100)]
)
def test_the_top_of_the_axis_is_a_round_number_with_a_half(most: int, top: int) -> None:
    assert nice(most) == top


def test_parts_stand_one_on_the_other_and_fit() -> None:
    lower, upper, last = drawn({"block": 3, "allow": 7}, {}, {"allow": 5}).findall("rect")
    assert [each.attrib["class"] for each in (lower, upper, last)] == ["bar block", "bar allow", "bar allow"]
    foot = float(lower.attrib["y"]) + float(lower.attrib["height"])
    assert foot == BOX.height - BOX.below
    assert float(upper.attrib["y"]) + float(upper.attrib["height"]) == pytest.approx(float(lower.attrib["y"]))


def test_one_among_a_million_still_shows() -> None:
    _, small = drawn({"block": 1_000_000}, {"block": 1}).findall("rect")
    assert float(small.attrib["height"]) >= 1


def test_a_mark_below_the_axis_is_a_word_or_a_time() -> None:
    found = drawn({"block": 1}, marks=(Mark(0, "today"), Mark(0, at=NOW))).findall("text")
    assert [found[-2].text, found[-1].text] == ["today", ENGLISH.short_day(NOW)]
    assert found[-1].attrib["data-at"] == NOW.isoformat()


@pytest.mark.parametrize(
    ("number", "told"), [(0, "0"), (9999, "9,999"), (20_000, "20k"), (2_000_000, "2M"), (15_500, "15.5k")]
)
def test_numbers_of_an_axis_are_short(number: int, told: str) -> None:
    assert short_number(number) == told
