"""The pictures of what was decided."""

from datetime import date, timedelta
from xml.etree import ElementTree

from tests.unit.console.browsing import NOW

from mailgate.console.verdict_chart import EFFECTS, KINDS, plot, trend
from mailgate.model import Effect, Kind
from mailgate.views.app_trends import AppOnDay, AppTrend
from mailgate.views.traffic import Traffic, TrafficSpan


def traffic(**told: dict[str, int]) -> Traffic:
    """An hour of which the last minute says this."""
    empty = [TrafficSpan(at=NOW - timedelta(minutes=back), effect={}, kind={}) for back in range(59, 0, -1)]
    spans = [*empty, TrafficSpan(at=NOW, effect=told.get("effect", {}), kind=told.get("kind", {}))]
    return Traffic(range="1h", spans=spans, rules=[])


def test_every_effect_and_kind_has_its_place() -> None:
    assert sorted(EFFECTS) == sorted(Effect)
    assert sorted(KINDS) == sorted(Kind)


def test_it_can_be_read_without_seeing_it() -> None:
    drawn = plot(traffic(kind={"phone": 1002}), "kind")
    assert drawn.words == "The last 60 minutes: 1,002 phone."
    assert drawn.totals == (("phone", "phone", 1002),)
    assert plot(traffic(effect={"block": 7}), "effect").words == "The last 60 minutes: 7 kept out."
    assert plot(traffic(), "kind").words == "The last 60 minutes: no requests."


def test_times_below_it_are_for_the_reader_of_the_page() -> None:
    root = ElementTree.fromstring(f"<svg>{plot(traffic(), 'kind').drawn}</svg>")
    assert sum("data-at" in each.attrib for each in root.findall("text")) == 3


def test_an_app_has_a_column_for_each_day_and_a_day_that_was_not_counted_is_empty() -> None:
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
