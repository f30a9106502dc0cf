from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ua_parser import OS
from ua_parser.loaders import load_lazy_builtins

from mailgate.classify.agent import Agent, is_excluded_pattern, version
from mailgate.classify.appliances import APPLIANCES
from mailgate.classify.desktops import DESKTOPS
from mailgate.classify.handhelds import DESKTOP_MODE, HANDHELDS
from mailgate.classify.programs import BOTS, TOOLS
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
    [
        ("Asus foo", "foo"),
        ("x", ""),
        ("GoodAccess", ""),
        ("Puffin/3.9174AP", ""),
        ("Puffin/3.9174AT", ""),
    ],
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
