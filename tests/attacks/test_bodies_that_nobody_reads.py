"""A body where a server looks for none: Python's own HTTP server answers a GET without reading its body, and takes that for the next request.

What follows on that connection is a request that nobody judged, with an answer that somebody else gets.
"""

import asyncio
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from tests.attacks.conftest import INLINE, Open
from tests.attacks.recording_webmail import request
from tests.integration.conftest import IPHONE, LAPTOP
from tests.servers import PATIENCE

ASIDE = b"GET /slow/inbox HTTP/1.1\r\nHost: mail.example.com\r\nAuthorization: Basic YWRhOnNlY3JldA==\r\nConnection: keep-alive\r\n\r\n"
WAYS = {
    "GET": (b"GET /autodiscover/autodiscover.xml", b"Content-Type: text/xml"),
    "POST": (b"POST /autodiscover/autodiscover.xml", b"Content-Type: text/xml"),
    "OPTIONS": (b"OPTIONS /Microsoft-Server-ActiveSync", b"Content-Type: text/xml"),
}


class Mail(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    asked: list[str]

    def do_GET(self) -> None:
        self.asked.append(self.path)
        if self.path.startswith("/slow"):
            time.sleep(0.5)
        known = "Authorization" in self.headers
        shown = f"mail at {self.path}".encode() if known else b""
        self.send_response(200 if known else 401)
        if not known:
            self.send_header("WWW-Authenticate", 'Basic realm="mail"')
        self.send_header("Content-Length", str(len(shown)))
        self.end_headers()
        self.wfile.write(shown)

    do_OPTIONS = do_POST = do_GET

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - its name there
        """Nothing is said of what a test asks."""


class Served:
    def __init__(self, port: int, asked: list[str]) -> None:
        self.url, self.asked = f"http://127.0.0.1:{port}", asked


@pytest.fixture
def recording() -> Iterator[Served]:
    asked: list[str] = []
    with ThreadingHTTPServer(("127.0.0.1", 0), type("Here", (Mail,), {"asked": asked})) as server:
        server.daemon_threads = True
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield Served(server.server_port, asked)
        server.shutdown()
        thread.join()


async def told(url: str, sent: bytes) -> bytes:
    """All that comes back until the connection ends."""
    host, _, port = url.removeprefix("http://").rpartition(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    try:
        writer.write(sent)
        async with asyncio.timeout(PATIENCE):
            return await reader.read(-1)
    finally:
        writer.close()


@pytest.mark.parametrize("kept", [INLINE], indirect=True)
async def test_the_next_person_gets_their_own_answer(way: Open, recording: Served) -> None:
    """How another proxy carries what is allowed is up to it."""
    front = way()
    fields = (b"User-Agent: " + LAPTOP.encode(), b"Connection: close", b"Authorization: Basic Ym9iOng=")
    length = b"Content-Length: %d" % len(ASIDE)
    await told(front.url, request(b"GET /mine", *fields, length) + ASIDE)
    answer = await told(front.url, request(b"GET /yours", *fields))
    assert answer.endswith(b"mail at /yours")
    assert "/slow/inbox" not in recording.asked


async def test_a_refused_phone_asks_for_nothing_behind_its_question(way: Open, recording: Served) -> None:
    front = way()
    fields = (b"User-Agent: " + IPHONE.encode(), b"Connection: close")
    length = b"Content-Length: %d" % len(ASIDE)
    for name, (line, kind) in WAYS.items():
        first = await told(front.url, request(line, *fields, kind, length) + ASIDE)
        second = await told(front.url, request(WAYS["OPTIONS"][0], *fields))
        assert b"mail at" not in first + second, name
        assert "/slow/inbox" not in recording.asked, name
