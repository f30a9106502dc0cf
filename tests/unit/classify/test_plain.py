"""The reader at a glance knows what the common browsers send, and reads it as the tables do."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailgate.classify import agent_traits
from mailgate.classify.browser import read_traits, shortened
from mailgate.classify.plain import plain_device
from mailgate.classify.protocol import protocol_of_agent

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
