"""The browsers of a company as facts: what each last said of itself, whether it reports, sleeps or is missing, and how many are alike."""

import json
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from datetime import datetime

from mailgate.config import Settings
from mailgate.console.address_values import Reader, line, one_of
from mailgate.model.fact import Fact, Instant
from mailgate.model.phrase import phrase
from mailgate.store import Store
from mailgate.store.fleet import BrowserState, FleetBrowser, FleetFilter, Group, Heard, Place

STATES: Mapping[str, str] = {
    BrowserState.REPORTING: phrase("Reports"),
    BrowserState.ASLEEP: phrase("Asleep"),
    BrowserState.MISSING: phrase("Missing"),
    BrowserState.SILENT: phrase("Silent"),
    BrowserState.UNKNOWN: phrase("Not known"),
    BrowserState.NEVER: phrase("Never reported"),
    BrowserState.REVOKED: phrase("Shut out"),
}
"""What is known of a browser."""
INSTALLED: Mapping[str, str] = {
    "admin": phrase("By policy"),
    "normal": phrase("By hand"),
    "sideload": phrase("By another program"),
    "development": phrase("For a trial"),
    "other": phrase("Not told"),
}
"""How the extension was installed, by what the browser calls it."""
HEARD = tuple(each.value for each in Heard)
FILTERS: Mapping[str, Reader] = {
    "name": line(),
    "state": one_of(tuple(STATES)),
    "heard": one_of(HEARD),
    "browser": line(),
    "extension": line(),
    "installed": one_of(tuple(INSTALLED)),
}
"""The parameters of a search, as they are read from an address."""
COLUMNS = (
    "person,computer,computer_proven,state,reported_at,browser,browser_version,extension_version,os,os_version,installed,managed,"
    "enrolled_at,revoked_at,asked_without_at,device,key,token"
).split(",")
"""The fields of a browser in a spreadsheet."""
_PAGE = 500


class BrowserFacts(Fact):
    """A browser with the extension. What it says of itself is its own word."""

    key: str
    """The thumbprint of its key (RFC 7638)."""
    device: str
    """The name of the device in its posture."""
    person: str
    """The login name of its owner; empty if it names nobody."""
    computer: str
    """The company's name of its computer; empty if none was said."""
    computer_proven: bool
    """Whether a token of that computer proved the name. Otherwise it is the browser's own word."""
    state: str
    """`reporting`; `asleep`: it has not reported since, and its person asked for no mail by such a browser without it; `missing`: they
    did; `silent`: it has not reported for long, and nothing says more; `unknown`: it has not reported since, and a removed one would
    look the same; `never`: it has enrolled and never reported; `revoked`."""
    reported_at: Instant | None
    """When it last reported; null if it never did."""
    asked_without_at: Instant | None
    """When its person last asked for mail on a laptop, by a browser of this kind, without the extension; null if that is not recorded."""
    browser: str
    """What the browser calls itself; empty if it did not say. So are the following fields."""
    browser_version: str
    """Its version."""
    extension_version: str
    """The version of the extension."""
    os: str
    """Its operating system, in lower case."""
    os_version: str
    """The version of that."""
    installed: str
    """How the extension was installed: `admin` (by policy), `normal` (by hand), `sideload`, `development` or `other`."""
    managed: bool | None
    """Whether a policy sets the extension up; null if it did not say."""
    enrolled_at: Instant
    """When its key enrolled."""
    revoked_at: Instant | None
    """When its key was revoked; null if it is valid."""
    token: str
    """The name of the token with which it enrolled."""


class Share(Fact):
    """How many browsers have something in common."""

    name: str
    """What they have in common, as the parameter of a search says it; empty if they did not say."""
    browsers: int
    """How many there are."""


class ReaderFacts(Fact):
    """The people who asked for mail on a laptop within a week, as far as a proxy or a proof names them."""

    people: int
    """How many there are."""
    named: int
    """Those of them whom a trusted proxy named. Only of these it is known whether they asked without the extension."""
    without: int | None
    """Those who asked without the extension and of whom no browser reported in that week; null if no proxy named anybody."""


class FleetFacts(Fact):
    """How many browsers of a company report, sleep or are missing, and which are alike. Revoked keys count in `states` alone."""

    browsers: int
    """How many have enrolled."""
    day: int
    """How many have reported within a day."""
    week: int
    """How many have reported within a week."""
    states: list[Share]
    """What is known of them, in words of `state`."""
    versions: list[Share]
    """The browsers with the first number of their version, the most frequent first."""
    extensions: list[Share]
    """The versions of the extension, the most frequent first."""
    installed: list[Share]
    """How the extension was installed, the most frequent first."""
    silent_since: Instant
    """Who has not reported since then is silent (`extension.silent_after`)."""
    known_since: Instant
    """Since when it is recorded who asked for mail (`retention.sightings`)."""
    readers: ReaderFacts
    """The people who asked for mail on a laptop."""
    at: Instant
    """When they were counted."""


async def fleet(store: Store, settings: Settings, now: datetime) -> FleetFacts:
    """Count the browsers. Raises StoreUnavailableError."""
    silent_after = settings.extension.silent_after
    groups = await store.fleet.groups(now, silent_after)
    valid = [each for each in groups if each.state is not BrowserState.REVOKED]
    readers = await store.fleet.readers(now)
    states = _counted(groups, lambda each: each.state.value)
    return FleetFacts(
        browsers=_sum(valid),
        day=_sum(each for each in valid if each.heard is Heard.DAY),
        week=_sum(each for each in valid if each.heard is not Heard.BEFORE),
        states=[Share(name=name, browsers=states[name]) for name in STATES],
        versions=_shares(valid, lambda each: versioned(each.browser, each.version)),
        extensions=_shares(valid, lambda each: each.extension),
        installed=_shares(valid, lambda each: each.installed),
        silent_since=now - silent_after,
        known_since=now - settings.retention.sightings,
        readers=ReaderFacts.taken_from(readers, without=readers.without if readers.named else None),
        at=now,
    )


def versioned(browser: str, version: str) -> str:
    """A browser with the first number of its version, by which it is sought."""
    return f"{browser} {version.partition('.')[0]}".strip()


def _sum(groups: Iterable[Group]) -> int:
    return sum(each.browsers for each in groups)


def _counted(groups: Iterable[Group], name: Callable[[Group], str]) -> Counter[str]:
    counts = Counter[str]()
    for each in groups:
        counts[name(each)] += each.browsers
    return counts


def _shares(groups: Iterable[Group], name: Callable[[Group], str]) -> list[Share]:
    counts = sorted(_counted(groups, name).items(), key=lambda pair: (-pair[1], pair[0]))
    return [Share(name=name, browsers=browsers) for name, browsers in counts]


async def browsers(
    store: Store, settings: Settings, wanted: FleetFilter, now: datetime, size: int, after: str = ""
) -> tuple[list[BrowserFacts], str]:
    """The next browsers that match, after the cursor of the page before, and the cursor of this one; empty at the end. A page may be
    short or even empty without being the last."""
    thumbprint, _, person = after.partition(" ")
    place = Place(person, thumbprint) if after else None
    page = await store.fleet.page(wanted, now, settings.extension.silent_after, size, place)
    found = [browser_facts(each) for each in page.rows]
    return found, f"{page.after.thumbprint} {page.after.person}" if page.after else ""


class WithoutFacts(Fact):
    """A person who asked for mail without the extension, and a browser by which they did."""

    person: str
    """The login name, in lower case."""
    os: str
    """The operating system, in lower case."""
    browser: str
    """The browser, as its user agent names it."""
    asked_at: Instant
    """When they last asked so."""


async def people_without(
    store: Store, now: datetime, size: int, after: str = ""
) -> tuple[list[WithoutFacts], str]:
    """The next people who asked for mail on a laptop within a week, without the extension, and of whom no browser reported in it; and
    the cursor after them, empty at the end. Each has a row for every browser by which they asked."""
    found = await store.fleet.people_without(now, size + 1, after)
    names = list(dict.fromkeys(each.person for each in found))
    told = [WithoutFacts.taken_from(each, asked_at=each.at) for each in found if each.person in names[:size]]
    return told, names[size - 1] if len(names) > size else ""


async def as_rows(
    store: Store, settings: Settings, wanted: FleetFilter, now: datetime
) -> AsyncIterator[list[list[object]]]:
    """Every browser that matches as rows of a spreadsheet, some at a time."""
    after, more = "", True
    while more:
        page, after = await browsers(store, settings, wanted, now, _PAGE, after)
        yield [["" if cell is None else cell for cell in _cells(each)] for each in page]
        more = bool(after)


def _cells(each: BrowserFacts) -> Iterable[object]:
    told = each.model_dump()
    return (cell.isoformat() if isinstance(cell := told[name], datetime) else cell for name in COLUMNS)


def browser_facts(found: FleetBrowser) -> BrowserFacts:
    """The facts about a browser. What it said and cannot be read is left out."""
    said = json.loads(found.said) if found.said else {}
    browser = said.get("browser") or {}
    return BrowserFacts.taken_from(
        found,
        key=found.thumbprint,
        person=found.owner,
        computer=found.machine,
        computer_proven=found.proven,
        asked_without_at=found.bare_at,
        browser=browser.get("name", ""),
        browser_version=browser.get("version", ""),
        extension_version=said.get("extension_version", ""),
        os=said.get("os", ""),
        os_version=said.get("os_version", ""),
        installed=said.get("install_type", ""),
        managed=said.get("managed"),
        enrolled_at=found.made_at,
    )
