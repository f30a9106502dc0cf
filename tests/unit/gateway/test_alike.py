"""Who differs from somebody before in nothing but the user agent, or the address that is asked about, is known; nobody else is."""

from datetime import timedelta

import pytest
from tests.unit.gateway.test_remembering import (
    LAPTOP,
    PHONE,
    PROXY,
    STRANGER,
    Side,
    Watched,
    live_with,
    no_lines_for_debugging,
    probing,
    question,
    request,
)

from mailgate.gateway.authz import Authorizer, Dialect
from mailgate.gateway.prober import Mode

__all__ = ["no_lines_for_debugging"]

OF_EVERYBODY, READS_BROWSERS = 10, (9, 11)


def laptop(number):
    return LAPTOP.replace("145", str(number))


def page(agent, *fields):
    return request("GET", "/mail/inbox", f"User-Agent: {agent}", *fields)


async def asked(requests, *, first=0, peer=STRANGER, change=None):
    """Which of these requests were known, one letter each, and what they left."""
    watched = Watched()
    side, known = Side(watched), ""
    live_with(first)(side.gate, None)
    if change:
        change(side.gate, None)
    for data in requests:
        before = watched.known
        await side.ask(peer, data)
        known += "+" if watched.known > before else "-"
    return known, side


async def test_the_third_of_laptops_that_were_never_seen_is_known():
    known, side = await asked([page(laptop(number)) for number in range(100, 106)])
    assert known == "--++++"
    assert all(f"Firefox/{100 + n}.0\r\n".encode() in asked for n, asked in enumerate(side.webmail.asked))
    rows = side.book._items
    assert len(rows) == 6
    assert {dict(sighting.client.headers)["user-agent"] for sighting in rows} == {
        laptop(n) for n in range(100, 106)
    }
    assert {tally.times for tally in rows.values()} == {1}


async def test_what_the_webmail_is_sent_is_what_it_would_be_sent_by_the_whole_way():
    agents = [laptop(number) for number in range(100, 103)]
    _, quick = await asked([page(agent, "Accept: a", "Via: 1.1 b") for agent in agents])
    for agent, sent in zip(agents, quick.webmail.asked, strict=True):
        _, whole = await asked([page(agent, "Accept: a", "Via: 1.1 b")])
        assert [sent] == whole.webmail.asked


async def test_who_comes_twice_is_recorded_twice():
    known, side = await asked([page(laptop(number)) for number in (1, 2, 3, 3, 3)])
    assert known[:3] == "--+"
    assert sorted(tally.times for tally in side.left()[2].values()) == [1, 1, 3]


@pytest.mark.parametrize(
    "agent",
    [
        pytest.param(PHONE, id="a phone"),
        pytest.param(LAPTOP.replace("X11; Linux x86_64", "Windows NT 10.0; Win64; x64"), id="another system"),
        pytest.param(LAPTOP + " Mobile", id="a contradiction"),
        pytest.param("nothing known", id="nobody knows what"),
        pytest.param(LAPTOP + " CalDAV-Sync", id="another protocol"),
    ],
)
async def test_who_is_taken_for_another_client_is_not_known(agent):
    assert (await asked([page(laptop(1)), page(laptop(2)), page(laptop(3)), page(agent)]))[0] == "--+-"


async def test_phones_that_may_read_their_mail_are_known_as_well():
    phones = [page(PHONE.replace("18_1", f"18_{number}")) for number in range(4)]
    assert (await asked(phones, first=OF_EVERYBODY))[0] == "--++"


async def test_other_models_are_other_phones():
    phones = [
        page(f"Mozilla/5.0 (Linux; Android 14; {model}) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/1 Mobile Safari/537.36")
        for model in ("Pixel 7", "Pixel 7", "Pixel 8", "SM-S928B")
    ]  # fmt: skip
    assert (await asked([phones[0], *phones], first=OF_EVERYBODY))[0] == "--+--"


async def test_another_browser_of_the_same_sort_is_recorded_as_what_it_is():
    chrome = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36"
    known, side = await asked([page(laptop(1)), page(laptop(2)), page(chrome)])
    assert known == "--+"
    assert [sighting.client.browser for sighting in side.book._items] == ["Firefox", "Firefox", "Chrome"]


@pytest.mark.parametrize("first", READS_BROWSERS)
async def test_where_a_rule_reads_browsers_or_versions_each_is_looked_at(first):
    assert (await asked([page(laptop(n)) for n in range(143, 147)], first=first))[0] == "----"


@pytest.mark.parametrize(
    ("fields", "known"),
    [
        pytest.param(("Sec-Fetch-Mode: cors",), "--++", id="none has a pass"),
        pytest.param(("Cookie: mailgate-probe=x",), "----", id="a pass belongs to one user agent"),
        pytest.param(("Sec-Fetch-Mode: navigate",), "----", id="each is probed first"),
    ],
)
async def test_where_browsers_are_probed_those_are_alike_that_were_not(fields, known):
    requests = [page(laptop(number), *fields) for number in range(4)]
    assert (await asked(requests, change=probing(Mode.OBSERVE)))[0] == known


@pytest.mark.parametrize(
    "other",
    [
        pytest.param(page(laptop(9), "Accept: b"), id="another field"),
        pytest.param(page(laptop(9) + " "), id="a space behind"),
        pytest.param(page(laptop(9)).replace(b"User-Agent", b"user-agent"), id="in lower case"),
        pytest.param(page(laptop(9)).replace(b"User-Agent", b"USER-agent"), id="in a spelling of its own"),
        pytest.param(page(laptop(9)).replace(b"GET", b"HEAD"), id="another method"),
        pytest.param(page(laptop(9), "User-Agent: x"), id="two of them"),
        pytest.param(page(laptop(9)).replace(b"/mail/", b"/dav/"), id="another protocol"),
        pytest.param(page(laptop(9)).replace(b"/mail/", b"http://a.example/mail/"), id="another host"),
    ],
)
async def test_whatever_else_differs_goes_the_whole_way(other):
    assert (await asked([page(laptop(1)), page(laptop(2)), page(laptop(3)), other]))[0] == "--+-"


async def test_proxies_that_write_names_in_lower_case_make_no_difference():
    requests = [page(laptop(n), "accept: a").replace(b"User-Agent", b"user-agent") for n in range(5)]
    known, side = await asked(requests)
    assert known == "--+++"
    assert all(f"user-agent: {laptop(n)}\r\n".encode() in sent for n, sent in enumerate(side.webmail.asked))


def speaking(dialect):
    def change(on, at):
        on.authorizer = Authorizer(dialect, on.clock, timedelta(seconds=1))

    return change


@pytest.mark.parametrize(
    ("dialect", "renamed"),
    [
        (Dialect.NGINX, {}),
        (Dialect.HAPROXY, {b"X-Original-URI": b"x-original-uri", b"User-Agent": b"user-agent"}),
        (Dialect.CADDY, {b"X-Original-URI": b"X-Forwarded-Uri", b"X-Original-Method": b"X-Forwarded-Method"}),
        (
            Dialect.TRAEFIK,
            {b"X-Original-URI": b"X-Forwarded-Uri", b"X-Original-Method": b"X-Forwarded-Method"},
        ),
    ],
)
async def test_questions_about_other_addresses_are_known(dialect, renamed):
    questions = [question(f"User-Agent: {LAPTOP}", uri=f"/mail/{n}?_={n}") for n in range(5)]
    for name, other in renamed.items():
        questions = [each.replace(name, other) for each in questions]
    known, side = await asked(questions, peer=PROXY, change=speaking(dialect))
    assert known == "--+++"
    (tally,) = side.left()[2].values()
    assert tally.times == 5


@pytest.mark.parametrize(
    "uri",
    [
        pytest.param("/other/inbox", id="what is recorded is another folder"),
        pytest.param("/dav/ada/", id="another protocol"),
        pytest.param("/Microsoft-Server-ActiveSync?Cmd=Sync", id="ActiveSync"),
        pytest.param("/autodiscover/autodiscover.xml", id="Autodiscover"),
        pytest.param("/.mailgate/me", id="an address of the gate"),
        pytest.param("/mail/a b", id="no target"),
        pytest.param("mail", id="no path"),
        pytest.param("/mail/" + "x" * 300, id="a long one"),
    ],
)
async def test_questions_about_special_addresses_are_looked_at(uri):
    usual = [question(f"User-Agent: {LAPTOP}", uri=f"/mail/{number}") for number in range(3)]
    known, _ = await asked([*usual, question(f"User-Agent: {LAPTOP}", uri=uri)], peer=PROXY)
    assert known == "--+-"


@pytest.mark.parametrize("fields", [(), (f"USER-AGENT: {LAPTOP}", "user-Agent: x")])
async def test_who_sends_no_user_agent_or_two_is_looked_at_each_time(fields):
    questions = [question(*fields, uri=f"/mail/{number}") for number in range(4)]
    known, side = await asked(questions, first=OF_EVERYBODY, peer=PROXY)
    assert known == "----"
    assert all(answer.startswith(b"HTTP/1.1 200 ") for answer in side.got)
