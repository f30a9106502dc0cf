"""One name for each operating system, whatever a user agent, a hint or a mail client calls it."""

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
    "windows phone": "windows-phone",
    "windows mobile": "windows-mobile",
    "windows ce": "windows-ce",
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
    """``Mac OS X`` -> ``macos``; a name without an entry is lower-cased, its spaces made hyphens."""
    lowered = family.strip().lower()
    return _NAMES.get(lowered, lowered.replace(" ", "-"))


def system_of_rule(match: Match) -> str:
    """The system of a computer by the rule that recognised it; empty where the rule stands for many."""
    return _OF_DESKTOP_RULE.get(match.rule.name, "")


def system_of_words(match: Match) -> str:
    """The system of a computer by the words that were matched; empty where they are those of a program."""
    return "" if match.rule.name == "x11" else system_name(match.text.strip("(;/ )"))
