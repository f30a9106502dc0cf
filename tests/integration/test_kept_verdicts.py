"""A request that nginx lets in by a yes that another got, though the gate refuses it."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.integration import front_proxies
from tests.integration.conftest import LAPTOP, Guard
from tests.integration.gate import PHONE_RULES
from tests.integration.test_forward_auth import Mail
from tests.integration.test_forward_auth import mail as mail
from tests.integration.test_forward_auth import webmail as webmail
from tests.servers import PATIENCE

BASE = [f"User-Agent: {LAPTOP}".encode()]


@pytest.fixture
def both(guard: Guard, mail: Mail, tmp_path: Path) -> Iterator[tuple[int, int, Path]]:
    """Ports of a nginx that keeps verdicts and of one that does not, before one gate; the first one's directory."""
    guarded = guard(
        PHONE_RULES, authz={"dialect": "nginx", "remember": "10s"}, trusted_proxies=("127.0.0.1/32",)
    )
    webmail = str(mail.server.make_url(""))
    runs = [tmp_path / "kept", tmp_path / "asked"]
    for run in runs:
        run.mkdir()
    with (
        front_proxies.nginx(guarded.url, webmail, runs[0], keeping=True) as kept,
        front_proxies.nginx(guarded.url, webmail, runs[1]) as asked,
    ):
        yield int(kept.rpartition(":")[2]), int(asked.rpartition(":")[2]), runs[0]


async def status(port: int, lines: list[bytes], request: bytes = b"GET /inbox HTTP/1.1") -> int:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    head = b"\r\n".join([request, b"Host: mail.example.com", b"Connection: close", *lines])
    writer.write(head + b"\r\n\r\n")
    try:
        answer = await asyncio.wait_for(reader.read(), PATIENCE)
    finally:
        writer.close()
    return int(answer.split(b" ", 2)[1]) if answer else 0


ODD = {
    "obs-text": [b"Referer: \xff\xfe"],
    "tab": [b"Referer: a\tb"],
    "24 KiB of cookies": [b"Cookie: a=" + b"x" * 7000] * 3,
    "29 KiB of fields": [b"X-Own-%d: " % n + b"x" * 7000 for n in range(4)],
    "name of 200 bytes": [b"X-" + b"a" * 200 + b": 1"],
    "expect": [b"Expect: 100-continue"],
    "conditional": [b"If-None-Match: *", b"If-Unmodified-Since: Thu, 01 Jan 1970 00:00:00 GMT"],
    "if-match": [b'If-Match: "x"'],
    "range": [b"Range: bytes=0-1"],
    "h2c": [b"Upgrade: h2c", b"HTTP2-Settings: AAMAAABkAAQCAAAAAAIAAAAA"],
    "proxy login": [b"Proxy-Authorization: Negotiate x"],
    "underscores": [b"Sec_CH_UA_Mobile: ?1", b"User_Agent: iPhone"],
    "dots": [b"Sec.CH.UA.Mobile: ?1"],
    "empty names": [b"Accept:", b"Sec-CH-UA-Mobile:"],
    "two empty": [b"Accept:", b"Accept:"],
    "only-if-cached": [b"Cache-Control: only-if-cached", b"Pragma: no-cache"],
    "method override": [b"X-HTTP-Method-Override: DELETE"],
    "te": [b"TE: trailers", b"Trailer: User-Agent"],
    "keep-alive": [b"Keep-Alive: timeout=5", b"Proxy-Connection: keep-alive"],
    "x-accel": [b"X-Accel-Redirect: /dav", b"X-Original-URI: /dav"],
}


TARGETS = [
    b"GET http://mail.example.com/inbox HTTP/1.1", b"GET http://mail.example.com/dav/ HTTP/1.1", b"GET http://mail.example.com?x HTTP/1.1",
    b"GET //dav/ HTTP/1.1", b"GET /x//ews HTTP/1.1", b"GET /inbox/../dav/ HTTP/1.1", b"GET /inbox/./ews HTTP/1.1", b"GET /%2e%2e/dav HTTP/1.1",
    b"GET /inbox;/dav HTTP/1.1", b"GET /dav;x HTTP/1.1", b"GET /ews+x HTTP/1.1", b"GET /ews:x HTTP/1.1", b"GET /inbox#/dav HTTP/1.1",
    b"GET /inbox?/dav HTTP/1.1", b"GET /inbox?x#y HTTP/1.1", b"GET /in\xffbox HTTP/1.1", b"GET /inbox?\xff HTTP/1.1", b"GET /.mailgatex HTTP/1.1",
    b"GET /.MAILGATE/me HTTP/1.1", b"GET /x/../.mailgate/authz HTTP/1.1", b"GET //.mailgate/authz HTTP/1.1", b"GET /x/.mailgate/me HTTP/1.1",
    b"GET /EWS/Exchange.asmx HTTP/1.1", b"GET /%45WS/ HTTP/1.1", b"GET /ews%20 HTTP/1.1", b"GET /ews%00 HTTP/1.1", b"GET /dav\\ HTTP/1.1",
    b"GET /Autodiscover/Autodiscover.xml HTTP/1.1", b"GET /autodiscover/autodiscover.json?Email=a@b HTTP/1.1", b"OPTIONS /Microsoft-Server-ActiveSync HTTP/1.1",
    b"GET /x/Microsoft-Server-ActiveSync?Cmd=Sync&DeviceId=1&DeviceType=iPhone HTTP/1.1", b"GET /inbox?Cmd=Sync&DeviceId=1&DeviceType=iPhone HTTP/1.1",
    b"get /inbox HTTP/1.1", b"GET /inbox HTTP/1.0", b"HEAD /inbox HTTP/1.1", b"PROPFIND /inbox HTTP/1.1", b"OPTIONS * HTTP/1.1", b"TRACE /inbox HTTP/1.1",
    b"GET /" + b"a/" * 2000 + b"dav HTTP/1.1", b"GET /" + b"a" * 7000 + b" HTTP/1.1", b"GET /" + b"a%40" * 1700 + b"/ews HTTP/1.1",
]  # fmt: skip


async def test_no_odd_request_gets_in_by_the_yes_to_another(both: tuple[int, int, Path]) -> None:
    kept, asked, _ = both
    fields = {name: ([*BASE, *lines], b"GET /inbox HTTP/1.1") for name, lines in ODD.items()}
    targets = {str(target[:60]): (BASE, target) for target in TARGETS}
    differing = []
    for name, (lines, target) in (fields | targets).items():
        assert await status(kept, BASE) == 200
        by_itself = await status(asked, lines, target)
        if (by_the_yes := await status(kept, lines, target)) != by_itself:
            differing.append((name, by_itself, by_the_yes))
    assert differing == []
