"""The pictures of a plan: well-formed, told in words too, and honest about sizes."""

import re
from typing import Any
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.rollout.plans import NEWLY, hit, moved, plan_of

from mailgate.console.plans.facts import losers_in_words
from mailgate.console.plans.picture import (
    ORDER,
    WIDTH,
    described,
    impact_words,
    panels,
    picture,
    summary,
    worst_of,
)
from mailgate.rollout.plan import LABELS, Plan
from mailgate.texts import console_languages

SVG = "{http://www.w3.org/2000/svg}"
AT = "2026-12-15T09:00:00+00:00"


def newly(**counts: int) -> dict[str, Any]:
    """So many people with as many devices, by label, all of one group and kind."""
    told = dict.fromkeys(LABELS, NEWLY)
    for label, count in counts.items():
        rows = [{"value": "sales", "people": count, "devices": count}]
        told = told | {label: hit(count, count, by=NEWLY["by"] | {"group": rows, "kind": rows})}
    return told


def plan(now: dict[str, int], later: dict[str, int] | None = None, people: int = 5000, **more: Any) -> Plan:
    return plan_of(
        totals={"people": people, "devices": people, "clients": 0, "occasions": 1},
        untouched={"people": 1, "devices": 5000},
        newly=newly(**now),
        later=[{"at": AT, "newly": newly(**later)}] if later is not None else [],
        company={"group": [{"value": "sales", "people": 1500, "devices": 1}], "kind": []},
        headlines=[{"words": "<b>& joins the prohibited list"}],
        **more,
    )


def rects(drawn: str) -> list[dict[str, str]]:
    root = ElementTree.fromstring(f"<svg xmlns='http://www.w3.org/2000/svg'>{drawn}</svg>")
    return [each.attrib for each in root.iter(f"{SVG}rect")]


def test_eleven_people_of_five_thousand_are_a_thin_bar() -> None:
    company, groups, _ = panels(plan({"block": 11}))
    whole, sliver, _ = rects(company.drawn)
    assert (float(whole["width"]), float(sliver["width"])) == (WIDTH, 3.0)
    assert "11 of 5,000 people (0.2%)" in company.drawn
    assert groups.words == "sales: 11 of 1,500."


def test_bars_that_are_all_equal_are_left_out() -> None:
    """Four columns of eleven say what the number does."""
    equal, other = panels(plan({"block": 11}, {"block": 11})), panels(plan({"block": 11}, {"block": 12}))
    assert [each.title for each in other if each not in equal] == [
        "The whole company",
        "By stage",
        "By group",
        "By kind",
    ]
    assert other[1].words == "11 at once, 12, from 15 December 2026 on."
    assert "By stage" not in [each.title for each in equal]


@given(st.dictionaries(st.sampled_from(ORDER), st.integers(1, 10**6)), st.integers(1, 10**6))
def test_every_bar_fits_on_the_paper(now: dict[str, int], people: int) -> None:
    made = plan(now, {"block": people}, people=max(people, *now.values(), 1) if now else people)
    for each in panels(made):
        for rect in rects(each.drawn):
            assert float(rect["y"]) + float(rect["height"]) <= each.height
    ElementTree.fromstring(picture(made))


def test_the_worst_moment_is_told_with_its_date() -> None:
    made = plan({"warn": 40}, {"block": 11})
    assert worst_of(made).at is not None
    assert summary(made) == "11 of 5,000 people (0.2%) newly without mail from 15 December 2026 on."
    assert "11 people with 11 devices without mail, from 15 December 2026 on." in described(made)
    only = plan({"warn": 40})
    assert impact_words(only) == "Nobody is newly without mail; 40 of 5,000 people (0.8%) get something else"
    assert "under 0.1%" in summary(plan({"block": 1}))


def test_whoever_moves_in_two_ways_is_one_person() -> None:
    """Who has a device that is blocked and one of which nothing is known, or could not prove one before and may now."""
    once = moved(4, by={"kind": {"sales": 4}, "group": {"sales": 4}})
    two_ways = plan({"block": 3, "unknown": 3}, moved=once)
    assert impact_words(two_ways) == "4 of 5,000 people (under 0.1%) newly without mail, or may be"
    surely = plan({"block": 3, "challenge": 3}, moved=once)
    assert impact_words(surely) == "4 of 5,000 people (under 0.1%) newly without mail"
    assert [each.words for each in panels(two_ways)][1:] == ["sales: 4 of 1,500.", "sales: 4 of 4."]
    staged = plan({"block": 3, "unknown": 3}, {"block": 9}, moved=once)
    assert panels(staged)[1].words == "4 at once, 9, from 15 December 2026 on."
    eased = plan({"challenge": 6}, moved=moved(6, out=0, by=once["by"]))
    assert impact_words(eased) == "Nobody is newly without mail; 6 of 5,000 people (0.1%) get something else"


def test_who_might_lose_mail_at_an_unknown_time_is_not_nobody() -> None:
    someday = plan({}, undated={"people": 5, "devices": 7, "rules": ["aged"]})
    assert summary(someday) == "5 of 5,000 people (0.1%) might lose mail at a time we cannot tell."
    assert "Nothing changes" not in described(someday)
    assert (
        impact_words(plan({"warn": 9}, undated={"people": 0, "devices": 1, "rules": []}))
        == "1 device might lose mail at a time we cannot tell"
    )
    assert impact_words(plan({"block": 9}, undated={"people": 5, "devices": 7, "rules": []})).startswith(
        "9 of"
    )


def test_devices_of_nobody_are_not_nothing() -> None:
    rows = {label: hit(0, 0) for label in LABELS}
    lost = plan_of(newly=rows, later=[{"at": AT, "newly": rows | {"block": hit(0, 2)}}])
    assert summary(lost) == "2 devices newly without mail from 15 December 2026 on."
    warned = plan_of(newly=rows | {"warn": hit(0, 1)})
    assert impact_words(warned) == "Nobody is newly without mail; 1 device gets something else"
    beside = plan({"warn": 3}, undated={"people": 0, "devices": 1, "rules": []})
    assert impact_words(beside) == "1 device might lose mail at a time we cannot tell"


def test_devices_of_nobody_that_are_asked_for_a_proof_lose_mail_unless_they_had_none() -> None:
    asked = {label: hit(0, 0) for label in LABELS} | {"challenge": hit(0, 3)}
    lost = plan_of(newly=asked, kept_out={"people": 0, "devices": 3})
    assert (impact_words(lost), losers_in_words(lost)) == ("3 devices newly without mail", "3 devices")
    eased = plan_of(newly=asked, kept_out={"people": 0, "devices": 0})
    assert impact_words(eased) == "Nobody is newly without mail; 3 devices get something else"


def test_devices_of_nobody_without_mail_come_before_people_who_keep_it() -> None:
    warned = plan({"warn": 3}, {"warn": 3})
    stage = {"at": AT, "newly": newly(warn=3) | {"block": hit(0, 2)}}
    lost = plan_of(newly=newly(warn=3), later=[stage], kept_out={"people": 0, "devices": 2})
    assert summary(lost) == "2 devices newly without mail from 15 December 2026 on."
    assert [each.title for each in panels(lost)] == [each.title for each in panels(warned)], "of people"


def test_devices_of_nobody_of_which_nothing_is_known_may_be_without_mail() -> None:
    rows = {label: hit(0, 0) for label in LABELS} | {"unknown": hit(0, 1)}
    assert impact_words(plan_of(newly=rows)) == "1 device newly without mail, or may be"


def test_a_time_that_nobody_can_tell_has_no_date() -> None:
    someday = plan({}, {"warn": 9}, undated={"people": 5, "devices": 7, "rules": []})
    assert summary(someday) == "5 of 5,000 people (0.1%) might lose mail at a time we cannot tell."


def test_nobody_moved_is_said() -> None:
    assert panels(plan({})) == []
    assert described(plan({})) == "Nothing changes for anybody. No change for 5,000 devices of 1 person."
    ElementTree.fromstring(picture(plan({})))


def test_the_picture_is_told_in_words_and_named_by_the_change() -> None:
    drawn = ElementTree.fromstring(picture(plan({"block": 12})))
    title, desc = drawn.find(f"{SVG}title"), drawn.find(f"{SVG}desc")
    assert title is not None
    assert desc is not None
    assert drawn.attrib["aria-labelledby"] == f"{title.get('id')} {desc.get('id')}"
    assert title.text == "<b>& joins the prohibited list"
    assert (desc.text or "").startswith("12 people with 12 devices without mail.")


@pytest.mark.parametrize("words", ["prefers-color-scheme:dark", "<style>"])
def test_the_picture_has_its_own_colours_and_loads_nothing(words: str) -> None:
    drawn = picture(plan({"warn": 1}))
    assert words in drawn
    assert not re.search(r"href|url\(", drawn)


def test_the_picture_is_drawn_in_another_language() -> None:
    moved, german = plan({"block": 11}, {"block": 1200}), console_languages()["de"]
    drawn = "".join(each.drawn for each in panels(moved, german))
    assert "ohne E-Mail: 1.200 von 5.000 Personen (24 %)" in drawn
    assert ">sofort<" in drawn
    assert "kept out" not in drawn + picture(moved, german)
