"""The people, each with a browser, a cookie and an address. Pure."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count
from random import Random

from benchmarks.traffic.browsers import LANGUAGES, Browser, Version, browser_of, common, version_of

COUNT = 8000
SEED = 14


@dataclass(frozen=True)
class User:
    browser: Browser
    version: Version
    cookie: str
    language: str
    address: str
    """The client's address in a trusted proxy's field."""

    @property
    def agent(self) -> str:
        return self.browser.named(self.version.text)

    def hints(self) -> dict[str, str]:
        return common(self.browser, self.version)


def people(number: int = COUNT) -> list[User]:
    """The same people in every run."""
    random = Random(SEED)
    return [_user(each, random) for each in range(number)]


def _user(number: int, random: Random) -> User:
    browser = browser_of(random)
    secret = hashlib.sha256(f"user {number}".encode()).hexdigest()
    cookie = f"roundcube_sessid={secret[:26]}; roundcube_sessauth={secret[26:]}-{1_790_000_000 + number}; theme=light"
    address = f"198.{18 + number % 2}.{number // 250 % 250}.{number % 250 + 1}"
    return User(browser, version_of(browser, random), cookie, random.choice(LANGUAGES), address)


def addresses() -> Iterator[str]:
    """Loopback addresses to connect from, one after the other."""
    for number in count():
        yield f"127.{10 + number // 62_500 % 200}.{number // 250 % 250}.{number % 250 + 1}"
