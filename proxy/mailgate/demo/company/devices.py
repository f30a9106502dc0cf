"""The devices of the company: their owners, their sources, and what is wrong with each. Shares are percentages."""

from base64 import urlsafe_b64encode
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import Enum
from hashlib import sha256
from random import Random
from typing import TypeVar

from mailgate.attest.mint import TEST_ISSUER
from mailgate.devices.device import Report
from mailgate.devices.trust import ENROLLED, report_by
from mailgate.model import AppsReport, Kind

_CHROME = "AppleWebKit/537.36 (KHTML, like Gecko) Chrome/{}.0.0.0"
_WEBKIT = "AppleWebKit/605.1.15 (KHTML, like Gecko) Version/{}"
_NT = "Mozilla/5.0 (Windows NT 10.0; Win64; x64"
_MAC = "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7)"
_K = "Mozilla/5.0 (Linux; Android 10; K)"


@dataclass(frozen=True, slots=True)
class Make:
    """One make of device, as far as a gate can distinguish makes."""

    kind: Kind
    os: str
    versions: tuple[str, ...]
    """The versions of the system, the most frequent first."""
    browsers: tuple[str, ...]
    """User agents; ``{version}`` and ``{underscored}`` are those of the system."""
    mail_app: str = ""
    """The user agent of its ActiveSync mail app; empty if it has none."""
    eas_type: str = ""
    imap: str = ""
    """The id of its IMAP client (RFC 2971); empty if it has none."""


WINDOWS = Make(
    Kind.LAPTOP, "windows", ("11 24H2", "11 25H2", "11 23H2", "10 22H2"),
    (
        f"{_NT}) {_CHROME.format(142)} Safari/537.36 Edg/142.0.0.0",
        f"{_NT}) {_CHROME.format(142)} Safari/537.36",
        f"{_NT}; rv:145.0) Gecko/20100101 Firefox/145.0",
        f"{_NT}) {_CHROME.format(141)} Safari/537.36 Edg/141.0.0.0",
    ),
    imap='"name" "Thunderbird" "version" "140.5.0"',
)  # fmt: skip
MACOS = Make(
    Kind.LAPTOP, "macos", ("26.1", "15.7.2", "14.8.2"),
    (
        f"{_MAC} {_WEBKIT.format('26.1')} Safari/605.1.15",
        f"{_MAC} {_CHROME.format(142)} Safari/537.36",
        "Mozilla/5.0 (Macintosh; Intel Mac OS X 10.15; rv:145.0) Gecko/20100101 Firefox/145.0",
    ),
)  # fmt: skip
LINUX = Make(
    Kind.LAPTOP, "linux", ("24.04", "13", "22.04"),
    (
        "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0",
        f"Mozilla/5.0 (X11; Linux x86_64) {_CHROME.format(142)} Safari/537.36",
    ),
    imap='"name" "Thunderbird" "version" "140.5.0"',
)  # fmt: skip
CHROMEBOOK = Make(
    Kind.LAPTOP, "chromeos", ("142", "141"),
    (f"Mozilla/5.0 (X11; CrOS x86_64 14541.0.0) {_CHROME.format(142)} Safari/537.36",),
)  # fmt: skip
IPHONE = Make(
    Kind.PHONE, "ios", ("18.6.2", "26.1", "18.7.2", "17.7.2"),
    (f"Mozilla/5.0 (iPhone; CPU iPhone OS {{underscored}} like Mac OS X) {_WEBKIT.format('{version}')} Mobile/15E148 Safari/604.1",),
    "Apple-iPhone16C1/2206.102", "iPhone",
)  # fmt: skip
PIXEL = Make(
    Kind.PHONE, "android", ("16", "15", "14"),
    (f"{_K} {_CHROME.format(142)} Mobile Safari/537.36",),
    "Outlook-iOS-Android/1.0", "Outlook",
)  # fmt: skip
GALAXY = Make(
    Kind.PHONE, "android", ("15", "16", "14", "13"),
    ("Mozilla/5.0 (Linux; Android {version}; SM-S928B) AppleWebKit/537.36 (KHTML, like Gecko) SamsungBrowser/28.0 Chrome/130.0.0.0 Mobile Safari/537.36",),
    "SAMSUNG-SM-S928B/101.150000", "SAMSUNGSMS928B",
)  # fmt: skip
IPAD = Make(
    Kind.TABLET, "ipados", ("18.6.2", "26.1", "17.7.2"),
    (
        f"Mozilla/5.0 (iPad; CPU OS {{underscored}} like Mac OS X) {_WEBKIT.format('{version}')} Mobile/15E148 Safari/604.1",
        f"{_MAC} {_WEBKIT.format('18.6')} Safari/605.1.15",  # the desktop site, which it requests by default
    ),
    "Apple-iPad14C3/2206.102", "iPad",
)  # fmt: skip
GALAXY_TAB = Make(
    Kind.TABLET, "android", ("14", "15"),
    (f"Mozilla/5.0 (Linux; Android {{version}}; SM-X700) {_CHROME.format(142)} Safari/537.36",),
    "SAMSUNG-SM-X700/101.140000", "SAMSUNGSMX700",
)  # fmt: skip
TELEVISION = Make(
    Kind.OTHER, "tizen", ("8.0",),
    ("Mozilla/5.0 (SMART-TV; LINUX; Tizen 8.0) AppleWebKit/537.36 (KHTML, like Gecko) Version/8.0 TV Safari/537.36",),
)  # fmt: skip
SCRIPT = Make(Kind.TOOL, "", ("",), ("curl/8.14.1", "python-requests/2.32.5"))

LAPTOPS = {WINDOWS: 62, MACOS: 26, LINUX: 7, CHROMEBOOK: 5}
"""The percentage of laptops of each make. The shares below are percentages too."""
PHONES = {IPHONE: 55, GALAXY: 30, PIXEL: 15}
TABLETS = {IPAD: 80, GALAXY_TAB: 20}
ODD = {TELEVISION: 40, SCRIPT: 60}

_COLOURS = (
    "amber azure beige black blue bronze brown coral cream cyan golden green grey indigo ivory lilac lime "
    "mint ochre olive orange pearl pink plum purple red rust sand silver teal violet white yellow"
).split()
_THINGS = (
    "anchor apple arrow basket bell bench book bottle bridge brush button candle carpet chair clock cloud "
    "coat cup desk door drum feather field flag flower fork garden glove guitar hammer harbour hill kettle "
    "key lake lamp leaf letter map mirror moon mountain needle paper pencil piano pillow plate river road "
    "roof rope shelf ship shoe spoon stone table tower tree umbrella valley wheel window"
).split()
_DEPARTMENTS = {"sales": 30, "engineering": 25, "support": 20, "finance": 12, "people": 8, "legal": 5}
"""The percentage of people in each department. The shares below are percentages too."""
_OFFICES = {0: 30, 1: 40, -5: 20, 8: 10}
"""Hours that a working day is ahead of UTC."""


@dataclass(frozen=True, slots=True)
class Employee:
    """A person with a mailbox."""

    login: str
    ahead: int
    """How many hours their office is ahead of UTC."""
    department: str = ""


def people(random: Random, count: int) -> list[Employee]:
    """This many people with different login names."""
    offices = random.choices(list(_OFFICES), list(_OFFICES.values()), k=count)
    departments = random.choices(list(_DEPARTMENTS), list(_DEPARTMENTS.values()), k=count)
    logins = _logins(random, count)
    return [Employee(*each) for each in zip(logins, offices, departments, strict=True)]


def members(staff: Iterable[Employee]) -> dict[str, list[str]]:
    """The login names in each department."""
    found: dict[str, list[str]] = {}
    for person in staff:
        found.setdefault(person.department, []).append(person.login)
    return found


def _logins(random: Random, count: int) -> Iterator[str]:
    """Each pair of words once, then the same with numbers."""
    pairs = [f"{colour}.{thing}" for colour in _COLOURS for thing in _THINGS]
    random.shuffle(pairs)
    for number in range(count):
        turn, place = divmod(number, len(pairs))
        yield f"{pairs[place]}{turn + 1 if turn else ''}@example.com"


INTUNE, JAMF, FLEET = "intune", "jamf", "fleet"
"""Connectors to device managements."""


class DeviceProblem(Enum):
    NOTHING = "it reports, and is clean"
    INSTALLED = "an app that is not allowed is on it"
    REMOVED = "such an app was on it until lately"
    PARTIAL = "only its managed apps can be seen"
    STALE = "it was silent for days"
    MISSING = "nobody has looked at its apps"
    LOST = "it is not in its owner's hands"
    GONE = "its management has it no longer"
    OWNER = "its sources do not agree on whose it is"
    SYSTEM = "its sources do not agree on what runs on it"


_OF_LAPTOPS = {DeviceProblem.NOTHING: 940, DeviceProblem.STALE: 55, DeviceProblem.LOST: 5}
_OF_HANDHELDS = {
    DeviceProblem.NOTHING: 848, DeviceProblem.INSTALLED: 32, DeviceProblem.REMOVED: 25, DeviceProblem.PARTIAL: 30, DeviceProblem.STALE: 28,
    DeviceProblem.MISSING: 17, DeviceProblem.LOST: 4, DeviceProblem.GONE: 8, DeviceProblem.OWNER: 4, DeviceProblem.SYSTEM: 4,
}  # fmt: skip
_CONTRADICTED = (DeviceProblem.OWNER, DeviceProblem.SYSTEM)
_ALLOWED_APPS = ("capcut", "wechat", "deepseek", "camscanner")
"""Listed apps that are on no list of the rules in force."""

_HAS_ANOTHER_APP = 0.08

Thing = TypeVar("Thing")


@dataclass(frozen=True, slots=True)
class CompanyDevice:
    number: int
    person: Employee
    make: Make
    version: str
    source: str
    """The source that reports it: a connector, or ``enrolled`` if it enrolled itself; empty if none does."""
    proves: bool
    """Whether it asks with signed evidence."""
    problem: DeviceProblem
    joined: datetime
    """When it was first reported."""
    looked: datetime
    """When a source last looked at its apps."""
    apps: frozenset[str] = frozenset()
    before: frozenset[str] = frozenset()
    """The listed apps on the device until ``changed``."""
    changed: datetime | None = None
    """When ``apps`` changed, or the device was lost or removed; None if nothing changed."""

    def apps_at(self, at: datetime) -> frozenset[str]:
        return self.before if self.changed and at < self.changed else self.apps


def devices(random: Random, staff: list[Employee], now: datetime) -> list[CompanyDevice]:
    """The devices of all these people: a laptop each, a phone for most, more for some."""
    owned = ((person, make) for person in staff for make in _makes(random))
    return [_owned(random, number, person, make, now) for number, (person, make) in enumerate(owned)]


def drawn(random: Random, shares: Mapping[Thing, int]) -> Thing:
    return random.choices(list(shares), list(shares.values()))[0]


def _makes(random: Random) -> Iterator[Make]:
    yield drawn(random, LAPTOPS)
    for share, kinds in ((88, PHONES), (14, TABLETS), (6, PHONES), (2, ODD)):
        if random.random() * 100 < share:
            yield drawn(random, kinds)


def _owned(random: Random, number: int, person: Employee, make: Make, now: datetime) -> CompanyDevice:
    source = drawn(random, _sources(make))
    problem = drawn(random, _OF_LAPTOPS if make.kind is Kind.LAPTOP else _OF_HANDHELDS)
    if problem in (DeviceProblem.PARTIAL, *_CONTRADICTED):  # only reports of a device management show this
        source = source or INTUNE
    if not source:
        problem = DeviceProblem.NOTHING
    proves = source == "enrolled" or problem in _CONTRADICTED or (bool(source) and random.random() < 0.25)
    silent = problem is DeviceProblem.STALE
    ago = timedelta(days=random.uniform(1.5, 9)) if silent else timedelta(hours=random.uniform(0.1, 18))
    few = frozenset({random.choice(_ALLOWED_APPS)} if random.random() < _HAS_ANOTHER_APP else ())
    before, apps = _apps(random, problem, few)
    changed = now - timedelta(days=random.uniform(1, 11)) if _changes(random, problem) else None
    versions = make.versions
    version = versions[min(int(random.expovariate(1.2)), len(versions) - 1)]
    joined = (now - timedelta(days=random.randrange(16, 60))).replace(hour=9, minute=0)
    return CompanyDevice(
        number, person, make, version, source, proves, problem, joined, now - ago, apps, before, changed
    )


def _sources(make: Make) -> Mapping[str, int]:
    """The sources that may know a device of this make."""
    if make.kind is Kind.LAPTOP:
        return {"enrolled": 55, FLEET: 35, "": 10}
    if make in PHONES or make in TABLETS:
        apple = make.os in ("ios", "ipados")
        return {JAMF: 60, INTUNE: 34, "": 6} if apple else {INTUNE: 92, "": 8}
    return {"": 1}


def _apps(
    random: Random, problem: DeviceProblem, few: frozenset[str]
) -> tuple[frozenset[str], frozenset[str]]:
    """The listed apps before and after the change."""
    listed = few | {random.choice(("tiktok", "tiktok", "tiktok", "tiktok-lite"))}
    if problem is DeviceProblem.INSTALLED:
        return few, listed
    return (listed if problem is DeviceProblem.REMOVED else few), few


def _changes(random: Random, problem: DeviceProblem) -> bool:
    return problem in (DeviceProblem.REMOVED, DeviceProblem.LOST, DeviceProblem.GONE) or (
        problem is DeviceProblem.INSTALLED and random.random() < 0.5
    )


def first_records(owned: CompanyDevice) -> Iterator[Report]:
    return _records(owned, owned.joined, owned.before if owned.changed else owned.apps, gone=False)


def last_records(owned: CompanyDevice) -> Iterator[Report]:
    return _records(owned, owned.looked, owned.apps, gone=owned.problem is DeviceProblem.GONE)


def eas_id(owned: CompanyDevice) -> str:
    """The ActiveSync id of its mail app; empty if it has none."""
    return f"DEMO{owned.number:08X}" if owned.make.mail_app else ""


def thumbprint(owned: CompanyDevice) -> str:
    """The thumbprint of the key that it proves (RFC 7638)."""
    return urlsafe_b64encode(sha256(f"demo key {owned.number}".encode()).digest()).rstrip(b"=").decode()


def own_id(owned: CompanyDevice, source: str) -> str:
    """A source's id for it, in the form of that source's ids."""
    if source in (JAMF, FLEET):
        return str(owned.number + 1)
    return f"{source.rpartition('/')[2].partition('.')[0]}-{owned.number:06d}"


def _records(owned: CompanyDevice, at: datetime, apps: frozenset[str], *, gone: bool) -> Iterator[Report]:
    if not owned.source:
        return
    lag = timedelta(days=7) if owned.source == INTUNE else timedelta()
    seen = AppsReport(apps, complete=owned.problem is not DeviceProblem.PARTIAL, at=at, lag=lag)
    yield _record(owned, owned.source, None if owned.problem is DeviceProblem.MISSING else seen, gone=gone)
    if owned.proves and owned.source != ENROLLED and owned.problem is not DeviceProblem.MISSING:
        yield _record(owned, TEST_ISSUER, replace(seen, lag=timedelta()), gone=gone)


def _record(owned: CompanyDevice, source: str, apps: AppsReport | None, *, gone: bool) -> Report:
    own, proven = source == ENROLLED, source in (ENROLLED, TEST_ISSUER)
    contradicts = source == TEST_ISSUER
    other_owner = contradicts and owned.problem is DeviceProblem.OWNER
    other_system = contradicts and owned.problem is DeviceProblem.SYSTEM
    return report_by(
        source,
        own_id(owned, source),
        owner=f"former.{owned.person.login}" if other_owner else owned.person.login,
        kind=owned.make.kind,
        os=("android" if owned.make.os != "android" else "ios") if other_system else owned.make.os,
        os_version="" if other_system else owned.version,
        managed=None if own else True,
        status="none" if own else "affirming",
        apps=apps,
        serial="" if proven else f"DM{owned.number:07d}",
        eas_ids=() if own or owned.make.kind is Kind.LAPTOP else (eas_id(owned),),
        keys=(thumbprint(owned),) if proven else (),
        gone=gone,
    )
