"""``docs/forward-auth.md``: each configuration passes on ``Upgrade: websocket`` "with GET" alone (RFC 6455, section 4.1)."""

import pytest
from tests.attacks.conftest import Open
from tests.attacks.recording_webmail import KEY, Webmail, answer_to, request
from tests.integration.conftest import LAPTOP


@pytest.mark.parametrize("method", [b"POST", b"PUT", b"OPTIONS", b"PROPFIND"])
async def test_no_other_method_switches(way: Open, recording: Webmail, method: bytes) -> None:
    fields = (
        b"User-Agent: " + LAPTOP.encode(),
        b"Connection: Upgrade",
        b"Upgrade: websocket",
        b"Sec-WebSocket-Version: 13",
        b"Sec-WebSocket-Key: " + KEY,
        b"Content-Length: 0",
    )
    answer = await answer_to(way().url, request(method + b" /inbox", *fields))
    assert recording.lines(b"upgrade") == []
    assert not answer.startswith(b"HTTP/1.1 101")
