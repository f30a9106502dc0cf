import re
from dataclasses import replace
from typing import SupportsIndex

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mailgate.classify import activesync, agent_traits, browser, classify, hints, protocol
from mailgate.classify.hints import HEADERS, MOBILE
from mailgate.classify.imap import HEADER as IMAP_ID
from mailgate.classify.imap import MAX_LENGTH as MAX_IMAP_ID
from mailgate.classify.probe_signal import HEADER as PROBE
from mailgate.model import Client, Kind, RequestFacts

WINDOWS = "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:143.0) Gecko/20100101 Firefox/143.0"
NAMES = st.sampled_from(["user-agent", *HEADERS])
HEADER_SETS = st.dictionaries(
    NAMES, st.text() | st.sampled_from([WINDOWS, "?1", "?0", '"Windows"', '"Android"'])
)


@given(st.text(), st.text() | st.just("/Microsoft-Server-ActiveSync?"), HEADER_SETS)
def test_nothing_raises_and_the_same_facts_give_the_same_client(
    method: str, target: str, headers: dict[str, str]
) -> None:
    facts = RequestFacts(method, target, headers=headers)
    client = classify(facts)
    assert client == classify(facts)
    assert client.handheld is False or client.kind is not Kind.LAPTOP


@given(HEADER_SETS)
def test_mobile_never_yields_a_laptop(headers: dict[str, str]) -> None:
    assert classify(RequestFacts(headers={**headers, MOBILE: "?1"})).kind is not Kind.LAPTOP


@given(HEADER_SETS)
def test_activesync_without_a_desktop_client_is_always_handheld(headers: dict[str, str]) -> None:
    assert classify(RequestFacts("POST", "/Microsoft-Server-ActiveSync", headers=headers)).handheld


@given(HEADER_SETS)
def test_without_a_user_agent_nothing_is_a_laptop(headers: dict[str, str]) -> None:
    assert classify(RequestFacts(headers={**headers, "user-agent": ""})).kind is not Kind.LAPTOP


VERSION = st.integers(1, 99).map(str)


@st.composite
def versions_of(draw: st.DrawFn, agents: list[str]) -> str:
    """A user agent in which numbers were changed: most often a version, at times the name of a system or a model."""
    words = re.split(r"(\d+)", draw(st.sampled_from(agents)))
    return "".join(draw(VERSION) if word.isdigit() and draw(st.booleans()) else word for word in words)


@settings(max_examples=400)
@given(
    st.data(), st.sampled_from(["GET", "POST", "PROPFIND"]), HEADER_SETS | st.just({"accept": "text/html"})
)
def test_user_agents_with_the_same_traits_make_one_client_but_for_browsers_versions_and_words(
    labelled: dict[str, list[str]], data: st.DataObject, method: str, headers: dict[str, str]
) -> None:
    agents = data.draw(st.sampled_from(list(labelled.values())))
    some = data.draw(st.lists(versions_of(agents), min_size=2, max_size=6))
    first, *others = (RequestFacts(method, headers={**headers, "user-agent": each}) for each in some)
    for other in others:
        said = agent_traits(first.user_agent)
        if said is not None and said == agent_traits(other.user_agent):
            assert _but_words(classify(first)) == _but_words(classify(other))


def _but_words(client: Client) -> Client:
    findings = tuple(replace(each, detail="") for each in client.findings)
    return replace(client, os_version="", browser="", browser_version="", signals=(), findings=findings)


def test_browsers_and_versions_are_not_traits_and_everything_else_is(
    labelled: dict[str, list[str]],
) -> None:
    assert agent_traits(WINDOWS) == agent_traits(WINDOWS.replace("143", "144"))
    assert agent_traits(WINDOWS) != agent_traits(
        WINDOWS.replace("Windows NT 10.0; Win64; x64", "X11; Linux x86_64")
    )
    assert agent_traits(WINDOWS + " Mobile") is None
    assert len({agent_traits(agents[0]) for agents in labelled.values()}) == len(labelled)


def test_headers_that_are_not_read_change_nothing() -> None:
    plain = RequestFacts(headers={"user-agent": WINDOWS})
    assert classify(plain) is classify(RequestFacts(target="/a?b", headers={**plain.headers, "cookie": "x"}))


def test_megabytes_are_no_laptop_and_leave_no_trace_of_their_length() -> None:
    client = classify(RequestFacts(headers={"user-agent": WINDOWS + " Mobile" * 200_000}))
    assert client.kind is not Kind.LAPTOP
    assert sum(len(signal.value) for signal in client.signals) < 1000


class Counting(str):
    """A text that keeps the longest slice that was taken of it, and is handed on no other way."""

    __slots__ = ("longest",)

    def __getitem__(self, key: SupportsIndex | slice, /) -> str:
        part = super().__getitem__(key)
        self.longest = max(self.longest, len(part))
        return part


@pytest.mark.parametrize("name", ["user-agent", *HEADERS, PROBE, IMAP_ID])
def test_of_each_header_a_bounded_part_is_read(name: str) -> None:
    """What a request costs grows with what is read of it; megabytes cost what the longest real values cost."""
    value = Counting('"a" ' * 100_000)
    value.longest = 0
    scheme = "imap" if name == IMAP_ID else "https"
    classify(RequestFacts(scheme=scheme, headers={"user-agent": WINDOWS, name: value}))
    assert 0 < value.longest <= MAX_IMAP_ID


def test_the_parts_that_are_read_are_small() -> None:
    """Sizes that were measured to stay below a millisecond together; more than these has to be measured again."""
    sizes = (
        browser.MAX_LENGTH,
        hints.MAX_LENGTH,
        activesync.MAX_LENGTH,
        protocol.MAX_PATH,
        protocol.MAX_HEADER,
    )
    assert sizes <= (512, 256, 1024, 8192, 256)
    assert MAX_IMAP_ID <= 4096


def test_what_stands_beyond_what_is_read_costs_no_entry_of_its_own() -> None:
    """Two long user agents that differ beyond it are one to the cache: a flood of them is read once."""
    long = "x" * 4000
    assert classify(RequestFacts(headers={"user-agent": long})) is classify(
        RequestFacts(headers={"user-agent": f"{long}y"})
    )
