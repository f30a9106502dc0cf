from datetime import UTC, datetime

import pytest

from mailgate.connectors import SourceError
from mailgate.connectors.fields import flag, instant, listed, objects, text, value

THING = {"a": {"b": " x ", "n": 7, "yes": True, "list": [1], "long": "y" * 900}, "null": None}


def test_a_value_deep_inside():
    assert value(THING, "a", "n") == 7
    assert value(THING, "a", "b", "c") is None
    assert value([], "a") is None


def test_a_text_is_trimmed_cut_and_never_something_else():
    assert (text(THING, "a", "b"), text(THING, "a", "n")) == ("x", "7")
    assert (text(THING, "null"), text(THING, "a", "yes"), text(THING, "a", "list")) == ("", "", "")
    assert len(text(THING, "a", "long")) == 500


def test_a_flag_is_known_or_not():
    assert (flag(THING, "a", "yes"), flag(THING, "a", "n"), flag(THING, "x")) == (True, None, None)


def test_a_list_or_none():
    assert (listed(THING, "a", "list"), listed(THING, "a", "b")) == ([1], None)


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("2026-11-24T09:30:12.482Z", datetime(2026, 11, 24, 9, 30, 12, 482000, UTC)),
        ("2026-11-24T01:02:49.3205976-08:00", datetime(2026, 11, 24, 9, 2, 49, 320597, UTC)),
        ("2026-11-24T09:30:12", datetime(2026, 11, 24, 9, 30, 12, tzinfo=UTC)),
        ("0001-01-01T00:00:00Z", None),
        ("0001-01-01T00:00:00+08:00", None),
        ("9999-12-31T23:59:59-08:00", None),
        ("yesterday", None),
        ("", None),
        (None, None),
    ],
)
def test_an_instant(written, expected):
    assert instant({"at": written}, "at") == expected


def test_a_list_of_objects():
    assert objects({"x": [{}]}, "x") == [{}]
    assert objects({}, "x", missing=True) == []
    for page in ({}, {"x": {}}, {"x": [1]}, []):
        with pytest.raises(SourceError):
            objects(page, "x")
