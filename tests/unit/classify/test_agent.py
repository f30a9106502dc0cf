import re
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ua_parser import OS
from ua_parser.loaders import load_lazy_builtins

from mailgate.classify import agent_traits
from mailgate.classify.agent import Agent, is_excluded_pattern, plain_device, version
from mailgate.classify.appliances import APPLIANCES
from mailgate.classify.browser import read_traits, shortened
from mailgate.classify.desktops import DESKTOPS
from mailgate.classify.handhelds import DESKTOP_MODE, HANDHELDS
from mailgate.classify.programs import BOTS, TOOLS
from mailgate.classify.protocol import protocol_of_agent
from mailgate.classify.table import Match


def test_only_crawler_patterns_of_ua_parser_are_left_out() -> None:
    """An update of its patterns that brings another of that size or shape must be looked at."""
    browsers, _, _ = load_lazy_builtins()
    without = [each.regex for each in browsers if is_excluded_pattern(each.regex)]
    assert len(without) == 4
    assert all(
        "[Bb]ot" in pattern or "[Cc][Rr][Aa][Ww][Ll]" in pattern or "crawler" in pattern
        for pattern in without
    )


TABLES = (TOOLS, BOTS, APPLIANCES, HANDHELDS, DESKTOP_MODE, DESKTOPS)


def one_by_one(text: str) -> Match | None:
    """The first rule that matches, as the tables tell it when each of them is asked."""
    return next((match for table in TABLES if (match := table.first(text))), None)


def test_one_look_tells_the_rule_that_the_tables_tell_one_by_one(labelled: dict[str, list[str]]) -> None:
    """Of user agents that two tables know, each behind the other as well."""
    agents = [agent for agents in labelled.values() for agent in agents]
    some = [agent for table in TABLES for agent in [agent for agent in agents if table.first(agent)][::40]]
    for text in [*agents, *(f"{one} {other}" for one in some for other in some)]:
        assert Agent(text).first == one_by_one(text)


@given(st.data())
def test_one_look_tells_the_rule_of_any_words(labelled: dict[str, list[str]], data: st.DataObject) -> None:
    words = sorted({word for agents in labelled.values() for agent in agents for word in agent.split(" ")})
    text = " ".join(data.draw(st.lists(st.sampled_from(words), max_size=8)))
    assert Agent(text).first == one_by_one(text)


@pytest.mark.parametrize(
    ("named", "written"),
    [
        (("10", "15", "7"), "10.15.7"),
        (("142", "0", None), "142.0"),
        (("08", "00", "0x1"), "8.0.0x1"),
        (("", None, "2"), ".2"),
        ((None, None, None), ""),
    ],
)
def test_a_version_is_written_without_leading_zeros(named: tuple[str | None, ...], written: str) -> None:
    assert version(OS("any", *named)) == written


@pytest.mark.parametrize(
    ("pattern", "excluded"),
    [("x" * 2000, False), ("x" * 2001, True), ("^.{0,200}?x", True), ("x^.{0,200}?", False), ("", False)],
)
def test_a_very_long_or_unanchored_pattern_is_left_out(pattern: str, excluded: bool) -> None:
    assert is_excluded_pattern(pattern) is excluded


@pytest.mark.parametrize(
    ("text", "form"),
    [
        ("x", ""),
        ("Dell Streak", "tablet"),
        ("GoodAccess", "phone"),
        ("CriOS/1", "phone"),
        ("NokiaBrowser Mobile", "phone"),
        ("Mozilla/5.0 (X11; U; Linux armv7l like Android) AppleWebKit/531.2+", "tablet"),
        ("Mozilla/5.0 (X11; U; Linux armv7l like Android) Mobile Safari/531.2+", "phone"),
        ("Mozilla/5.0 (Windows NT 10.0; Win64; x64)", ""),
    ],
)
def test_the_form_comes_from_device_system_browser_or_words(text: str, form: str) -> None:
    assert Agent(text).form() == form


@pytest.mark.parametrize(
    ("text", "model"),
    [("Asus foo", "foo"), ("x", ""), ("GoodAccess", ""), ("Puffin/3.9174AP", ""), ("Puffin/3.9174AT", "")],
)
def test_a_device_of_unknown_model_has_none(text: str, model: str) -> None:
    assert Agent(text).model == model


def test_ua_parser_tells_browser_system_and_bot() -> None:
    agent = Agent("Mozilla/5.0 (X11; Fedora; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0")
    assert (agent.browser and agent.browser.family, agent.system, agent.is_bot) == (
        "Firefox",
        "fedora",
        False,
    )
    unknown = Agent("x")
    assert (unknown.browser, unknown.os, unknown.system) == (None, None, "")
    assert Agent("Mozilla/5.0 (X11; Datanyze; Linux x86_64)").is_bot


class Resolved(Agent):
    """An agent with these names in place of those that ua-parser finds."""

    def __init__(self, text: str = "", device: str = "Other", os: str = "", browser: str = "") -> None:
        self.text, self.device = text, SimpleNamespace(family=device)
        self.__dict__["os"] = SimpleNamespace(family=os) if os else None
        self.__dict__["browser"] = SimpleNamespace(family=browser) if browser else None


PHONES = {
    "device": "iPhone/iPod/iOS-Device/PlayStation Vita/Generic Smartphone/Generic Feature Phone",
    "os": "BlackBerry OS/Symbian OS/Bada/Maemo/Windows Phone/Windows Phone OS/Windows CE/Windows Mobile",
    "browser": "IE Mobile/Opera Mobile/Opera Mini/Chrome Mobile/Chrome Mobile WebView/Chrome Mobile iOS",
    "text": "x J2ME/x MIDP/(iPhone;/Googlebot-Mobile/NokiaBrowser Mobile",
}
TABLETS = {
    "device": "iPad/BlackBerry Playbook/Blackberry Playbook/Galaxy Tab/Xoom/Dell Streak/Kindle/Kindle Fire/Kindle Fire HD"
}


def alone(found: dict[str, str]) -> list[tuple[str, str]]:
    return [(field, name) for field, names in found.items() for name in names.split("/")]


@pytest.mark.parametrize(("field", "name"), alone(PHONES), ids=str)
def test_one_name_of_phones_makes_a_phone(field: str, name: str) -> None:
    assert Resolved(**{field: name}).form() == "phone"


@pytest.mark.parametrize(("field", "name"), alone(TABLETS), ids=str)
@pytest.mark.parametrize("more", [{}, {"os": "Windows Phone"}, {"browser": "Chrome Mobile"}], ids=str)
def test_a_tablet_is_one_by_any_system_and_browser(field: str, name: str, more: dict[str, str]) -> None:
    assert Resolved(**{field: name, **more}).form() == "tablet"


@pytest.mark.parametrize(
    ("text", "device", "os", "browser", "form"),
    [
        ("Safari", "Other", "Android", "Chrome", "tablet"),
        ("Mobile Safari", "Other", "Android", "Chrome", "phone"),
        ("", "Other", "Android", "Firefox Mobile", "phone"),
        ("", "Other", "Firefox OS", "Firefox", "tablet"),
        ("", "Other", "Firefox OS", "Firefox Mobile", "phone"),
        ("", "Spider", "", "Googlebot Mobile", "phone"),
        ("", "Spider", "", "Googlebot", ""),
        ("", "Other", "", "Googlebot Mobile", ""),
        ("NokiaBrowser", "Other", "", "", ""),
        ("Mobile", "Other", "", "", ""),
        ("iPhone", "Other", "Windows", "Chrome", ""),
        ("", "Other", "", "", ""),
    ],
)
def test_the_form_of_others_is_told_by_how_they_go_together(
    text: str, device: str, os: str, browser: str, form: str
) -> None:
    assert Resolved(text, device, os, browser).form() == form


COMPUTERS = {
    "Windows NT 10.0; Win64; x64": "windows",
    "Macintosh; Intel Mac OS X 10_15_7": "macos",
    "Macintosh; Intel Mac OS X 10.15": "macos",
    "X11; Linux x86_64": "linux",
    "X11; Ubuntu; Linux x86_64": "linux",
}
HANDHELDS = {
    "iPhone; CPU iPhone OS {0} like Mac OS X": ("phone", "ios", "iPhone"),
    "iPad; CPU OS {0} like Mac OS X": ("tablet", "ipados", "iPad"),
}
CHROMIUM = "AppleWebKit/537.36 (KHTML, like Gecko) Chrome/{0} Safari/537.36"
APPLE = "AppleWebKit/605.1.15 (KHTML, like Gecko) Version"
BROWSERS = {
    f"Mozilla/5.0 ({{system}}) {CHROMIUM}": ("120.0.0.0", "141.0.7390.122", "199.9999.9999.9999"),
    f"Mozilla/5.0 ({{system}}) {CHROMIUM} Edg/{{0}}": ("120.0.0.0", "141.0.7390.122", "199.9999.9999.9999"),
    f"Mozilla/5.0 ({{system}}) {CHROMIUM.format('141.0.0.0')} Vivaldi/{{0}}": (
        "1.0.0",
        "7.5.3735.58",
        "99.99.99",
    ),
    f"Mozilla/5.0 ({{system}}) {CHROMIUM.format('141.0.0.0')} OPR/{{0}}": (
        "100.0.0.0",
        "124.0.0.0",
        "999.999.999.999",
    ),
    "Mozilla/5.0 ({system}; rv:{0}) Gecko/20100101 Firefox/{0}": (
        "20.0",
        "99.99.99",
        "140.0",
        "199.0.1",
        "141.9.4321.9999",
    ),
    f"Mozilla/5.0 ({{system}}) {APPLE}/{{0}} Safari/605.1.15": ("10.0", "18.5", "29.99.99"),
}
COMMON = {
    shape.format(version, system=words): ("desktop", system, "")
    for words, system in COMPUTERS.items()
    for shape, versions in BROWSERS.items()
    for version in versions
} | {
    f"Mozilla/5.0 ({words.format(version)}) {APPLE}/{safari} Mobile/15E148 Safari/604.1": device
    for words, device in HANDHELDS.items()
    for version, safari in (("10_0", "10.0"), ("18_6_1", "18.6"), ("26_1234", "26.0.1"), ("29_9999_9999", "29.99.99"))
}  # fmt: skip


def by_the_tables(user_agent: str) -> object:
    agent = shortened(user_agent)
    traits = read_traits(agent)
    return traits and (*traits, protocol_of_agent(agent))


@pytest.mark.parametrize("user_agent", COMMON)
def test_a_common_browser_is_known_at_a_glance(user_agent: str) -> None:
    assert plain_device(user_agent) == COMMON[user_agent]
    assert agent_traits(user_agent) == by_the_tables(user_agent) == (*COMMON[user_agent], False, None)


DIGITS = st.text("0123456789", min_size=1, max_size=5)


@given(st.sampled_from(list(COMMON)), st.data())
def test_other_versions_are_read_as_by_the_tables(user_agent: str, data: st.DataObject) -> None:
    words = re.split(r"(\d+)", user_agent)
    other = "".join(data.draw(DIGITS | st.just(word)) if word.isdigit() else word for word in words)
    assert agent_traits(other) == by_the_tables(other)


@given(st.sampled_from(list(COMMON)), st.data())
def test_other_words_are_read_as_by_the_tables(
    labelled: dict[str, list[str]], user_agent: str, data: st.DataObject
) -> None:
    words = st.sampled_from(
        [word for agents in labelled.values() for agent in agents for word in agent.split()]
    )
    place, end = sorted(
        (data.draw(st.integers(0, len(user_agent))), data.draw(st.integers(0, len(user_agent))))
    )
    other = user_agent[:place] + data.draw(words | st.text(max_size=3)) + user_agent[end:]
    assert agent_traits(other) == by_the_tables(other)


def test_every_labelled_user_agent_is_read_as_by_the_tables(labelled: dict[str, list[str]]) -> None:
    for agents in labelled.values():
        for agent in agents:
            assert agent_traits(agent) == by_the_tables(agent)


@pytest.mark.parametrize(
    "user_agent",
    [
        "",
        "Mozilla/5.0 (Windows NT 10.0; Win64; x64)",
        "Mozilla/5.0 (iPhone; CPU iPhone OS; rv:140.0) Gecko/20100101 Firefox/140.0",
        f"Mozilla/5.0 (X11; Linux x86_64 18_6 like Mac OS X) {APPLE}/18.6 Mobile/15E148 Safari/604.1",
        *(f"{agent} Mobile" for agent in COMMON),
        *(agent.replace("Mozilla/5.0", "Mozilla/5.0 ", 1) for agent in COMMON),
        *(agent.replace(")", "; Android 15)", 1) for agent in COMMON),
    ],
)
def test_an_unusual_user_agent_is_left_to_the_tables(user_agent: str) -> None:
    assert plain_device(user_agent) is None
