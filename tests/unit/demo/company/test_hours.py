"""Hours: who asks when, and how a day is cut where something changes."""

from dataclasses import replace
from datetime import date, datetime, timedelta
from random import Random

import pytest
from tests.unit.demo.examples import NOW

from mailgate.demo.company.devices import DeviceProblem, OwnedDevice
from mailgate.demo.company.hours import Span, span
from mailgate.demo.company.makes import IPHONE, WINDOWS
from mailgate.demo.company.people import Person

LAPTOP = OwnedDevice(1, Person("a@example.com", 0), WINDOWS, "", "", False, DeviceProblem.NOTHING, NOW, NOW)
WEDNESDAY, SUNDAY = date(2026, 12, 9), date(2026, 12, 13)


def spans(owned: OwnedDevice, day: date, until: datetime = NOW) -> list[Span]:
    random = Random(1)
    return [found for _ in range(300) if (found := span(random, owned, day, until))]


def test_laptops_rest_at_the_end_of_the_week_and_phones_less() -> None:
    phone = replace(LAPTOP, make=IPHONE)
    assert len(spans(LAPTOP, WEDNESDAY)) > 250 > 80 > len(spans(LAPTOP, SUNDAY))
    assert len(spans(phone, SUNDAY)) > 140


@pytest.mark.parametrize("ahead", [0, -5, 8])
def test_a_working_day_is_that_of_the_office(ahead: int) -> None:
    owned = replace(LAPTOP, person=Person("a@example.com", ahead))
    begins = [each.first.hour + each.first.minute / 60 + ahead for each in spans(owned, WEDNESDAY)]
    assert sum(begins) / len(begins) == pytest.approx(8.5, abs=0.3)


def test_nothing_is_asked_before_or_after_its_day_nor_after_now() -> None:
    until = datetime.combine(WEDNESDAY, NOW.time(), NOW.tzinfo) - timedelta(hours=3)
    found = spans(LAPTOP, WEDNESDAY, until)
    assert found
    assert all(each.first.date() == WEDNESDAY == each.last.date() for each in found)
    assert all(each.last < until and each.times > 0 for each in found)


def test_a_span_is_shared_out_where_it_is_cut() -> None:
    whole = Span(NOW, NOW + timedelta(hours=4), 40)
    early, late = whole.cut(NOW + timedelta(hours=1))
    assert (early.times, late.times) == (10, 30)
    assert early.last < late.first == NOW + timedelta(hours=1)
    assert whole.cut(NOW) == whole.cut(NOW + timedelta(hours=5)) == [whole]


def test_who_has_asked_for_a_moment_only_has_not_asked_later() -> None:
    early = datetime.combine(WEDNESDAY, NOW.time(), NOW.tzinfo).replace(hour=7, minute=0)
    for minutes in range(0, 240, 3):
        until = early + timedelta(minutes=minutes)
        assert all(each.last < until for each in spans(LAPTOP, WEDNESDAY, until))
