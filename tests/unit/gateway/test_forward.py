"""An allowed request on its way to the webmail."""

import pytest
from tests.unit.gateway.gates import NOW, ask, gate
from tests.unit.gateway.phones import EAS, LOGIN, mobile

from mailgate.gateway.forward import is_long_poll
from mailgate.model import Access, Client, Kind, Posture, Protocol, RequestFacts


async def test_a_request_that_may_go_no_further_is_answered_here():
    """RFC 9110, 7.6.2; but not before the policy allows it."""
    on = gate()
    assert (await ask(on, "/allow", b"Max-Forwards: 0", method="OPTIONS"))[0] == 200
    assert (await ask(on, "/block", b"Max-Forwards: 0", method="OPTIONS"))[0] == 403
    status, head, _, _ = await ask(on, "/allow", b"Max-Forwards: 0", method="TRACE")
    assert (status, "\r\nAllow: OPTIONS\r\n" in head + "\r\n") == (405, True)
    assert on.forwarding.usual.got == []


@pytest.mark.parametrize(
    ("path", "method", "way"),
    [
        (EAS.format("Ping"), "POST", "long_poll"),
        (EAS.format("Sync"), "POST", "long_poll"),
        (EAS.format("FolderSync"), "POST", "usual"),
        (EAS.format("Ping"), "OPTIONS", "usual"),
        ("/Microsoft-Server-ActiveSync", "OPTIONS", "usual"),
        ("/autodiscover/autodiscover.xml", "POST", "autodiscover"),
    ],
)
async def test_each_request_goes_its_own_way(path, method, way):
    on = mobile()
    phone = b"User-Agent: Mozilla/5.0 (iPhone; CPU iPhone OS 18_6 like Mac OS X) Mobile/15E148"
    assert (await ask(on, path, LOGIN, phone, method=method))[2] == b"mail"
    assert {name for name in ("usual", "long_poll", "autodiscover") if getattr(on.forwarding, name).got} == {
        way
    }


@pytest.mark.parametrize(
    ("method", "command", "protocol", "waits"),
    [
        ("POST", "Ping", Protocol.ACTIVESYNC, True),
        ("POST", "Sync", Protocol.ACTIVESYNC, True),
        ("OPTIONS", "Ping", Protocol.ACTIVESYNC, False),
        ("POST", "FolderSync", Protocol.ACTIVESYNC, False),
        ("POST", "", Protocol.ACTIVESYNC, False),
        ("POST", "Ping", Protocol.WEB, False),
    ],
)
def test_ping_and_sync_hang(method, command, protocol, waits):
    client = Client(Kind.PHONE, handheld=True, protocol=protocol, eas_command=command)
    assert is_long_poll(Access(RequestFacts(method), client, Posture(), NOW)) is waits
