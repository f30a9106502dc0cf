"""By which names the admin port is asked."""

from ipaddress import ip_network
from types import SimpleNamespace

import pytest

from mailgate.gateway.admin_port.host_names import OwnHosts
from mailgate.gateway.http1.request import RequestRefused, parse_request_head

PROXY = "192.0.2.1"
OWN = OwnHosts(frozenset({"gate.internal", "console.example.com", "0.0.0.0"}), (ip_network(PROXY),))


def asked(*lines, peer="198.51.100.7", reached_at="192.0.2.9", line=b"GET / HTTP/1.1"):
    head = parse_request_head(b"\r\n".join([line, *lines, b"", b""]), max_fields=20)
    return SimpleNamespace(head=head, peer=peer, secure=False, reached_at=reached_at)


def admits(*lines, **more):
    try:
        OWN.admit(asked(*lines, **more))
    except RequestRefused as refused:
        return refused.status != 421
    return True


@pytest.mark.parametrize(
    "host",
    [b"gate.internal", b"GATE.internal.:1", b"console.example.com", b"localhost:80", b"127.0.0.1", b"127.9.9.9", b"[::1]", b"192.0.2.9:8081", b"[::ffff:192.0.2.9]"],
)  # fmt: skip
def test_its_own_names_and_the_address_that_was_reached(host):
    assert admits(b"Host: " + host)


@pytest.mark.parametrize(
    "host", [b"evil.example.com", b"x.gate.internal", b"gate.internal.evil.example.com", b"192.0.2.10", b"[2001:db8::1]", b"localhost.evil"]
)  # fmt: skip
def test_no_other(host):
    assert not admits(b"Host: " + host)
    assert not admits(b"Host: localhost", line=b"GET http://%b/ HTTP/1.1" % host)


@pytest.mark.parametrize("reached_at", ["2001:db8::9", "2001:db8::9%eth0"])
def test_an_address_of_ipv6_that_was_reached(reached_at):
    assert admits(b"Host: [2001:DB8:0::9]:8081", reached_at=reached_at)
    assert not admits(b"Host: [2001:db8::a]", reached_at=reached_at)


def test_a_proxy_that_is_believed_says_what_the_browser_asked_for():
    assert admits(b"Host: inner", b"X-Forwarded-Host: console.example.com", peer=PROXY)
    assert not admits(b"Host: localhost", b"X-Forwarded-Host: evil.example.com", peer=PROXY)
    assert not admits(b"Host: inner", b"X-Forwarded-Host: console.example.com")


def test_what_cannot_be_from_a_browser_needs_no_name():
    assert admits(line=b"GET /healthz HTTP/1.0")


@pytest.mark.parametrize("via", [b"1.1 mailgate", b"1.0 MailGate", b"1.1 a, HTTP/1.1 mailgate (x)"])
def test_what_came_through_a_gate_as_mail_is_not_answered(via):
    assert not admits(b"Host: localhost", b"Via: " + via)
    assert admits(b"Host: localhost", b"Via: 1.1 nginx")
