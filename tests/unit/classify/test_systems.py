"""One name for each operating system."""

import pytest

from mailgate.classify.desktops import DESKTOPS
from mailgate.classify.systems import system_name, system_of_rule, system_of_words


@pytest.mark.parametrize(
    ("family", "name"),
    [
        ("Mac OS X", "macos"),
        (" mac ", "macos"),
        ("Mac OS", "macos"),
        ("OS X", "macos"),
        ("iPhone OS", "ios"),
        ("Windows NT", "windows"),
        ("WinNT", "windows"),
        ("Microsoft Windows", "windows"),
        ("Symbian OS", "symbian"),
        ("BlackBerry OS", "blackberry"),
        ("Chrome OS", "chromeos"),
        ("Chromium OS", "chromeos"),
        ("iOS", "ios"),
        ("Windows", "windows"),
        ("Windows Phone", "windows-phone"),
        ("BlackBerry Tablet OS", "blackberry"),
        ("Sailfish OS", "sailfish-os"),
        ("Android", "android"),
        ("Windows Mobile", "windows-mobile"),
        ("Windows CE", "windows-ce"),
        ("Other", ""),
        ("Unknown", ""),
        ("", ""),
    ],
)
def test_every_spelling_has_one_name(family: str, name: str) -> None:
    assert system_name(family) == name


@pytest.mark.parametrize(
    ("agent", "of_rule", "of_words"),
    [
        ("Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7)", "macos", "macintosh"),
        ("Mozilla/5.0 (X11; CrOS x86_64 14541.0.0)", "chromeos", "cros"),
        ("Mozilla/5.0 (X11; Ubuntu; Linux x86_64)", "linux", "ubuntu"),
        ("Mozilla/5.0 (X11; Linux x86_64)", "linux", "linux-x86_64"),
        ("Mozilla/5.0 (Windows NT 10.0; Win64; x64)", "windows", "windows"),
        ("Mozilla/5.0 (PC; OpenHarmony 5.1; Windows NT 10.0)", "harmonyos", "pc;-openharmony"),
        ("Mozilla/5.0 (X11; FreeBSD amd64)", "", "freebsd"),
        ("Mozilla/4.0 (compatible; SunOS)", "", "sunos"),
        ("gvfs/1.54.2", "", ""),
    ],
)
def test_a_computer_is_named_by_its_rule_or_by_the_words(agent: str, of_rule: str, of_words: str) -> None:
    match = DESKTOPS.first(agent)
    assert match is not None
    assert (system_of_rule(match), system_of_words(match)) == (of_rule, of_words)
