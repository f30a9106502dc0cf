"""The origin of a request, and who may tell it."""

from ipaddress import ip_network

import pytest

from mailgate.http.trusted_headers import LOCAL, canonical_name, name_in, origin_of

PROXIES = (ip_network("10.0.0.0/8"), ip_network("fd00::/8"))


def origin(peer, *fields, secure=False, host=b"mail.example.com", trusted=PROXIES):
    return origin_of(fields, peer=peer, secure=secure, host=host, trusted=trusted)


FORGED = (
    (b"X-Forwarded-For", b"203.0.113.9"),
    (b"X-Forwarded-Proto", b"https"),
    (b"X-Forwarded-Host", b"evil.example"),
    (b"X-Forwarded-User", b"ann"),
)


@pytest.mark.parametrize("trusted", [PROXIES, ()])
@pytest.mark.parametrize(("secure", "scheme"), [(False, "http"), (True, "https")])
def test_a_stranger_is_not_believed(trusted, secure, scheme):
    seen = origin("192.0.2.1", *FORGED, secure=secure, trusted=trusted)
    assert (seen.remote, seen.scheme, seen.host) == ("192.0.2.1", scheme, b"mail.example.com")
    assert (seen.forwarded_for, seen.user) == (b"192.0.2.1", b"")


def test_a_trusted_proxy_is_believed():
    seen = origin("10.1.1.1", *FORGED)
    assert (seen.remote, seen.scheme, seen.host) == ("203.0.113.9", "https", b"evil.example")
    assert (seen.forwarded_for, seen.user) == (b"203.0.113.9, 10.1.1.1", b"ann")


@pytest.mark.parametrize("trusted", [PROXIES, ()])
def test_a_caller_at_a_unix_socket_is_a_proxy_without_an_address(trusted):
    seen = origin(LOCAL, *FORGED, trusted=trusted)
    assert (seen.remote, seen.scheme, seen.host, seen.user) == (
        "203.0.113.9",
        "https",
        b"evil.example",
        b"ann",
    )
    assert seen.forwarded_for == b"203.0.113.9"
    silent = origin(LOCAL, trusted=trusted)
    assert (silent.remote, silent.forwarded_for) == (LOCAL, b"")


def test_a_client_cannot_claim_to_be_a_unix_socket():
    seen = origin("10.1.1.1", (b"x-forwarded-for", b"203.0.113.9, unix:"))
    assert seen.remote == "10.1.1.1"


def test_an_ipv4_proxy_is_known_on_an_ipv6_listener():
    """RFC 4291, 2.5.5.2."""
    assert origin("::ffff:10.1.1.1", *FORGED).remote == "203.0.113.9"
    seen = origin("::ffff:192.0.2.1", *FORGED)
    assert (seen.remote, seen.forwarded_for) == ("192.0.2.1", b"192.0.2.1")


@pytest.mark.parametrize(
    "fields",
    [
        [(b"X-Forwarded-User", b"ann"), (b"X-Forwarded-User", b"root")],
        [(b"X_Forwarded_User", b"root")],
        [(b"Remote-User", b"root")],
    ],
)
def test_a_user_named_twice_or_oddly_is_nobody(fields):
    """A proxy that adds its own line to a client's would let the client choose."""
    assert origin("10.1.1.1", *fields).user == b""


@pytest.mark.parametrize(
    ("chain", "remote", "forwarded_for"),
    [
        ([], "10.1.1.1", b"10.1.1.1"),
        ([b"198.51.100.1, 203.0.113.9"], "203.0.113.9", b"198.51.100.1, 203.0.113.9, 10.1.1.1"),
        ([b"203.0.113.9, 10.2.2.2"], "203.0.113.9", b"203.0.113.9, 10.2.2.2, 10.1.1.1"),
        ([b"198.51.100.1", b"203.0.113.9"], "203.0.113.9", b"198.51.100.1, 203.0.113.9, 10.1.1.1"),
        ([b"10.3.3.3 ,, 10.2.2.2"], "10.3.3.3", b"10.3.3.3, 10.2.2.2, 10.1.1.1"),
        ([b"2001:db8::1, fd00::2"], "2001:db8::1", b"2001:db8::1, fd00::2, 10.1.1.1"),
        ([b"unknown"], "10.1.1.1", b"10.1.1.1"),
        ([b"203.0.113.9, <script>"], "10.1.1.1", b"10.1.1.1"),
        ([b"203.0.113.9, \xb2.1.1.1"], "10.1.1.1", b"10.1.1.1"),
        ([b"203.0.113.9:1234"], "203.0.113.9", b"203.0.113.9, 10.1.1.1"),
        ([b"[2001:DB8:0::01]:443, 10.2.2.2:80"], "2001:db8::1", b"2001:db8::1, 10.2.2.2, 10.1.1.1"),
        ([b"::FFFF:203.0.113.9, ::ffff:10.2.2.2"], "203.0.113.9", b"203.0.113.9, 10.2.2.2, 10.1.1.1"),
        ([b"::ffff:cb00:7109"], "203.0.113.9", b"203.0.113.9, 10.1.1.1"),
        ([b"203.0.113.009"], "10.1.1.1", b"10.1.1.1"),
        ([b""], "10.1.1.1", b"10.1.1.1"),
    ],
)
def test_the_client_is_the_nearest_hop_that_is_not_ours(chain, remote, forwarded_for):
    """What stands further left was written by a stranger; what is no address ends the chain of belief."""
    seen = origin("10.1.1.1", *((b"x-forwarded-for", value) for value in chain))
    assert (seen.remote, seen.forwarded_for) == (remote, forwarded_for)


@pytest.mark.parametrize("proto", [b"ftp", b"https, http", b"", b"javascript:"])
def test_a_scheme_that_is_none_changes_nothing(proto):
    assert origin("10.1.1.1", (b"X-Forwarded-Proto", proto), secure=True).scheme == "https"


@pytest.mark.parametrize(
    "host", [b"", b"a b", b"a/b", b"user@a", b"a.example, b.example", b"<script>", b"\xff"]
)
def test_a_forwarded_host_that_is_none_changes_nothing(host):
    assert origin("10.1.1.1", (b"X-Forwarded-Host", host)).host == b"mail.example.com"


@pytest.mark.parametrize("peer", ["", "unix"])
def test_a_peer_without_an_address_is_not_trusted(peer):
    assert origin(peer, *FORGED).remote == peer


def test_a_zone_is_no_part_of_an_address():
    assert origin("fe80::1%eth0", *FORGED).remote == "fe80::1"


@pytest.mark.parametrize(
    ("host", "name"),
    [
        (b"Gate.Internal:8081", "gate.internal"),
        (b"gate.internal.", "gate.internal"),
        (b"gate.internal.:80", "gate.internal"),
        (b"gate.internal:", "gate.internal"),
        (b"[2001:DB8:0:0::1]:8081", "2001:db8::1"),
        (b"127.0.0.1", "127.0.0.1"),
        (b"gate%2einternal", "gate%2einternal"),
        (b"", ""),
    ],
)
def test_a_name_is_without_port_and_in_one_spelling(host, name):
    assert name_in(host) == name


def test_the_name_of_a_setting_has_the_same_spelling():
    assert [canonical_name(each) for each in ("2001:DB8::0001", "Mail.Example.com.")] == [
        "2001:db8::1",
        "mail.example.com",
    ]
