"""Looks through a user agent: ua-parser finds device, browser and system, and our tables find the first rule.

The user agents of the most common browsers are told at a glance (``plain_device``), in a tenth of the time. Only digits of versions
are free in them. So each of these is read by the tables as the same device, and a test compares the two readers. Whatever differs in
one character is left to the tables.
"""

import re
from collections.abc import Iterable, Iterator
from functools import cache, cached_property
from operator import attrgetter
from typing import TYPE_CHECKING, Any

from ua_parser import Device
from ua_parser.loaders import load_lazy_builtins
from ua_parser_rs import DeviceExtractor, OSExtractor, UserAgentExtractor

from mailgate.classify.appliances import APPLIANCES
from mailgate.classify.desktops import DESKTOPS
from mailgate.classify.handhelds import DESKTOP_MODE, HANDHELDS
from mailgate.classify.programs import BOTS, TOOLS
from mailgate.classify.reading import system_name
from mailgate.classify.table import Table

if TYPE_CHECKING:  # only the package's type stubs have these names
    from ua_parser_rs import OS
    from ua_parser_rs import Device as Found
    from ua_parser_rs import UserAgent as Browser

_LONGEST_PATTERN = 2000
_GAP = "^.{0,200}?"


def is_excluded_pattern(pattern: str) -> bool:
    """Whether a pattern of ua-parser's browsers is left out.

    Four patterns name crawlers: a list of hundreds, and three in which any of the first 200 characters may begin a name that
    ends in bot or spider. They are by far the slowest, with about a millisecond for a text of odd words. Nothing here needs the
    name of a crawler, since ``BOTS`` recognises crawlers.
    """
    return len(pattern) > _LONGEST_PATTERN or pattern.startswith(_GAP)


@cache
def devices() -> DeviceExtractor:
    """The patterns of ua-parser for devices, as its own ``Resolver`` loads them. They take half a tenth of a second, and most commands
    never look at a user agent."""
    return DeviceExtractor(map(attrgetter("regex", "regex_flag", "family", "brand", "model"), _builtins()[2]))


@cache
def browsers() -> UserAgentExtractor:
    """Those for browsers."""
    return UserAgentExtractor(
        _versioned(each for each in _builtins()[0] if not is_excluded_pattern(each.regex))
    )


@cache
def systems() -> OSExtractor:
    """Those for operating systems."""
    return OSExtractor(_versioned(_builtins()[1]))


_builtins = cache(load_lazy_builtins)


def _versioned(patterns: Iterable[Any]) -> Iterator[Any]:
    return map(attrgetter("regex", "family", "major", "minor", "patch", "patch_minor"), patterns)


_NO_DEVICE = Device("Other")
_NO_MODEL = frozenset({"Other", "Smartphone", "Tablet", "Feature Phone"})
"""The names that ua-parser gives to devices of unknown model."""

COMPUTERS = Table.joined(DESKTOP_MODE, DESKTOPS)
_ALL = Table.joined(TOOLS, BOTS, APPLIANCES, HANDHELDS, COMPUTERS)
"""All tables in the order in which they are asked. One search gives the result of the first table that has a match."""

AGENT_TABLES = (_ALL, COMPUTERS)


class Agent:
    """The findings of ua-parser's Rust resolver in a user agent, and the first rule of all tables that matches it."""

    __slots__ = ("__dict__", "device", "first", "text")

    def __init__(self, text: str) -> None:
        self.text = text
        self.device: Found | Device = devices().extract(text) or _NO_DEVICE
        self.first = _ALL.first(text)

    @cached_property
    def browser(self) -> "Browser | None":
        """The browser. It is looked for on demand, since for most user agents the rules find the kind of device without it."""
        return browsers().extract(self.text)

    @cached_property
    def os(self) -> "OS | None":
        return systems().extract(self.text)

    @property
    def is_bot(self) -> bool:
        return self.device.family == "Spider"

    @property
    def system(self) -> str:
        """Mailgate's name for the system, or empty."""
        return system_name(self.os.family) if self.os else ""

    @property
    def model(self) -> str:
        model = self.device.model or self.device.family
        return "" if model in _NO_MODEL else model

    def form(self) -> str:
        """A tablet, a phone, or empty, by the names that ua-parser gives to device, system and browser.

        The rules are those of the package user-agents 2.2.0 (MIT), which itself would load every pattern of ua-parser once more.
        """
        if self.device.family in _TABLETS or self._is_tablet_of_its_system():
            return "tablet"
        text, browser = self.text, self.browser.family if self.browser else ""
        is_phone = (
            self.device.family in _PHONES
            or browser in _BROWSERS_OF_PHONES
            or (self.os is not None and self.os.family in _SYSTEMS_OF_PHONES)
            or any(word in text for word in _WORDS_OF_PHONES)
            or (self.is_bot and "Mobile" in browser)
            or ("NokiaBrowser" in text and "Mobile" in text)
        )
        return "phone" if is_phone else ""

    def _is_tablet_of_its_system(self) -> bool:
        """Browsers on phones with these systems say so; older tablets that do too are among the devices."""
        system, browser = self.os.family if self.os else "", self.browser.family if self.browser else ""
        if system == "Android":
            return "Mobile Safari" not in self.text and browser != "Firefox Mobile"
        return system == "Firefox OS" and "Mobile" not in browser


_TABLETS = frozenset(
    {
        *("iPad", "BlackBerry Playbook", "Blackberry Playbook", "Galaxy Tab", "Xoom", "Dell Streak"),
        *("Kindle", "Kindle Fire", "Kindle Fire HD"),
    }
)
_PHONES = frozenset(
    {*("iPhone", "iPod", "iOS-Device", "PlayStation Vita"), *("Generic Smartphone", "Generic Feature Phone")}
)
_BROWSERS_OF_PHONES = frozenset(
    {
        *("IE Mobile", "Opera Mobile", "Opera Mini"),
        *("Chrome Mobile", "Chrome Mobile WebView", "Chrome Mobile iOS"),
    }
)
_SYSTEMS_OF_PHONES = frozenset(
    {
        *("Android", "Firefox OS", "BlackBerry OS", "Symbian OS", "Bada", "Maemo"),
        *("Windows Phone", "Windows Phone OS", "Windows CE", "Windows Mobile"),
    }
)
_WORDS_OF_PHONES = ("J2ME", "MIDP", "iPhone;", "Googlebot-Mobile")


def version(named: "Browser | OS") -> str:
    """The version, like ``10.15.7``, without leading zeros."""
    parts = (named.major, named.minor, named.patch)
    return ".".join([str(int(part)) if part.isdigit() else part for part in parts if part is not None])


_DEVICES = {
    "Windows NT 10.0; Win64; x64": ("desktop", "windows", ""),
    "Macintosh; Intel Mac OS X 10_15_7": ("desktop", "macos", ""),
    "Macintosh; Intel Mac OS X 10.15": ("desktop", "macos", ""),
    "X11; Linux x86_64": ("desktop", "linux", ""),
    "X11; Ubuntu; Linux x86_64": ("desktop", "linux", ""),
    "iPhone; CPU iPhone OS": ("phone", "ios", "iPhone"),
    "iPad; CPU OS": ("tablet", "ipados", "iPad"),
}
"""The form, the system and the model by the words that name them."""

_LIKE = r"\(KHTML, like Gecko\)"
_CHROMIUM = r"1[2-9][0-9]\.[0-9]{1,4}\.[0-9]{1,4}\.[0-9]{1,4}"
_ON_CHROMIUM = (
    r"(?:(?:Edg|Vivaldi)/[1-9][0-9]{0,2}(?:\.[0-9]{1,4}){2,3}"
    # Opera on a phone that asks for the desktop site has two digits, or four at the end (``desktop_mode.py``)
    r"|OPR/[1-9][0-9]{2}(?:\.[0-9]{1,3}){3})"
)
_FIREFOX = r"(?:[2-9][0-9]|1[0-9][0-9])(?:\.[0-9]{1,4}){1,3}"
_SAFARI = r"[12][0-9]\.[0-9]{1,2}(?:\.[0-9]{1,2})?"
_PLAIN = re.compile(
    rf"Mozilla/5\.0 \(({'|'.join(map(re.escape, _DEVICES))})(?:(?<!OS)(?:"
    rf"\) AppleWebKit/537\.36 {_LIKE} Chrome/{_CHROMIUM} Safari/537\.36(?: {_ON_CHROMIUM})?"
    rf"|; rv:{_FIREFOX}\) Gecko/20100101 Firefox/{_FIREFOX}"
    rf"|\) AppleWebKit/605\.1\.15 {_LIKE} Version/{_SAFARI} Safari/605\.1\.15)"
    rf"|(?<=OS) [12][0-9](?:_[0-9]{{1,4}}){{1,2}} like Mac OS X\) AppleWebKit/605\.1\.15 {_LIKE}"
    rf" Version/{_SAFARI} Mobile/15E148 Safari/604\.1)"
)


def plain_device(user_agent: str) -> tuple[str, str, str] | None:
    """Form, system and model of the device whose browser sends exactly this; None for any other user agent."""
    plain = _PLAIN.fullmatch(user_agent)
    return _DEVICES[plain[1]] if plain else None
