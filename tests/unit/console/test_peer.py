"""Where a request comes from: the connection, or what the console's own proxies tell, and nobody else."""

from datetime import timedelta
from ipaddress import ip_network
from typing import Any
from unittest.mock import Mock

import pytest
from aiohttp import web
from aiohttp.test_utils import make_mocked_request
from tests.unit.console.login.settings import settings

from mailgate.config import Settings
from mailgate.config.console import ProxyLogin
from mailgate.console.peer import (
    MAX_NAME,
    NotBelievedError,
    cookie_of,
    host_of,
    name_from_proxy,
    origin_of_request,
    over_tls,
    set_cookie,
)

FORWARDED = {
    "Host": "10.0.0.9:8081",
    "X-Forwarded-For": "198.51.100.7, 192.0.2.1",
    "X-Forwarded-Proto": "https",
    "X-Forwarded-Host": "Console.example.com",
}


def asked(peer: str, **headers: str) -> web.Request:
    transport = Mock()
    transport.get_extra_info = lambda name, default=None: (peer, 1) if name == "peername" else default
    return make_mocked_request("GET", "/console/", headers=headers, transport=transport)


def believing(*networks: str, **changed: Any) -> Settings:
    made = settings({})
    known = {"trusted_proxies": tuple(map(ip_network, networks))} | changed
    return made.model_copy(update={"console": made.console.model_copy(update=known)})


def test_a_proxy_of_the_console_tells_address_scheme_and_host() -> None:
    request, known = asked("10.0.0.1", **FORWARDED), believing("10.0.0.1/32")
    found = origin_of_request(request, known)
    assert (found.remote, found.scheme) == ("192.0.2.1", "https")
    assert host_of(request, known) == "console.example.com"
    assert over_tls(request, known)


@pytest.mark.parametrize("peer", ["10.0.0.2", ""])
def test_only_its_own_proxies_tell_the_console(peer: str) -> None:
    request, known = asked(peer, **FORWARDED), believing("10.0.0.1/32")
    found = origin_of_request(request, known)
    assert (found.remote, found.scheme) == (peer, "http")
    assert host_of(request, known) == "10.0.0.9:8081"
    assert not over_tls(request, known)


def test_proxies_of_the_public_port_are_none_of_the_consoles() -> None:
    known = believing().model_copy(update={"trusted_proxies": (ip_network("10.0.0.1/32"),)})
    assert origin_of_request(asked("10.0.0.1", **FORWARDED), known).remote == "10.0.0.1"


@pytest.mark.parametrize(
    ("url", "host", "secure"),
    [
        ("https://console.example.com", "console.example.com", True),
        ("https://console.example.com", "Console.Example.Com", True),
        ("https://console.example.com", "localhost:8081", False),
        ("https://console.example.com:8443", "console.example.com", False),
        ("http://console.example.com", "console.example.com", False),
        (None, "console.example.com", False),
    ],
)
def test_under_the_consoles_own_name_browsers_come_as_the_settings_say(
    url: str | None, host: str, secure: bool
) -> None:
    """Through a tunnel to the computer itself they come in the clear, and their cookie has to come back."""
    assert over_tls(asked("192.0.2.1", Host=host), believing(url=url)) is secure


@pytest.mark.parametrize(
    ("https", "sent"),
    [
        (True, "__Host-name=v; Max-Age=60; Path=/; SameSite={}; Secure; HttpOnly"),
        (False, "name=v; Max-Age=60; Path=/console/x; SameSite={}; HttpOnly"),
    ],
)
@pytest.mark.parametrize("to_links", [True, False])
def test_over_https_no_other_host_can_set_a_cookie_of_the_console(
    https: bool, sent: str, to_links: bool
) -> None:
    known = believing(url="https://console.example.com" if https else None)
    request, answer = asked("192.0.2.1", Host="console.example.com"), web.Response()
    lasts = timedelta(minutes=1)
    name = set_cookie(request, answer, "name", "v", known, lasts=lasts, path="/console/x", to_links=to_links)
    said = answer.cookies[name].OutputString().split("; ")
    assert sorted(said) == sorted(sent.format("Lax" if to_links else "Strict").split("; "))
    back = asked("192.0.2.1", Host="console.example.com", Cookie=f"{name}=v; xname=2")
    assert cookie_of(back, "name", known) == "v"
    twice = asked("192.0.2.1", Host="console.example.com", Cookie=f"{name}=v; {name}=w")
    assert cookie_of(twice, "name", known) == ""


WAY = ProxyLogin.model_validate(
    {"header": "X-Forwarded-User", "from_proxies": ["10.0.0.0/8", "::1"]}, strict=False
)


def fields(*values: bytes, name: bytes = b"X-Forwarded-User") -> list[tuple[bytes, bytes]]:
    return [(b"Host", b"console"), *((name, value) for value in values)]


def refused(*values: bytes, peer: str = "10.1.2.3") -> str:
    with pytest.raises(NotBelievedError) as error:
        name_from_proxy(fields(*values), peer, WAY)
    return error.value.why


@pytest.mark.parametrize("peer", ["10.1.2.3", "::1", "::ffff:10.1.2.3"])
@pytest.mark.parametrize("name", [b"X-Forwarded-User", b"x-forwarded-user"])
def test_a_proxy_says_who_is_there(peer: str, name: bytes) -> None:
    assert name_from_proxy(fields(b"ada", name=name), peer, WAY) == "ada"


@pytest.mark.parametrize("peer", ["192.0.2.1", "127.0.0.1", "", "unix:", "10.1.2.3, 10.1.2.3"])
def test_a_name_from_another_address_is_refused(peer: str) -> None:
    assert refused(b"ada", peer=peer) == "elsewhere"


def test_an_address_in_another_header_is_ignored() -> None:
    forged = [*fields(b"ada"), (b"X-Forwarded-For", b"10.1.2.3"), (b"Forwarded", b"for=10.1.2.3")]
    with pytest.raises(NotBelievedError):
        name_from_proxy(forged, "192.0.2.1", WAY)


@pytest.mark.parametrize("values", [(b"ada", b"lin"), (b"ada", b"ada"), (b"", b"ada")])
def test_twice_it_names_nobody(values: tuple[bytes, ...]) -> None:
    assert refused(*values) == "twice"


@pytest.mark.parametrize("value", [b"", b"  ", b"\xff", b"a\x00b", b"x" * (MAX_NAME + 1)])
def test_a_malformed_name_is_refused(value: bytes) -> None:
    assert refused(value) == "no-name"


@pytest.mark.parametrize(
    "sent",
    [fields(), fields(b"ada", name=b"X_Forwarded_User"), fields(b"ada", name=b"X-Forwarded-User2")],
    ids=["no field", "another spelling", "another name"],
)
def test_a_missing_header_names_nobody(sent: list[tuple[bytes, bytes]]) -> None:
    assert name_from_proxy(sent, "10.1.2.3", WAY) is None


def test_without_the_setting_no_header_counts() -> None:
    assert name_from_proxy(fields(b"ada"), "10.1.2.3", None) is None
