"""The people of a webmail, each with a browser, cookies and an address; their phones. The same in every run."""

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from random import Random

HOST = "mail.example.com"
COUNT = 4000
SEED = 14
NEW = "<<v>>"
"""The place of a version that no other request has (``traffic.lua``)."""

LAPTOP = (
    "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36"
)
PHONE = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_6 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko)"
    " Version/18.6 Mobile/15E148 Safari/604.1"
)
THUNDERBIRD = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Thunderbird/140.5.0"

_WEBKIT = "AppleWebKit/537.36 (KHTML, like Gecko)"
_MAC = "Macintosh; Intel Mac OS X 10_15_7"
_SYSTEMS = {"Windows": "Windows NT 10.0; Win64; x64", "macOS": _MAC, "Linux": "X11; Linux x86_64"}
_SHARE_OF_SYSTEMS = (75, 20, 5)
_BROWSERS: Mapping[str, int] = {"chrome": 45, "edge": 30, "firefox": 15, "safari": 10}
"""The share of each browser in an office."""
ODD = 0.2
"""The share of people whose browser names a version of its own: a build of a distribution, or one that is embedded."""
LANGUAGES = (
    "en-US,en;q=0.9",
    "de-DE,de;q=0.9,en;q=0.8",
    "fr-FR,fr;q=0.9",
    "en-GB,en;q=0.9",
    "es-ES,es;q=0.9",
)


@dataclass(frozen=True)
class Person:
    """``version`` is the major one; ``hints`` are the fields that only a Chromium sends."""

    number: int
    browser: str
    system: str
    version: int
    agent: str
    cookie: str
    language: str
    address: str

    @property
    def name(self) -> str:
        return f"person{self.number}@example.com"

    @property
    def hints(self) -> dict[str, str]:
        if self.browser not in ("chrome", "edge"):
            return {}
        brand = "Microsoft Edge" if self.browser == "edge" else "Google Chrome"
        return {
            "sec-ch-ua-platform": f'"{self.system}"',
            "sec-ch-ua": f'"Chromium";v="{self.version}", "{brand}";v="{self.version}", "Not_A Brand";v="99"',
            "sec-ch-ua-mobile": "?0",
        }


def people(count: int = COUNT) -> list[Person]:
    random = Random(SEED)
    return [_person(number, random) for number in range(count)]


def _person(number: int, random: Random) -> Person:
    browser = random.choices(list(_BROWSERS), list(_BROWSERS.values()))[0]
    system = "macOS" if browser == "safari" else random.choices(list(_SYSTEMS), _SHARE_OF_SYSTEMS)[0]
    major = random.randint(18, 26) if browser == "safari" else random.randint(139, 142)
    odd = f".{random.randint(1, 9)}.{random.randint(1000, 7500)}" if random.random() < ODD else ""
    secret = hashlib.sha256(f"person {number}".encode()).hexdigest()
    return Person(
        number,
        browser,
        system,
        major,
        _agent(browser, _SYSTEMS[system], major, odd),
        f"roundcube_sessid={secret[:26]}; roundcube_sessauth={secret[26:]}-{1_790_000_000 + number}",
        random.choice(LANGUAGES),
        f"198.{18 + number % 2}.{number // 250 % 250}.{number % 250 + 1}",
    )


def _agent(browser: str, system: str, major: int, odd: str) -> str:
    match browser:
        case "firefox":
            system = system.replace("10_15_7", "10.15")
            return f"Mozilla/5.0 ({system}; rv:{major}.0) Gecko/20100101 Firefox/{major}{odd or '.0'}"
        case "safari":
            return f"Mozilla/5.0 ({system}) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/{major}.1 Safari/605.1.15"
    chrome = f"Mozilla/5.0 ({system}) {_WEBKIT} Chrome/{major}{f'.0{odd}' if odd else '.0.0.0'} Safari/537.36"
    return f"{chrome} Edg/{major}.0.0.0" if browser == "edge" else chrome


def new_agents(person: Person) -> str:
    """A user agent that is new in each request: another version, system, or product on the same engine."""
    system = _SYSTEMS[person.system]
    chrome = f"Mozilla/5.0 ({system}) {_WEBKIT} Chrome/{person.version}."
    mac = f"Mozilla/5.0 ({_MAC}) {_WEBKIT} Chrome/{person.version}.0.0.0 Safari/537.36"
    forms = (
        f"{chrome}{NEW} Safari/537.36",
        f"{chrome}0.0.0 Safari/537.36 Edg/{person.version}.{NEW}",
        f"{chrome}0.0.0 Safari/537.36 OPR/120.{NEW}",
        f"{chrome}0.0.0 Safari/537.36 Vivaldi/7.{NEW}",
        f"{mac} Slack_SSB/4.{NEW}",
        f"Mozilla/5.0 ({system}; rv:{person.version}.0) Gecko/20100101 Firefox/{person.version}.{NEW}",
    )
    return forms[person.number % len(forms)]


def phone_browsers(count: int) -> Iterator[str]:
    """Browsers of phones, all different."""
    for number in range(count):
        yield PHONE.replace("18_6 ", f"18_{number % 7} ").replace("15E148", f"15E{100 + number}")


def eas_id(number: int) -> str:
    """An ActiveSync id as a phone sends it. Real ids come in no order."""
    return f"ApplC{number * 2_654_435_761 % 2**32:08X}{number % 100:02d}"
