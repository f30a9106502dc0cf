"""The guard in the settings."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from tests.unit.config.test_admins import loaded

from mailgate.errors import ConfigError


def test_one_approval_is_needed_and_nothing_is_frozen_unless_said(tmp_path: Path) -> None:
    guard = loaded(tmp_path, {}, guard={"max_newly_blocked": "1%"}).guard
    assert guard is not None
    assert (guard.max_newly_blocked, guard.approvals, guard.freeze) == (0.01, 1, ())


def test_the_limit_is_one_of_a_week_unless_said(tmp_path: Path) -> None:
    for given, window in (({}, 7), ({"window": "30d"}, 30)):
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
        ("window", "1h", "is out of range; expected greater than or equal to 1 day"),
        ("window", "a week", "not a duration"),
        ("freeze", ["on fridays"], r"mailgate.yaml:\d+:\d+: `on fridays` is not a freeze; expected one like"),
        ("freeze", "fri 16:00 - mon 08:00 UTC", "expected a list"),
    ],
)
def test_mistakes_are_said_with_their_place(tmp_path: Path, key: str, value: Any, mistake: str) -> None:
    with pytest.raises(ConfigError, match=mistake):
        loaded(tmp_path, {}, guard={"max_newly_blocked": 5, key: value})


def test_a_window_of_which_not_everything_is_remembered_is_a_mistake(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="a window of 31d, and sightings are kept for 30d"):
        loaded(tmp_path, {}, guard={"max_newly_blocked": 5, "window": "31d"})
