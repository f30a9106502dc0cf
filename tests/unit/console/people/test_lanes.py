"""The picture of a person's last days."""

import re
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from types import SimpleNamespace
from typing import Any

from mailgate.console.devices.timeline import Event
from mailgate.console.people.facts import Lane
from mailgate.console.people.lanes import MAX_MARKS, drawn, marks_of
from mailgate.texts import IN_ENGLISH, console_languages

NOW = datetime(2026, 12, 1, 12, tzinfo=UTC)


def person(days: dict[str, list[bool]], timeline: list[Event] | None = None) -> Any:
    lanes = [Lane(device="", kind="phone", os="ios", days=days)]
    return SimpleNamespace(devices=[], lanes=lanes, timeline=timeline or [])


def bars(days: dict[str, list[bool]]) -> list[tuple[str, float, float]]:
    """The bars of the wide picture: their look, and the day on which they begin and end, from 0 to 14."""
    wide = drawn(person(days), [], NOW, IN_ENGLISH).split("</svg>")[0]
    found = re.findall(r'<rect class="([\w ]+)" x="([\d.]+)" y="[\d.]+" width="([\d.]+)"', wide)
    column = 640 / 14
    return [(look, round(float(x) / column, 1), round((float(x) + float(w)) / column, 1)) for look, x, w in found]  # fmt: skip


def test_days_with_the_same_outcome_are_one_bar_and_days_without_a_request_have_none() -> None:
    assert bars({"2026-11-18": [True], "2026-11-19": [True], "2026-11-21": [True], "2026-12-01": [False]}) == [
        ("got", 0, 2), ("got", 3, 4), ("bar block", 13, 14),
    ]  # fmt: skip


def test_a_day_with_both_ends_with_the_last() -> None:
    assert bars({"2026-11-30": [True, False]}) == [("got", 12, 12.5), ("bar block", 12.5, 13)]
    assert bars({"2026-11-30": [False, True, True]}) == [("bar block", 12, 12.5), ("got", 12.5, 13)]


def test_marks_are_numbered_in_order_and_stand_beside_each_other() -> None:
    hours = [1, 2, 3, 24 * 20]
    events = [Event(NOW - timedelta(hours=each), "help", "Asked") for each in hours]
    events.insert(1, Event(NOW, "report", "Looked"))
    found = person({"2026-12-01": [True]}, events)
    marks = marks_of(found, NOW)
    assert [each.at for each in marks] == [NOW - timedelta(hours=each) for each in (3, 2, 1)]
    for picture in drawn(found, marks, NOW, IN_ENGLISH).split("</svg>")[:2]:
        places = [float(x) for x in re.findall(r'<circle class="dot" cx="([\d.]+)"', picture)]
        assert all(later - earlier >= 20 for earlier, later in pairwise(places))
        assert 0 < places[0] < places[-1] <= (640 if "only-wide" in picture else 330)
    many = person({}, [Event(NOW, "help", "Asked")] * 20)
    assert len(marks_of(many, NOW)) == MAX_MARKS


def test_the_picture_is_told_in_a_sentence_in_the_language_of_the_page() -> None:
    found = person({"2026-11-30": [True, False], "2026-12-01": [False]})
    assert "Phone, iOS, no known device: days with mail 1, with none 2, without a request 12." in drawn(
        found, [], NOW, IN_ENGLISH
    )
    assert "Smartphone, iOS, kein bekanntes Gerät: Tage mit E-Mail 1" in drawn(
        found, [], NOW, console_languages()["de"]
    )
    assert drawn(SimpleNamespace(devices=[], lanes=[], timeline=[]), [], NOW, IN_ENGLISH) == ""  # type: ignore[arg-type]
