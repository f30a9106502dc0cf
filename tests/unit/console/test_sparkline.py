"""A trend as a line: the last day at the right, the most at the top, and the same in words."""

from datetime import date

from mailgate.console.sparkline import sparkline
from mailgate.views.app_trends import AppOnDay


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
