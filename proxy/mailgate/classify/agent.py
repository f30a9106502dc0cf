"""Looks through a user agent: ua-parser finds device, browser and system, and our tables find the first rule."""

from functools import cache, cached_property
from typing import TYPE_CHECKING

from ua_parser import Device
from ua_parser.loaders import load_lazy_builtins
from ua_parser.regex import Resolver
from user_agents.parsers import UserAgent, parse_browser, parse_device, parse_operating_system

from mailgate.classify.appliances import APPLIANCES
from mailgate.classify.desktop_mode import DESKTOP_MODE
from mailgate.classify.desktops import DESKTOPS
from mailgate.classify.handhelds import HANDHELDS
from mailgate.classify.programs import BOTS, TOOLS
from mailgate.classify.systems import system_name
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
def _resolver() -> Resolver:
    """The patterns of ua-parser. They take long to load, and most commands never look at a user agent."""
    browsers, systems, devices = load_lazy_builtins()
    return Resolver(([each for each in browsers if not is_excluded_pattern(each.regex)], systems, devices))


_NO_DEVICE = Device("Other")
_NO_MODEL = frozenset({"Other", "Smartphone", "Tablet", "Feature Phone"})
"""The names that ua-parser gives to devices of unknown model."""

COMPUTERS = Table.joined(DESKTOP_MODE, DESKTOPS)
_ALL = Table.joined(TOOLS, BOTS, APPLIANCES, HANDHELDS, COMPUTERS)
"""All tables in the order in which they are asked. One search gives the result of the first table that has a match."""

AGENT_TABLES = (_ALL, COMPUTERS)
"""The combined tables, for ``warm``."""


class Agent:
    """The findings of ua-parser's Rust resolver in a user agent, and the first rule of all tables that matches it.

    ``user_agents``' own parser is 40 times slower.
    """

    __slots__ = ("__dict__", "device", "first", "text")

    def __init__(self, text: str) -> None:
        self.text = text
        self.device: Found | Device = _resolver().de.extract(text) or _NO_DEVICE
        self.first = _ALL.first(text)

    @cached_property
    def browser(self) -> "Browser | None":
        """The browser. It is computed on demand, since for most user agents the rules find the kind of device without
        it."""
        return _resolver().ua.extract(self.text)

    @cached_property
    def os(self) -> "OS | None":
        """The operating system. It is computed on demand, since for most computers a rule finds the system."""
        return _resolver().os.extract(self.text)

    @property
    def is_bot(self) -> bool:
        return self.device.family == "Spider"

    @property
    def system(self) -> str:
        """Mailgate's name for the system, or empty."""
        return system_name(self.os.family) if self.os else ""

    @property
    def model(self) -> str:
        """The model of the device, or empty."""
        model = self.device.model or self.device.family
        return "" if model in _NO_MODEL else model

    def form(self) -> str:
        """The form by the rules of ``user_agents``: a tablet, a phone, or empty."""
        rules = _Rules(self)
        return "tablet" if rules.is_tablet else "phone" if rules.is_mobile else ""


class _Rules(UserAgent):  # type: ignore[misc]  # user_agents has no types
    """Applies the rules of ``user_agents`` to the resolved parts. They are slow and rarely used. They read no version but that of
    Windows RT, for which there is a rule in our tables."""

    def __init__(self, agent: Agent) -> None:
        self.ua_string = agent.text
        self.os = parse_operating_system(agent.os.family if agent.os else "Other")
        self.browser = parse_browser(agent.browser.family if agent.browser else "Other")
        self.device = parse_device(agent.device.family, agent.device.brand, agent.device.model)


def version(named: "Browser | OS") -> str:
    """The version, like ``10.15.7``, without leading zeros."""
    parts = (named.major, named.minor, named.patch)
    return ".".join([str(int(part)) if part.isdigit() else part for part in parts if part is not None])
