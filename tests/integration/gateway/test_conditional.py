"""Ranges, conditions and compressed content, as a real nginx gives them."""

from collections.abc import Iterator

import pytest
from tests.integration.gate import Gate
from tests.integration.gateway.conftest import Connect, StartGate
from tests.integration.gateway.messages import request
from tests.integration.nginx import nginx

CONTENT = b"0123456789" * 100


@pytest.fixture(scope="module")
def before_nginx(start: StartGate, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gate]:
    """A gate before a real web server with one file."""
    with nginx(tmp_path_factory.mktemp("nginx") / "run") as server:
        (server.root / "file.txt").write_bytes(CONTENT)
        yield start(server.url)


RANGES = {
    "whole": ((), 200, CONTENT),
    "first bytes": ((b"Range: bytes=0-9",), 206, CONTENT[:10]),
    "last bytes": ((b"Range: bytes=-5",), 206, CONTENT[-5:]),
    "from the middle": ((b"Range: bytes=990-",), 206, CONTENT[990:]),
    "outside": ((b"Range: bytes=5000-",), 416, None),
    "newer": ((b"If-Modified-Since: Fri, 01 Jan 2100 00:00:00 GMT",), 200, CONTENT),
    "changed": ((b'If-Match: "other"',), 412, None),
}


@pytest.mark.parametrize(("fields", "status", "content"), RANGES.values(), ids=RANGES)
async def test_each_range_is_answered_as_nginx_does(
    before_nginx: Gate, connect: Connect, fields: tuple[bytes, ...], status: int, content: bytes | None
) -> None:
    wire = await connect(before_nginx)
    await wire.send(request(b"GET /file.txt HTTP/1.1", *fields))
    response = await wire.final()
    assert response.status == status
    assert response.complete
    assert content is None or response.content == content


async def test_several_ranges_are_answered_in_parts(before_nginx: Gate, connect: Connect) -> None:
    wire = await connect(before_nginx)
    await wire.send(request(b"GET /file.txt HTTP/1.1", b"Range: bytes=0-1,5-6"))
    response = await wire.final()
    assert response.status == 206
    assert response.values("Content-Type")[0].startswith(b"multipart/byteranges")
    assert b"Content-Range: bytes 5-6/1000" in response.content


async def test_an_unchanged_file_is_not_sent_again(before_nginx: Gate, connect: Connect) -> None:
    wire = await connect(before_nginx)
    await wire.send(request(b"HEAD /file.txt HTTP/1.1"))
    etag = (await wire.final(b"HEAD")).values("ETag")[0]
    await wire.send(request(b"GET /file.txt HTTP/1.1", b"If-None-Match: " + etag))
    response = await wire.final()
    assert (response.status, response.content) == (304, b"")
    await wire.send(request(b"GET /file.txt HTTP/1.1", b"If-Range: " + etag, b"Range: bytes=0-0"))
    assert (await wire.final()).content == b"0"


async def test_compressed_content_passes_as_it_is(before_nginx: Gate, connect: Connect) -> None:
    wire = await connect(before_nginx)
    await wire.send(request(b"GET /file.txt HTTP/1.1", b"Accept-Encoding: gzip"))
    response = await wire.final()
    assert response.values("Content-Encoding") == [b"gzip"]
    assert response.content.startswith(b"\x1f\x8b")
