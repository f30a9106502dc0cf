"""Where a list goes on, in an address."""

from datetime import UTC, datetime

import pytest

from mailgate.console.list_position import position_in, position_values
from mailgate.store import RowPosition


def test_a_place_comes_back_as_it_was() -> None:
    place = RowPosition(datetime(2026, 12, 1, 12, 0, 1, 250, tzinfo=UTC), "abc")
    assert position_in(position_values(place)) == place
    assert position_values(None) == {}


@pytest.mark.parametrize("at", ["", "yesterday", "2026-12-01", "2026-12-01T12:00:00"])
def test_what_is_no_time_with_its_zone_is_the_beginning(at: str) -> None:
    assert position_in({"at": at, "after": "abc"}) is None
