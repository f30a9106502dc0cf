"""A trend as a line: the last day at the right, the most at the top, and the same in words."""

import re
from datetime import date, timedelta
from itertools import pairwise
from xml.etree import ElementTree

from tests.unit.console.browsing import NOW

from mailgate.console.apps.facts import AppOnDay
from mailgate.console.now.traffic import Traffic, TrafficSpan
from mailgate.console.pictures import EFFECTS, KINDS, NO_COUNT, away_picture, plot, refused_picture, sparkline
from mailgate.model import Effect, Kind


def day(number: int, devices: int) -> AppOnDay:
    return AppOnDay(
        day=date(2026, 12, number), people=0, devices=devices, kept_out_people=0, kept_out_devices=0
    )


def test_the_line_ends_at_the_last_day_and_says_from_where_to_where() -> None:
    drawn = sparkline([day(1, 0), day(2, 1200)])
    assert 'd="M113.1 25.0 L117.0 3.0"' in drawn
    assert 'aria-label="0 to 1,200 devices since 2026-12-01"' in drawn


def test_one_day_is_no_line() -> None:
    assert sparkline([day(1, 3)]) == '<span class="soft">Since today</span>'


def test_an_app_that_nobody_ever_had_lies_on_the_ground() -> None:
    assert "25.0 L117.0 25.0" in sparkline([day(1, 0), day(2, 0)])


def traffic(**told: dict[str, int]) -> Traffic:
    """An hour of which the last minute says this."""
    empty = [TrafficSpan(at=NOW - timedelta(minutes=back), effect={}, kind={}) for back in range(59, 0, -1)]
    spans = [*empty, TrafficSpan(at=NOW, effect=told.get("effect", {}), kind=told.get("kind", {}))]
    return Traffic(range="1h", spans=spans, rules=[])


def test_every_effect_and_kind_has_its_place() -> None:
    assert sorted(EFFECTS) == sorted(Effect)
    assert sorted(KINDS) == sorted(Kind)


def test_a_picture_is_told_in_words() -> None:
    drawn = plot(traffic(kind={"phone": 1002}), "kind")
    assert drawn.words == "The last 60 minutes: 1,002 phone."
    assert drawn.totals == (("phone", "phone", 1002),)
    assert plot(traffic(effect={"block": 7}), "effect").words == "The last 60 minutes: 7 refused."
    assert plot(traffic(), "kind").words == "The last 60 minutes: no requests."


def test_times_below_it_are_for_the_reader_of_the_page() -> None:
    root = ElementTree.fromstring(f"<svg>{plot(traffic(), 'kind').drawn}</svg>")
    assert sum("data-at" in each.attrib for each in root.findall("text")) == 3


TODAY = NOW.date()


def refused(*people: int | None) -> list[tuple[date, int | None]]:
    """The last of these days is today."""
    return [(TODAY - timedelta(days=len(people) - 1 - place), each) for place, each in enumerate(people)]


def drawn_in(drawing: str) -> ElementTree.Element:
    return ElementTree.fromstring(f"<svg>{drawing}</svg>")


def test_refused_people_have_a_column_a_day_and_today_is_another_kind_than_past_days() -> None:
    picture = refused_picture(refused(None, 0, 1200, 7), [])
    assert picture.words == "People refused each day from Nov 28 to Dec 1: not counted, 0, 1,200, 7"
    for drawing in (picture.wide, picture.phone):
        bars = drawn_in(drawing).findall("rect")
        assert [each.attrib["class"] for each in bars] == ["bar past", "bar block"]
        assert float(bars[0].attrib["height"]) > float(bars[1].attrib["height"])


def test_a_day_that_was_not_counted_is_no_day_without_refusals() -> None:
    texts = [each.text for each in drawn_in(refused_picture(refused(None, 0, 3), []).wide).findall("text")]
    assert (texts.count(NO_COUNT), texts.count("0")) == (1, 2)  # the number of the day, and of the axis


def test_marked_days_are_numbered_in_order() -> None:
    days = refused(1, 2, 3)
    drawing = drawn_in(refused_picture(days, {days[2][0], days[0][0]}).wide)
    assert [each.text for each in drawing.findall("text") if each.attrib["class"] == "dot-t"] == ["1", "2"]
    assert len(drawing.findall("circle")) == 2


def test_devices_that_lose_mail_add_up_by_the_hour() -> None:
    hours = [0] * 24
    hours[8], hours[20] = 1500, 30
    words, drawing = away_picture(hours, NOW)
    assert words == (
        "Devices that may lose mail within 24 hours: 1,500 by 2026-12-02 00:00 UTC, 1,530 by 2026-12-02 12:00 UTC"
    )
    times = [each.text for each in drawn_in(drawing).findall("text") if "data-at" in each.attrib]
    assert times == ["12:00", "18:00", "00:00", "06:00"]
    (line,) = (
        each.attrib["d"] for each in drawn_in(drawing).findall("path") if each.get("class") == "line no"
    )
    assert re.search(r"H327\.6V(\S+)H340$", line), "the last step is as wide as the others"
    assert away_picture([0] * 24, NOW)[0] == "Devices that may lose mail within 24 hours: none"


WIDEST = 62
"""The width of ``12:00 PM`` below a picture, in its own units."""
BEFORE = {"start": 0.0, "middle": 0.5, "end": 1.0}
"""The part of a text that is to the left of its place."""


def test_times_below_a_picture_do_not_run_into_each_other() -> None:
    for drawing, width in ((away_picture([0] * 23 + [1], NOW)[1], 340), (plot(traffic(), "kind").drawn, 640)):
        times = [each.attrib for each in drawn_in(drawing).findall("text") if "data-at" in each.attrib]
        ends = [float(each["x"]) - BEFORE[each["text-anchor"]] * WIDEST for each in times]
        assert len(ends) > 2
        assert all(later - earlier > WIDEST for earlier, later in pairwise(sorted(ends)))
        assert min(ends) > -2
        assert max(ends) + WIDEST < width + 2
