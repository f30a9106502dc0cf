"""A trend as a line: the last day at the right, the most at the top, and the same in words."""

from datetime import date, timedelta
from xml.etree import ElementTree

from tests.unit.console.browsing import NOW

from mailgate.console.apps.facts import AppOnDay, AppTrend
from mailgate.console.now.traffic import Traffic, TrafficSpan
from mailgate.console.pictures import EFFECTS, KINDS, plot, sparkline, trend
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
    assert plot(traffic(effect={"block": 7}), "effect").words == "The last 60 minutes: 7 kept out."
    assert plot(traffic(), "kind").words == "The last 60 minutes: no requests."


def test_times_below_it_are_for_the_reader_of_the_page() -> None:
    root = ElementTree.fromstring(f"<svg>{plot(traffic(), 'kind').drawn}</svg>")
    assert sum("data-at" in each.attrib for each in root.findall("text")) == 3


def test_a_day_that_was_not_counted_has_an_empty_column() -> None:
    days = [
        AppOnDay(day=date(2026, 12, day), people=9, devices=9, kept_out_people=day, kept_out_devices=1)
        for day in (1, 3)
    ]
    drawn = trend(AppTrend(app="tiktok", name="TikTok", days=days), 14)
    bars = ElementTree.fromstring(f"<svg>{drawn}</svg>").findall("rect")
    assert len(bars) == 14
    assert (
        float(bars[-2].attrib["height"]) < float(bars[-3].attrib["height"]) < float(bars[-1].attrib["height"])
    )
