"""Gives each operating system one name for all its names in user agents, hints and mail clients."""

from functools import lru_cache

from mailgate.classify.table import Match

_NAMES = {
    "mac os x": "macos",
    "mac os": "macos",
    "mac": "macos",
    "os x": "macos",
    "iphone os": "ios",
    "windows nt": "windows",
    "winnt": "windows",
    "microsoft windows": "windows",
    "chrome os": "chromeos",
    "chromium os": "chromeos",
    "symbian os": "symbian",
    "blackberry os": "blackberry",
    "blackberry tablet os": "blackberry",
    "other": "",
    "unknown": "",
}

_OF_DESKTOP_RULE = {
    "harmony-pc": "harmonyos",
    "windows": "windows",
    "macintosh": "macos",
    "chromebook": "chromeos",
    "linux-distribution": "linux",
    "linux-computer": "linux",
}


@lru_cache(512)
def system_name(family: str) -> str:
    """Mailgate's name of a system, like ``macos`` for ``Mac OS X``. A name without an entry is written in lower case,
    with hyphens for spaces."""
    lowered = family.strip().lower()
    return _NAMES.get(lowered, lowered.replace(" ", "-"))


def system_of_rule(match: Match) -> str:
    """The system of a computer by the rule that recognised it; empty if the rule covers several systems."""
    return _OF_DESKTOP_RULE.get(match.rule.name, "")


def system_of_words(match: Match) -> str:
    """The system of a computer by the matched words; empty if they are the words of a program."""
    return "" if match.rule.name == "x11" else system_name(match.text.strip("(;/ )"))
