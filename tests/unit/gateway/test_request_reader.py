"""What the gate reads of a request before it decides."""

import gc
import weakref
from ipaddress import ip_network

import pytest
from structlog.testing import capture_logs
from tests.unit.gateway.gates import ask, gate, renew, value
from tests.unit.gateway.phones import EAS, HANDED_ON, LOGIN, PROXIES, mobile, with_certificates
from tests.unit.gateway.wire import exchange, handled

from mailgate.gateway.request_reader import MAX_TOLD
from mailgate.model import Posture, PostureState
from mailgate.policy.people import NO_GROUPS, Groups


@pytest.mark.parametrize(
    ("target", "proto", "trusted", "status"),
    [
        (b"https://mail.example.com/allow", b"http", (), 421),
        (b"HTTPS://mail.example.com/.mailgate/healthz", b"http", (), 421),
        (b"https://mail.example.com/allow", b"https", (), 421),
        (b"https://mail.example.com/allow", b"https", (ip_network("192.0.2.0/24"),), 200),
        (b"http://mail.example.com/allow", b"http", (), 200),
    ],
)
async def test_an_https_address_is_not_served_over_plain_http(target, proto, trusted, status):
    """RFC 9110, 7.4: unless a trusted proxy says that it came in over TLS."""
    on = gate(trusted=trusted)
    asked = exchange(b"GET " + target + b" HTTP/1.1", b"X-Forwarded-Proto: " + proto)
    outcome = await handled(on, asked)
    assert asked.connection.transport.written.startswith(b"HTTP/1.1 %d " % status)
    assert outcome.keep_alive is (status == 200)


TOLD = b"X-Forwarded-For: 198.51.100.7"


async def test_a_remembered_origin_is_bound_to_its_fields_and_settings():
    on = gate(trusted=(ip_network("192.0.2.0/24"),))

    def remotes(*requests):
        asked = [exchange(b"GET / HTTP/1.1", *fields) for fields in requests]
        return [on.reader.origin(each, each.head).remote for each in asked]

    requests = [
        (TOLD,),
        (),
        (TOLD, TOLD),
        (b"X-Forwarded-For: 198.51.100.8",),
        (TOLD, b"X-Forwarded-User: ada"),
        (TOLD,),
    ]
    found = ["198.51.100.7", "192.0.2.7", "198.51.100.7", "198.51.100.8", "198.51.100.7", "198.51.100.7"]
    assert remotes(*requests) == remotes(*requests) == found
    renew(on, trusted=())
    assert remotes(*requests) == ["192.0.2.7"] * 6


async def test_no_earlier_settings_stay_in_memory_for_an_origin():
    on = gate(trusted=(ip_network("192.0.2.0/24"),))
    asked = exchange(b"GET / HTTP/1.1", TOLD)
    renew(on, groups=Groups.of_members({"staff": ["ada"]}))
    earlier = weakref.ref(on.in_force.live.groups)
    on.reader.origin(asked, asked.head)
    renew(on, groups=NO_GROUPS)
    gc.collect()
    assert earlier() is None


async def test_few_and_short_origins_are_remembered(monkeypatch):
    monkeypatch.setattr("mailgate.gateway.request_reader.MAX_ORIGINS", 3)
    on = gate(trusted=(ip_network("192.0.2.0/24"),))
    for number in range(8):
        asked = exchange(b"GET / HTTP/1.1", b"X-Forwarded-For: 192.0.2.%d" % number)
        on.reader.origin(asked, asked.head)
        assert len(on.reader._origins) <= 3
    before = len(on.reader._origins)
    asked = exchange(b"GET / HTTP/1.1", b"X-Forwarded-For: " + b"1" * MAX_TOLD)
    on.reader.origin(asked, asked.head)
    assert len(on.reader._origins) == before


async def test_fields_that_nobody_is_trusted_to_send_make_no_origin():
    on = gate()
    for number in range(8):
        asked = exchange(b"GET / HTTP/1.1", b"X-Forwarded-For: 192.0.2.%d" % number)
        assert on.reader.origin(asked, asked.head).remote == "192.0.2.7"
    assert len(on.reader._origins) == 1


@pytest.mark.parametrize(
    ("trusted", "field", "status", "result"),
    [
        (PROXIES, HANDED_ON, 200, "accepted"),
        ((), HANDED_ON, 403, None),
        (PROXIES, b"X-Forwarded-Client-Cert: Cert=a", 403, None),
        (PROXIES, b"Client-Cert: :!:", 403, "certificate-malformed"),
    ],
)
async def test_a_certificate_from_a_trusted_proxy_names_the_device(trusted, field, status, result):
    on = with_certificates()
    renew(on, trusted=trusted)
    with capture_logs() as logs:
        assert (await ask(on, EAS.format("FolderSync"), LOGIN, field, method="POST"))[0] == status
    counted = {result: 1} if result else {}
    assert {
        result: value(on, "mailgate_client_certificates_total", result=result) for result in counted
    } == counted
    assert logs[0]["certificate"] == (result or "none")


async def test_without_the_setting_no_certificate_is_looked_at():
    on = mobile(trusted=PROXIES)
    on.judge.postures.certified_posture = Posture(PostureState.LISTED, "d1")
    assert (await ask(on, EAS.format("FolderSync"), LOGIN, HANDED_ON, method="POST"))[0] == 200
    assert value(on, "mailgate_client_certificates_total", result="accepted") is None


@pytest.mark.parametrize(
    ("line", "fields", "trusted", "status"),
    [
        (b"GET /allow HTTP/1.1", (), (), 200),
        (b"GET http://evil.example/allow HTTP/1.1", (), (), 421),
        (b"GET http://evil.example/.mailgate/status HTTP/1.1", (), (), 421),
        (b"GET http://192.0.2.7:8080/.mailgate/healthz HTTP/1.1", (), (), 200),
        (b"GET http://evil.example/.mailgate/healthz/ HTTP/1.1", (), (), 421),
        (b"GET /allow HTTP/1.1", (b"X-Forwarded-Host: evil.example",), (), 200),
        (b"GET /allow HTTP/1.1", (b"X-Forwarded-Host: evil.example",), PROXIES, 421),
        (b"GET /allow HTTP/1.1", (b"X-Forwarded-Host: MAIL.example.com.:8443",), PROXIES, 200),
        (b"GET http://evil.example/allow HTTP/1.1", (b"X-Forwarded-Host: mail.example.com",), PROXIES, 421),
    ],
)
async def test_mail_is_served_under_its_own_names_alone(line, fields, trusted, status):
    """RFC 9110, 15.5.20. The cache of verdicts makes no difference."""
    on = gate(trusted=trusted)
    for _ in range(2):
        asked = exchange(line, b"User-Agent: Mozilla/5.0 (Windows NT 10.0; rv:145.0) Firefox/145.0", *fields)
        await handled(on, asked)
        assert asked.connection.transport.written.startswith(b"HTTP/1.1 %d " % status)
    if status == 421:
        assert on.forwarding.usual.got == []


async def test_a_request_that_names_no_host_is_served():
    asked = exchange(b"GET /allow HTTP/1.0")
    asked.head.host = b""
    await handled(gate(), asked)
    assert asked.connection.transport.written.startswith(b"HTTP/1.1 200 ")
