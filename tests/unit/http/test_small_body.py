"""The body of a request to the gate itself: whole, small and soon, or refused."""

import pytest
from tests.unit.gateway.wire import exchange

from mailgate.http import small_body
from mailgate.http.request import RequestRefused
from mailgate.http.small_body import MAX_BYTES, read_small_body

POST = b"POST /.mailgate/probe HTTP/1.1"


@pytest.mark.parametrize("size", [0, 1, MAX_BYTES])
async def test_a_small_body_is_read_whole(size):
    asked = exchange(POST, b"Content-Length: %d" % size, body=b"x" * size)
    assert await read_small_body(asked) == b"x" * size


async def test_without_a_body_nothing_is_awaited():
    assert await read_small_body(exchange(whole=False)) == b""


@pytest.mark.parametrize("coding", [b"gzip", b"Deflate", b"identity, br"])
async def test_a_coded_one_is_refused(coding):
    asked = exchange(POST, b"Content-Encoding: " + coding, b"Content-Length: 1", body=b"x")
    with pytest.raises(RequestRefused) as refused:
        await read_small_body(asked)
    assert refused.value.status == 415
    plain = exchange(POST, b"Content-Encoding: identity", b"Content-Length: 1", body=b"x")
    assert await read_small_body(plain) == b"x"


async def test_a_longer_one_is_refused_before_its_end():
    asked = exchange(POST, b"Transfer-Encoding: chunked", body=b"x" * (MAX_BYTES + 1), whole=False)
    with pytest.raises(RequestRefused) as refused:
        await read_small_body(asked)
    assert refused.value.status == 413


async def test_one_that_does_not_come_is_refused(monkeypatch):
    monkeypatch.setattr(small_body, "TIMEOUT_SECONDS", 0)
    asked = exchange(POST, b"Content-Length: 9", body=b"x", whole=False)
    with pytest.raises(RequestRefused) as refused:
        await read_small_body(asked)
    assert refused.value.status == 408
