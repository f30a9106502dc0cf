from datetime import UTC, datetime

import pytest
from tests.exchanges import MARKER
from tests.unit.connectors.around import CATALOG, ends_in

from mailgate.connectors.inventory import (
    Installed,
    flag,
    instant,
    kind_of,
    listed,
    listed_apps,
    objects,
    system_of,
    text,
    value,
)
from mailgate.errors import Trouble
from mailgate.model import Kind


def test_unlisted_apps_are_dropped():
    installed = [
        Installed("com.example.diary", MARKER),
        Installed("com.zhiliaoapp.musically", "anything"),
        Installed("", "moomoo", ""),
    ]
    assert listed_apps(CATALOG, "ios", installed) == {"tiktok", "moomoo"}


@pytest.mark.parametrize(
    ("words", "os"),
    [
        (["iOS"], "ios"),
        (["iPadOS"], "ipados"),
        (["iPad Air 11-inch", "iOS"], "ipados"),
        (["iPhone 15"], "ios"),
        (["androidDedicatedAndFullyManaged"], "android"),
        (["androidWorkProfile"], "android"),
        (["androidDeviceAdministrator"], "android"),
        (["androidOSP"], "android"),
        (["windowsMobile"], "windows"),
        (["windowsHolographic"], "windows"),
        (["chromeOS"], "chromeos"),
        (["unknown"], ""),
        (["unknownFutureValue"], ""),
        (["Windows"], "windows"),
        (["macOS"], "macos"),
        (["tvOS"], ""),
        (["visionOS"], ""),
        (["", "Android 15"], "android"),
    ],
)
def test_words_of_sources_tell_the_system(words, os):
    assert system_of(*words) == os


@pytest.mark.parametrize(
    ("os", "model", "kind"),
    [
        ("ios", "iPhone 15", Kind.PHONE),
        ("ios", "", Kind.PHONE),
        ("ios", "iPod touch", Kind.OTHER),
        ("ipados", "", Kind.TABLET),
        ("android", "SM-G991B", Kind.PHONE),
        ("android", "Galaxy Tablet", Kind.TABLET),
        ("windows", "Surface", Kind.LAPTOP),
        ("", "what", None),
    ],
)
def test_system_and_model_tell_the_kind(os, model, kind):
    assert kind_of(os, model) is kind


THING = {"a": {"b": " x ", "n": 7, "yes": True, "list": [1], "long": "y" * 900}, "null": None}


@pytest.mark.parametrize(
    ("read", "path", "expected"),
    [
        (value, ("a", "n"), 7),
        (value, ("a", "b", "c"), None),
        (text, ("a", "b"), "x"),
        (text, ("a", "n"), "7"),
        (text, ("null",), ""),
        (text, ("a", "yes"), ""),
        (text, ("a", "list"), ""),
        (text, ("a", "long"), "y" * 500),
        (flag, ("a", "yes"), True),
        (flag, ("a", "n"), None),
        (flag, ("x",), None),
        (listed, ("a", "list"), [1]),
        (listed, ("a", "b"), None),
    ],
    ids=lambda each: each.__name__ if callable(each) else ".".join(each) if isinstance(each, tuple) else None,
)
def test_a_value_of_another_kind_is_missing(read, path, expected):
    assert read(THING, *path) == expected


def test_a_page_that_is_no_object_has_no_values():
    assert value([], "a") is None


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
def test_an_instant_is_read_or_missing(written, expected):
    assert instant({"at": written}, "at") == expected


def test_a_list_of_objects_is_read():
    assert objects({"x": [{}]}, "x") == [{}]
    assert objects({}, "x", missing=True) == []


@pytest.mark.parametrize("page", [{}, {"x": {}}, {"x": [1]}, []], ids=str)
def test_anything_but_a_list_of_objects_is_refused(page):
    with ends_in(Trouble.SHAPE):
        objects(page, "x")
