"""When nothing may change: by the calendar and by the week, whatever the clocks do."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from pydantic import TypeAdapter, ValidationError
from tests.unit.config.test_admins import loaded

from mailgate.config.guard import Freeze, Once, Weekly
from mailgate.errors import ConfigError

_FREEZE: TypeAdapter[Once | Weekly] = TypeAdapter(Freeze)

HOLIDAYS = "2026-12-18 16:00 - 2027-01-04 08:00 Europe/Berlin"
WEEKEND = "fri 16:00 - mon 08:00 Europe/Berlin"
NIGHT = "mon 22:00 - tue 02:00 America/New_York"


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "now", "end"),
    [
        (HOLIDAYS, "2026-12-18T14:59", None),
        (HOLIDAYS, "2026-12-18T15:00", "2027-01-04T07:00"),
        (HOLIDAYS, "2027-01-04T06:59:59", "2027-01-04T07:00"),
        (HOLIDAYS, "2027-01-04T07:00", None),
        (WEEKEND, "2026-11-27T14:59:59", None),  # a Friday
        (WEEKEND, "2026-11-27T15:00", "2026-11-30T07:00"),
        (WEEKEND, "2026-11-30T06:59:59", "2026-11-30T07:00"),
        (WEEKEND, "2026-11-30T07:00", None),
        (WEEKEND, "2026-07-17T14:00", "2026-07-20T06:00"),  # in summer
        (WEEKEND, "2026-10-24T12:00", "2026-10-26T07:00"),  # over the night when clocks go back
        (WEEKEND, "2027-03-27T12:00", "2027-03-29T06:00"),  # and forward
        (NIGHT, "2026-11-24T06:59", "2026-11-24T07:00"),
        (NIGHT, "2026-11-24T07:00", None),
        (NIGHT, "2026-11-24T02:59", None),
        ("sun 01:00 - sun 00:00 UTC", "2026-11-28T12:00", "2026-11-29T00:00"),  # all week but one hour
        ("sun 01:00 - sun 00:00 UTC", "2026-11-29T00:30", None),
        ("2026-10-25 02:30 - 2026-10-25 02:45 Europe/Berlin", "2026-10-25T01:40", "2026-10-25T01:45"),
        ("2027-03-27 16:00 - 2027-03-28 02:30 Europe/Berlin", "2027-03-28T01:10", "2027-03-28T01:30"),
        ("2027-03-28 02:30 - 2027-03-28 06:00 Europe/Berlin", "2027-03-28T01:10", "2027-03-28T04:00"),
        ("sun 02:30 - sun 06:00 Europe/Berlin", "2026-10-25T00:29", None),
        ("sun 02:30 - sun 06:00 Europe/Berlin", "2026-10-25T01:10", "2026-10-25T05:00"),  # 2:10 again
        ("sat 16:00 - sun 02:30 Europe/Berlin", "2026-10-25T00:40", "2026-10-25T01:30"),
        ("sat 16:00 - sun 02:30 Europe/Berlin", "2027-03-28T01:10", "2027-03-28T01:30"),  # there is no 2:30
        ("sun 02:30 - sun 06:00 Europe/Berlin", "2027-03-28T01:10", "2027-03-28T04:00"),
        (
            "sun 02:30 - sun 02:15 Europe/Berlin",
            "2026-10-25T00:40",
            "2026-11-01T01:15",
        ),  # the next one has begun
        ("sun 02:30 - sun 02:15 Europe/Berlin", "2026-11-01T01:20", None),
    ],
)
def test_a_freeze_holds_between_its_ends(text: str, now: str, end: str | None) -> None:
    freeze = _FREEZE.validate_python(text)
    assert freeze.end(at(now)) == (end and at(end))
    assert str(freeze) == text


@pytest.mark.parametrize(
    ("text", "mistake"),
    [
        ("friday - monday", "not a freeze; use one like"),
        ("2026-12-18 - 2027-01-04 UTC", "not a freeze"),
        ("2026-12-18 16:00 - 2027-01-04 08:00", "not a freeze"),
        ("2026-12-18 16:00 - mon 08:00 UTC", "not a freeze"),
        ("fri 24:00 - mon 08:00 UTC", "not a freeze"),
        (7, "not a freeze"),
        ("2026-02-30 16:00 - 2027-01-04 08:00 UTC", "no such date"),
        ("2026-12-18 16:00 - 9999-12-31 23:59 America/New_York", "no such date"),
        ("0001-01-01 00:00 - 2027-01-04 08:00 Asia/Tokyo", "no such date"),
        ("2027-01-04 08:00 - 2026-12-18 16:00 UTC", "it ends before it begins"),
        (
            "2026-03-29 02:40 - 2026-03-29 02:20 Europe/Berlin",
            "it ends before it begins",
        ),  # by clocks that show neither
        ("fri 16:00 - fri 16:00 UTC", "start and end are the same"),
        ("fri 16:00 - mon 08:00 Europe/Atlantis", "there is no such time zone"),
        ("fri 16:00 - mon 08:00 Europe", "there is no such time zone"),
    ],
)
def test_mistakes_are_said(text: Any, mistake: str) -> None:
    with pytest.raises(ValidationError, match=mistake):
        _FREEZE.validate_python(text)


def test_a_freeze_is_written_as_it_was_read() -> None:
    assert _FREEZE.dump_python(_FREEZE.validate_python(WEEKEND)) == WEEKEND
    assert _FREEZE.validate_python(WEEKEND) == _FREEZE.validate_python(WEEKEND)


def test_one_approval_is_needed_and_nothing_is_frozen_unless_said(tmp_path: Path) -> None:
    guard = loaded(tmp_path, {}, guard={"max_newly_blocked": "1%"}).guard
    assert guard is not None
    assert (guard.max_newly_blocked, guard.approvals, guard.freeze) == (0.01, 1, ())


@pytest.mark.parametrize(("given", "window"), [({}, 7), ({"window": "30d"}, 30)])
def test_the_limit_is_one_of_a_week_unless_said(tmp_path: Path, given: dict[str, str], window: int) -> None:
    guard = loaded(tmp_path, {}, guard={"max_newly_blocked": 5, **given}).guard
    assert guard is not None
    assert guard.window == timedelta(days=window)


def test_freezes_are_read(tmp_path: Path) -> None:
    texts = ["fri 16:00 - mon 08:00 Europe/Berlin", "2026-12-18 16:00 - 2027-01-04 08:00 UTC"]
    guard = loaded(tmp_path, {}, guard={"max_newly_blocked": 5, "approvals": 2, "freeze": texts}).guard
    assert guard is not None
    assert (guard.approvals, [str(each) for each in guard.freeze]) == (2, texts)


@pytest.mark.parametrize(
    ("key", "value", "mistake"),
    [
        ("approvals", 0, "`0` is out of range"),
        ("window", "1h", "is out of range; use 1 day or more"),
        ("window", "a week", "not a duration"),
        ("freeze", ["on fridays"], r"mailgate.yaml:\d+:\d+: `on fridays` is not a freeze; use one like"),
        ("freeze", "fri 16:00 - mon 08:00 UTC", "use a list"),
    ],
)
def test_mistakes_are_said_with_their_place(tmp_path: Path, key: str, value: Any, mistake: str) -> None:
    with pytest.raises(ConfigError, match=mistake):
        loaded(tmp_path, {}, guard={"max_newly_blocked": 5, key: value})


def test_a_window_of_which_not_everything_is_remembered_is_a_mistake(tmp_path: Path) -> None:
    with pytest.raises(
        ConfigError, match="the window of 31d is longer than the 30d for which requests are kept"
    ):
        loaded(tmp_path, {}, guard={"max_newly_blocked": 5, "window": "31d"})
