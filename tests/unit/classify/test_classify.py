import re
from dataclasses import replace
from typing import SupportsIndex

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mailgate.classify import (
    READ,
    activesync,
    agent_traits,
    as_claimed,
    browser,
    classify,
    hints,
    is_checked,
    protocol,
    warm,
)
from mailgate.classify.appliances import APPLIANCES
from mailgate.classify.desktops import DESKTOPS
from mailgate.classify.handhelds import DESKTOP_MODE, HANDHELDS
from mailgate.classify.hints import HEADERS, MOBILE
from mailgate.classify.imap import MAX_LENGTH as MAX_IMAP_ID
from mailgate.classify.probe_readings import HEADER as PROBE
from mailgate.classify.programs import BOTS, MAIL_APPS, TOOLS
from mailgate.classify.table import Table
from mailgate.model import IMAP_ID, Client, Kind, Protocol, RequestFacts

WINDOWS = "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:143.0) Gecko/20100101 Firefox/143.0"
ACTIVESYNC = "/Microsoft-Server-ActiveSync"
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
def test_user_agents_with_the_same_traits_make_the_same_client(
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


def test_browsers_and_versions_are_not_traits_and_everything_else_is(labelled: dict[str, list[str]]) -> None:
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
def test_a_bounded_part_of_each_header_is_read(name: str) -> None:
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


@pytest.mark.parametrize(
    ("name", "length"), [("user-agent", 513), ("accept", 768), (MOBILE, 768), (PROBE, 768)]
)
def test_values_that_differ_only_at_the_end_share_a_cache_entry(name: str, length: int) -> None:
    """Two long values that differ beyond it are one to the cache: a flood of them is read once."""

    def asked(value: str) -> Client:
        return classify(RequestFacts(headers={"user-agent": WINDOWS, name: value}))

    assert asked("x" * length) is asked("x" * length + "y")
    assert asked("x" * length) is not asked("x" * (length - 1) + "y")


def test_methods_that_differ_only_at_the_end_share_a_cache_entry() -> None:
    assert classify(RequestFacts("X" * 32)) is classify(RequestFacts("X" * 33))
    assert classify(RequestFacts("X" * 31)) is not classify(RequestFacts("X" * 32))


class Noting(dict[str, str]):
    """Headers that note which of them are asked for."""

    def __init__(self) -> None:
        super().__init__()
        self.names: set[str] = set()

    def __contains__(self, name: object) -> bool:
        self.names.add(str(name))
        return super().__contains__(name)

    def get(self, name: str, default: str = "") -> str:  # type: ignore[override]
        self.names.add(name)
        return super().get(name, default)


@pytest.mark.parametrize(
    ("target", "more"), [("/", set()), (ACTIVESYNC, {"ms-asprotocolversion", "cookie", "content-type"})]
)
def test_no_headers_are_read_but_those_that_are_told(target: str, more: set[str]) -> None:
    headers = Noting()
    classify(RequestFacts("POST", target, headers=headers))
    assert headers.names == {*READ} | more
    assert len(READ) == len({*READ})


PHONE = "Cmd=Ping&User=ada&DeviceId=Appl1&DeviceType=iPhone"
NAMED = ("Appl1", "iPhone")


@pytest.mark.parametrize(
    ("method", "target", "headers", "protocol", "checked", "named"),
    [
        ("POST", f"{ACTIVESYNC}?{PHONE}", {}, Protocol.ACTIVESYNC, True, None),
        ("POST", f"{ACTIVESYNC}?{PHONE}", {"cookie": "sid=1"}, Protocol.ACTIVESYNC, False, NAMED),
        ("POST", f"{ACTIVESYNC}?Cmd=Ping", {"cookie": "sid=1"}, Protocol.ACTIVESYNC, False, None),
        ("POST", f"/SOGo{ACTIVESYNC}?{PHONE}", {}, Protocol.ACTIVESYNC, False, NAMED),
        ("POST", f"/.mailgate{ACTIVESYNC}?{PHONE}", {}, Protocol.ACTIVESYNC, False, None),
        ("POST", f"{ACTIVESYNC}?{PHONE}", {"sec-fetch-mode": "navigate"}, Protocol.WEB, False, None),
        ("POST", f"/inbox?{PHONE}", {"content-type": "application/vnd.ms-sync"}, Protocol.ACTIVESYNC, False, NAMED),
        ("POST", f"/inbox?{PHONE}", {}, Protocol.WEB, False, None),
    ],
)  # fmt: skip
def test_a_query_counts_where_the_login_is_checked(
    method: str,
    target: str,
    headers: dict[str, str],
    protocol: Protocol,
    checked: bool,
    named: tuple[str, str] | None,
) -> None:
    facts = RequestFacts(method, target, headers=headers)
    client = classify(facts)
    assert (client.protocol, is_checked(facts, client)) == (protocol, checked)
    assert (client.eas_id, client.eas_type) == (NAMED if checked else ("", ""))
    claimed = as_claimed(facts, client)
    assert claimed == (replace(client, eas_id=named[0], eas_type=named[1]) if named else None)


@pytest.mark.parametrize(
    ("headers", "told"),
    [
        ({"ms-asprotocolversion": "16.1"}, ("Ping", "16.1", "ada")),
        ({"cookie": "sid=1"}, ("Ping", "", "ada")),
        ({"sec-fetch-mode": "navigate", "ms-asprotocolversion": "16.1"}, ("", "", "")),
    ],
)
def test_a_query_of_activesync_tells_command_version_and_user(
    headers: dict[str, str], told: tuple[str, ...]
) -> None:
    client = classify(RequestFacts("POST", f"{ACTIVESYNC}?{PHONE}", headers=headers))
    assert (client.eas_command, client.eas_version, client.eas_user) == told


def test_the_query_of_a_page_load_tells_only_activesync() -> None:
    shown = [
        classify(RequestFacts("GET", f"{ACTIVESYNC}?{query}", headers={"sec-fetch-mode": "navigate"}))
        for query in ("", PHONE, "DeviceType=WindowsOutlook15", "_task=mail")
    ]
    assert [client.kind for client in shown] == [Kind.MAIL_APP] * 4
    assert [client.findings for client in shown] == [()] * 4


def test_warming_reads_a_user_agent_of_each_common_browser_with_every_table(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    tables: list[tuple[str, ...]] = []
    agents: list[str] = []
    monkeypatch.setattr(Table, "warm", lambda self: tables.append(tuple(self.rules)))
    monkeypatch.setattr(browser, "read_user_agent", agents.append)
    warm()
    read = [classify(RequestFacts(headers={"user-agent": agent})) for agent in agents]
    assert [(client.os, client.browser) for client in read] == [
        ("windows", "Edge"), ("linux", "Firefox"), ("chromeos", "Chrome"), ("macos", "Safari"), ("ios", "Mobile Safari"),
        ("ipados", "Chrome Mobile iOS"), ("android", "Chrome Mobile"), ("android", "Samsung Internet"), ("android", "Outlook-iOS-Android"), ("", ""),
    ]  # fmt: skip
    programs = *TOOLS.rules, *BOTS.rules
    computers = *DESKTOP_MODE.rules, *DESKTOPS.rules
    every = *programs, *APPLIANCES.rules, *HANDHELDS.rules, *computers
    assert tables == [
        every,
        computers,
        *(tuple(table.rules) for table in (APPLIANCES, HANDHELDS, DESKTOPS, MAIL_APPS)),
        ("handheld-mail-app",),
    ]
