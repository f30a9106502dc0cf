"""Browsers of laptops and desktops, and the fields that each sends with a page, a script's request, an asset and a form. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from random import Random

HOLE = "{version}"
"""The place of the version in a user agent."""
LANGUAGES = (
    "en-US,en;q=0.9",
    "de-DE,de;q=0.9,en;q=0.8",
    "fr-FR,fr;q=0.9",
    "en-GB,en;q=0.9",
    "es-ES,es;q=0.9",
)
_CHROMIUM = "AppleWebKit/537.36 (KHTML, like Gecko) Chrome/"
_SYSTEMS = {
    "Windows": "Windows NT 10.0; Win64; x64",
    "macOS": "Macintosh; Intel Mac OS X 10_15_7",
    "Linux": "X11; Linux x86_64",
}


@dataclass(frozen=True)
class Browser:
    """``agent`` is the user agent without its version; ``fields`` are those that only browsers of its family send."""

    family: str
    agent: str
    system: str = ""

    def named(self, version: str) -> str:
        return self.agent.replace(HOLE, version)


@dataclass(frozen=True)
class Version:
    """A version. ``major`` is sent in client hints, too."""

    major: int
    text: str


CHROMES = tuple(
    Browser("chrome", f"Mozilla/5.0 ({token}) {_CHROMIUM}{HOLE} Safari/537.36", system)
    for system, token in _SYSTEMS.items()
)
EDGES = tuple(
    Browser("edge", f"Mozilla/5.0 ({token}) {_CHROMIUM}142.0.0.0 Safari/537.36 Edg/{HOLE}", system)
    for system, token in _SYSTEMS.items()
)
FIREFOXES = tuple(
    Browser("firefox", f"Mozilla/5.0 ({token}; rv:140.0) Gecko/20100101 Firefox/{HOLE}")
    for token in ("Windows NT 10.0; Win64; x64", "Macintosh; Intel Mac OS X 10.15", "X11; Linux x86_64")
)
SAFARIS = (
    Browser(
        "safari",
        f"Mozilla/5.0 ({_SYSTEMS['macOS']}) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/{HOLE} Safari/605.1.15",
    ),
)
USUAL = 0.7
"""The share of people whose browser is a common one."""
WEIGHTS: Mapping[tuple[Browser, ...], int] = {CHROMES: 45, EDGES: 30, FIREFOXES: 15, SAFARIS: 10}


def browser_of(random: Random) -> Browser:
    family = random.choices(list(WEIGHTS), list(WEIGHTS.values()))[0]
    return random.choice(family)


def version_of(browser: Browser, random: Random) -> Version:
    """A version. Most people have one of the last few, in the short form that browsers send; the others are unique,
    thousands in all."""
    usual = random.random() < USUAL
    if browser.family == "safari":
        major = random.randint(18, 26)
        return Version(major, f"{major}.{random.randint(0, 6)}")
    major = random.randint(139, 142) if usual else random.randint(120, 142)
    if browser.family == "firefox":
        return Version(
            major, f"{major}.0" if usual else f"{major}.{random.randint(1, 9)}.{random.randint(1, 40)}"
        )
    build = "0.0.0" if usual else f"0.{random.randint(5000, 7500)}.{random.randint(10, 250)}"
    return Version(major, f"{major}.{build}")


def never_again(number: int) -> str:
    """A unique version. No Safari has one, since a version that does not exist means a phone that pretends."""
    parts = (number // 1_000_000 % 1000, number // 1000 % 1000, number % 1000)
    return f"142.{parts[0]}.{parts[1]}.{parts[2]}"


def common(browser: Browser, version: Version) -> dict[str, str]:
    """The client hints that a Chromium sends with every request; empty for other browsers."""
    if browser.family not in ("chrome", "edge"):
        return {}
    brand = "Microsoft Edge" if browser.family == "edge" else "Google Chrome"
    brands = f'"Chromium";v="{version.major}", "{brand}";v="{version.major}", "Not_A Brand";v="99"'
    return {
        "sec-ch-ua": brands,
        "sec-ch-ua-mobile": "?0",
        "sec-ch-ua-platform": f'"{browser.system}"',
    }


PAGE = {
    "Accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8",
    "Upgrade-Insecure-Requests": "1",
    "Sec-Fetch-Site": "same-origin",
    "Sec-Fetch-Mode": "navigate",
    "Sec-Fetch-User": "?1",
    "Sec-Fetch-Dest": "document",
}
XHR = {
    "Accept": "application/json, text/javascript, */*; q=0.01",
    "X-Requested-With": "XMLHttpRequest",
    "Sec-Fetch-Site": "same-origin",
    "Sec-Fetch-Mode": "cors",
    "Sec-Fetch-Dest": "empty",
}
ASSET = {
    "Accept": "*/*",
    "Sec-Fetch-Site": "same-origin",
    "Sec-Fetch-Mode": "no-cors",
    "Sec-Fetch-Dest": "script",
}
