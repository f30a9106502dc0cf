"""One name for each operating system."""

import pytest

from mailgate.classify.desktops import DESKTOPS
from mailgate.classify.systems import desktop_system, system_name


@pytest.mark.parametrize(
    ("family", "name"),
    [
        ("Mac OS X", "macos"),
        (" mac ", "macos"),
        ("Chrome OS", "chromeos"),
        ("Chromium OS", "chromeos"),
        ("iOS", "ios"),
        ("Windows", "windows"),
        ("Windows Phone", "windows-phone"),
        ("BlackBerry Tablet OS", "blackberry"),
        ("Sailfish OS", "sailfish-os"),
        ("Other", ""),
        ("Unknown", ""),
        ("", ""),
    ],
)
def test_every_spelling_has_one_name(family: str, name: str) -> None:
    assert system_name(family) == name


@pytest.mark.parametrize(
    ("agent", "family", "name"),
    [
        ("Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7)", "Mac OS X", "macos"),
        ("Mozilla/5.0 (X11; CrOS x86_64 14541.0.0)", "Other", "chromeos"),
        ("Mozilla/5.0 (X11; Ubuntu; Linux x86_64)", "Ubuntu", "linux"),
        ("Mozilla/5.0 (X11; FreeBSD amd64)", "FreeBSD", "freebsd"),
        ("Mozilla/5.0 (X11; FreeBSD amd64)", "Other", "freebsd"),
        ("Mozilla/4.0 (compatible; SunOS)", "", "sunos"),
    ],
)
def test_a_computer_is_named_by_its_rule_else_the_parser_else_the_words(
    agent: str, family: str, name: str
) -> None:
    match = DESKTOPS.first(agent)
    assert match is not None
    assert desktop_system(match, family) == name
