"""Upstream is never a port of the gate itself, however it is spelled."""

import socket
from ipaddress import ip_address

import pytest

from mailgate.config import Address
from mailgate.config.upstream_loop import LITERAL_RESOLVER, SystemResolver, leads_back

NAMES = {
    "gate.example.com": ["192.0.2.10"],
    "mail.example.com": ["192.0.2.20"],
    "six.example.com": ["2001:db8::1"],
}
HERE = ip_address("192.0.2.10")


class Known(SystemResolver):
    """A machine at 192.0.2.10 and on loopback, in a net with some names."""

    def looked_up(self, host):
        return frozenset(map(ip_address, NAMES.get(host, ())))

    def is_here(self, address):
        return address == HERE or address.is_loopback


@pytest.fixture(autouse=True)
def called_gate7(monkeypatch):
    monkeypatch.setattr(socket, "gethostname", lambda: "gate7.internal")


def back(upstream, listener, names=LITERAL_RESOLVER, port=8081):
    return leads_back(upstream, port, [Address("127.0.0.1", 8080), Address(listener, 8081)], names)


@pytest.mark.parametrize(
    "upstream",
    ["127.0.0.1", "localhost", "LOCALHOST", "localhost.", "a.localhost", "127.1", "0x7f000001", "2130706433", "0.0.0.0", "::ffff:127.0.0.1", "gate7", "gate7.internal", "GATE7.internal."],
)  # fmt: skip
@pytest.mark.parametrize("listener", ["127.0.0.1", "0.0.0.0", "localhost"])
def test_loopback_and_the_own_name_are_met_in_every_spelling(upstream, listener):
    assert back(upstream, listener) == Address(listener, 8081)


@pytest.mark.parametrize("upstream", ["::1", "::", "0:0:0:0:0:0:0:1", "localhost"])
@pytest.mark.parametrize("listener", ["::1", "::"])
def test_loopback_of_ipv6_is_met_in_every_spelling(upstream, listener):
    assert back(upstream, listener)


@pytest.mark.parametrize("upstream", ["192.0.2.10", "gate.example.com"])
@pytest.mark.parametrize(
    ("listener", "is_met"),
    [("0.0.0.0", True), ("::", True), ("192.0.2.10", True), ("gate.example.com", True), ("127.0.0.1", False)],
)
def test_a_listener_at_every_address_is_met_at_each_of_this_machine(upstream, listener, is_met):
    assert bool(back(upstream, listener, Known())) is is_met


@pytest.mark.parametrize(
    "upstream", ["192.0.2.20", "mail.example.com", "127.0.0.2", "nowhere.invalid", "six.example.com"]
)
def test_the_same_port_of_another_host_is_no_loop(upstream):
    assert not back(upstream, "127.0.0.1", Known())


def test_another_port_is_no_listener():
    assert not back("127.0.0.1", "127.0.0.1", port=9080)
    assert not leads_back("127.0.0.1", 80, [Address("127.0.0.1", 0)], LITERAL_RESOLVER)


def test_nobody_is_asked_about_names_unless_that_is_wanted():
    assert LITERAL_RESOLVER.addresses("localhost.localdomain") == frozenset()
