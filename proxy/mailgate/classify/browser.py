"""Reads the User-Agent header: a form by ordered tables of words, and the names of system, browser and model."""

from collections.abc import Callable
from functools import lru_cache, partial
from typing import NamedTuple

from mailgate.classify.agent import AGENT_TABLES, COMPUTERS, Agent, browsers, devices, systems, version
from mailgate.classify.appliances import APPLIANCES
from mailgate.classify.desktops import DESKTOPS
from mailgate.classify.handhelds import DESKTOP_MODE, HANDHELDS, NO_FORM
from mailgate.classify.programs import BOTS, HANDHELD_MAIL_APP, MAIL_APPS
from mailgate.classify.reading import KIND_OF_FORM, Reading, system_of_rule, system_of_words
from mailgate.classify.table import Match, Table, readable
from mailgate.model import Signal
from mailgate.model.phrase import phrase

MAX_LENGTH = 512
"""The most characters of a user agent that are read. A longer one is never a laptop.

Of 70,000 published user agents 13 are longer, and most of those are attacks. The cost of reading grows with the length, and this
limit keeps the oddest text below a millisecond.
"""

_MOST = 4096
"""The most characters of a user agent in which repeated words are looked for."""

_SHOWN = 80
"""The most characters of matched words that a signal keeps."""

_SOURCE = "user-agent"

_NO_HANDHELD = frozenset({None, "Apple", "Generic", "Generic_Android", "Spider"})
"""Brands of ua-parser's device database that do not mean a handheld. Apple means a Mac here, and rules recognise iOS."""

_COMPUTER_MAKERS = frozenset(
    "Acer Asus Dell Fujitsu HP Huawei LG Lenovo Medion Microsoft MSI Panasonic Razer Samsung Sony Toshiba".split()
)
"""Makers of phones and computers. Beside a system of ``_NO_PHONES`` their name does not mean a phone."""

_NO_PHONES = frozenset({"windows", "harmony-pc"})
"""Rules for systems that no phone claims to run."""

_WEBKIT = "AppleWebKit/537.36 (KHTML, like Gecko)"
_COMMON = (
    f"Mozilla/5.0 (Windows NT 10.0; Win64; x64) {_WEBKIT} Chrome/140.0.0.0 Safari/537.36 Edg/140.0.0.0",
    "Mozilla/5.0 (X11; Ubuntu; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0",
    f"Mozilla/5.0 (X11; CrOS x86_64 14541.0.0) {_WEBKIT} Chrome/140.0.0.0 Safari/537.36",
    f"Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) {_WEBKIT} Version/18.5 Safari/537.36",
    f"Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) {_WEBKIT} Version/18.5 Mobile/15E148 Safari/604.1",
    f"Mozilla/5.0 (iPad; CPU OS 18_5 like Mac OS X) {_WEBKIT} CriOS/140.0.0.0 Mobile/15E148 Safari/604.1",
    f"Mozilla/5.0 (Linux; Android 10; K) {_WEBKIT} Chrome/140.0.0.0 Mobile Safari/537.36",
    f"Mozilla/5.0 (Linux; Android 15; SM-S928B) {_WEBKIT} SamsungBrowser/28.0 Chrome/130.0.0.0 Mobile Safari/537.36",
    "Outlook-iOS-Android/1.0",
    "",
)
"""A user agent of each of the most common browsers, for ``warm``."""

_HANDHELD_MAIL_APP = Table([HANDHELD_MAIL_APP])
"""Mail apps of handhelds. They are looked for beside a computer's model, which counts before any system."""
_OF_COMPUTERS = "desktop-mail-app"
"""The rule for mail clients beside which a computer's device type may stand."""
_PROGRAMS = frozenset({"tool", "bot"})
_NO_BOTS = frozenset(name for name, rule in BOTS.rules.items() if not rule.form)


class AgentTraits(NamedTuple):
    """The statements of a user agent about the device, without its browser, its versions and its exact words."""

    form: str
    os: str
    model: str
    disputes: bool


_NOTHING = AgentTraits("", "", "", False)
_TOO_LONG = AgentTraits("", "", "", True)


class _Seen(NamedTuple):
    """The result of the tables: the form, the rule behind it, and the computer that the user agent claims to be."""

    form: str
    match: Match | None = None
    desktop: Match | None = None
    mobile: bool = False
    """Whether a system of phones and tablets is named but not the form."""

    @property
    def disputes(self) -> bool:
        """Whether the user agent disputes that this is a computer.

        It does not if a computer, a computer's mail client or anything that counts more was seen. An unknown name disputes it,
        since a list of phones' names would always lack the next one.
        """
        if self.form != "mail_app":
            return not self.form
        return self.mobile or self.match is None or self.match.rule.name != _OF_COMPUTERS

    @property
    def computer(self) -> Match | None:
        """The computer, if nothing else counts beside it."""
        return self.desktop if self.desktop is self.match else None

    @property
    def contradicted(self) -> bool:
        """Whether both a computer and something else that counts are named."""
        return self.desktop is not self.computer


def prepare() -> None:
    """Load the patterns of ua-parser that every user agent needs. Until that is done nothing else runs, for half a tenth of a second."""
    devices()


def warming() -> list[Callable[[], object]]:
    """The steps that compile the patterns of every table, and the patterns of ua-parser that the most common user agents need, each in
    some hundredths of a second. Before that, a request compiles what it needs."""
    tables = (*AGENT_TABLES, APPLIANCES, HANDHELDS, DESKTOPS, MAIL_APPS, _HANDHELD_MAIL_APP)
    return [
        browsers,
        systems,
        *(table.warm for table in tables),
        *(partial(read_user_agent, text) for text in _COMMON),
    ]


def warm() -> None:
    """Take these steps at once."""
    for step in warming():
        step()


def shortened(header: str) -> str:
    """Shorten a user agent for ``read_user_agent``. In a long one, each word is kept only once: add-ons, such as the one for
    S/MIME of Outlook on the web, append themselves at every start.

    If the user agent is still too long, it is cut one character after ``MAX_LENGTH``, so that readers see that it was too long.
    """
    if MAX_LENGTH < len(header) <= _MOST:
        header = " ".join(dict.fromkeys(header.split(" ")))
    return header[: MAX_LENGTH + 1]


def read_user_agent(header: str) -> Reading:
    """Read a user agent. It never raises, and takes linear time in at most ``MAX_LENGTH`` characters."""
    text = _readable(header)
    if not text:
        return Reading(signals=(Signal(_SOURCE, "absent", ""),))
    agent = _agent(text)
    seen = _look(text, agent)
    traits = _traits(seen, agent, header)
    if traits is _TOO_LONG:
        return Reading(disputes=True, signals=(Signal(_SOURCE, "too-long", text[:_SHOWN]),))
    reading = _describe(seen, agent, traits)
    return reading.contradicted(_contradiction(seen, reading.model)) if seen.contradicted else reading


def read_traits(header: str) -> AgentTraits | None:
    """The traits of a user agent, in less than half the time of ``read_user_agent``; None if it contradicts itself."""
    text = _readable(header)
    if not text:
        return _NOTHING
    agent = _agent(text)
    seen = _look(text, agent)
    return None if seen.contradicted else _traits(seen, agent, header)


@lru_cache(4)
def _agent(text: str) -> Agent:
    """Look through a user agent. A small cache, since one whose traits are not enough is read in full right after it."""
    return Agent(text)


def _readable(header: str) -> str:
    return readable(header[:MAX_LENGTH]).strip()


def _look(text: str, agent: Agent) -> _Seen:
    """Look for programs first, since they borrow the user agents of devices, then for devices, then for computers."""
    first = agent.first
    name, form = (first.rule.name, first.rule.form) if first else ("", "")
    if form in _PROGRAMS:
        return _Seen(form, first)
    if name in _NO_BOTS:
        first = APPLIANCES.first(text) or HANDHELDS.first(text) or COMPUTERS.first(text)
    elif agent.is_bot:
        return _Seen("bot")
    seen = _device(text, agent, first)
    if seen.form and not (seen.match and seen.match.rule.name in NO_FORM):
        return seen
    mail_app = MAIL_APPS.first(text)
    return _Seen("mail_app", mail_app, mobile=bool(seen.form)) if mail_app else seen


def _device(text: str, agent: Agent, first: Match | None) -> _Seen:
    """Look for appliances, handhelds, handhelds behind a computer's name, and computers, in this order. In doubt it is no laptop.

    ``first`` is the first rule of all these that matches. If it has no form, the last two steps decide.
    """
    if first and not first.rule.form:
        first = COMPUTERS.first(text)
    desktop = first if first and first.rule.name in DESKTOPS.rules else None
    if first and not desktop:
        if first.rule.name in DESKTOP_MODE.rules:
            return _Seen(first.rule.form, first, DESKTOPS.first(text))
        if first.rule.form == "desktop" and (masked := _HANDHELD_MAIL_APP.first(text)):
            return _Seen(masked.rule.form, masked, first)
        return _Seen(first.rule.form, first, first if first.rule.form == "desktop" else None)
    names_model = _names_model(agent, desktop)
    if desktop and not names_model:
        return _Seen("desktop", desktop, desktop)
    return _Seen(agent.form() or ("phone" if names_model else ""), None, desktop)


def _names_model(agent: Agent, desktop: Match | None) -> bool:
    if desktop and desktop.rule.name in _NO_PHONES and agent.device.brand in _COMPUTER_MAKERS:
        return False
    return agent.device.brand not in _NO_HANDHELD


def _describe(seen: _Seen, agent: Agent, traits: AgentTraits) -> Reading:
    form, system, model, disputes = traits
    # the version must belong to the named system, so Ubuntu 22 does not become linux 22
    versioned = agent.os if seen.computer is None or system == agent.system else None
    return Reading(
        form=form,
        weak=form == "mail_app",
        disputes=disputes,
        os=system,
        os_version=_true_version(system, version(versioned), model) if versioned else "",
        browser=agent.browser.family if agent.browser else "",
        browser_version=version(agent.browser) if agent.browser else "",
        model=model,
        signals=(_signal(seen, agent),),
    )


_FROZEN = frozenset({("windows", "10"), ("macos", "10.15"), ("macos", "10.15.7"), ("chromeos", "14541.0.0")})


def _true_version(system: str, version: str, model: str) -> str:
    """The version of the system; empty where browsers name this one on whatever runs (User-Agent reduction of Chromium, and
    Firefox and Safari likewise)."""
    of_any = (system, version) in _FROZEN or (system, version, model) == ("android", "10", "K")
    return "" if of_any else version


def _traits(seen: _Seen, agent: Agent, header: str) -> AgentTraits:
    """The traits. Of a user agent that was not read to its end, the rest may say anything."""
    cut = len(header) > MAX_LENGTH
    if seen.computer:
        return _TOO_LONG if cut else AgentTraits("desktop", _system(seen, agent), "", False)
    return AgentTraits(seen.form, _system(seen, agent), agent.model, cut or seen.disputes)


def _system(seen: _Seen, agent: Agent) -> str:
    if computer := seen.computer:
        return system_of_rule(computer) or agent.system or system_of_words(computer)
    told = agent.system
    return "ipados" if told == "ios" and seen.form == "tablet" else told


def _signal(seen: _Seen, agent: Agent) -> Signal:
    if seen.match:
        return _signal_of(seen.match.rule.name, seen.match.text[:_SHOWN], seen.form)
    return _signal_of("device-database" if seen.form else "unrecognised", agent.device.family, seen.form)


@lru_cache(512)
def _signal_of(name: str, words: str, form: str) -> Signal:
    """Make a signal. Signals have their own cache, since many user agents have the same words."""
    return Signal(_SOURCE, name, words, KIND_OF_FORM[form] if form else None)


def _contradiction(seen: _Seen, model: str) -> str:
    said = seen.match.text if seen.match else model
    computer = seen.desktop.text if seen.desktop else ""
    return phrase(
        "the user agent names a computer (%(computer)s) and a %(form)s (%(said)s)",
        computer=repr(computer),
        form=seen.form,
        said=repr(said),
    )
