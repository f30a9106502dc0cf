"""A switch to h2c would carry streams that nobody judges: no proxy and no gate passes one on. A WebSocket passes everywhere.

What a phone is never refused (``classify/discovery.py``) is no way to a switch either.
"""

import socket
from collections.abc import Callable

import aiohttp
import pytest
from aiohttp import WSMsgType, web
from aiohttp.test_utils import TestServer
from tests.attacks.conftest import EntryPoint, Open
from tests.attacks.recording_webmail import KEY, Webmail, answer_to, request
from tests.integration.conftest import IPHONE, LAPTOP
from tests.integration.gate import PHONE_RULES
from tests.servers import PATIENCE

SETTINGS = b"HTTP2-Settings: AAMAAABkAAQAAP__"
CONNECTION = b"Connection: Upgrade, HTTP2-Settings"
HANDSHAKE = (b"Sec-WebSocket-Version: 13", b"Sec-WebSocket-Key: " + KEY)
SWITCHES = {
    "h2c": [CONNECTION, b"Upgrade: h2c", SETTINGS],
    "capitals": [b"CONNECTION: UPGRADE, HTTP2-SETTINGS", b"UPGRADE: H2C", SETTINGS],
    "version": [CONNECTION, b"Upgrade: h2c/1", SETTINGS],
    "WebSocket's version": [CONNECTION, b"Upgrade: websocket/13", *HANDSHAKE],
    "behind a WebSocket": [CONNECTION, b"Upgrade: websocket, h2c", SETTINGS, *HANDSHAKE],
    "before a WebSocket": [CONNECTION, b"Upgrade: h2c,websocket", SETTINGS, *HANDSHAKE],
    "without a comma": [CONNECTION, b"Upgrade: websocket h2c", SETTINGS, *HANDSHAKE],
    "with a semicolon": [CONNECTION, b"Upgrade: websocket;h2c", SETTINGS, *HANDSHAKE],
    "a list of one": [CONNECTION, b"Upgrade: ,h2c", SETTINGS],
    "lines: WebSocket first": [CONNECTION, b"Upgrade: websocket", b"Upgrade: h2c", SETTINGS, *HANDSHAKE],
    "lines: h2c first": [CONNECTION, b"Upgrade: h2c", b"Upgrade: websocket", SETTINGS, *HANDSHAKE],
    "lines: empty first": [CONNECTION, b"Upgrade:", b"Upgrade: h2c", SETTINGS],
    "lines of Connection": [b"Connection: keep-alive", CONNECTION, b"Upgrade: h2c", SETTINGS],
    "not in Connection": [b"Upgrade: h2c", SETTINGS],
    "settings alone": [b"Connection: HTTP2-Settings", SETTINGS],
    "settings of a WebSocket": [CONNECTION, b"Upgrade: websocket", SETTINGS, *HANDSHAKE],
    "WebSocket, not in Connection": [b"Upgrade: websocket", *HANDSHAKE],
    "WebSocket that names Connection": [b"Upgrade: websocket Upgrade", *HANDSHAKE],
    "TLS": [b"Connection: Upgrade", b"Upgrade: TLS/1.0, HTTP/1.1"],
    "anything": [b"Connection: Upgrade", b"Upgrade: imap"],
}
ASKED = {
    "a laptop's mail": (b"GET /inbox", LAPTOP),
    "ActiveSync's options": (b"OPTIONS /Microsoft-Server-ActiveSync", IPHONE),
    "Autodiscover": (b"GET /autodiscover/autodiscover.xml", IPHONE),
}


MAY_SWITCH = {
    (b"GET /inbox", "settings of a WebSocket"),
    (b"GET /inbox", "behind a WebSocket"),
    (b"GET /inbox", "before a WebSocket"),
    (b"GET /inbox", "lines: WebSocket first"),
    (b"GET /inbox", "lines: h2c first"),
}
"""Where a laptop asks for a WebSocket among others: what is passed on is that alone, or nothing."""


async def test_no_switch_but_to_a_websocket_reaches_the_webmail(way: Open, recording: Webmail) -> None:
    front = way()
    for asked, (line, agent) in ASKED.items():
        for name, fields in SWITCHES.items():
            answer = await answer_to(front.url, request(line, b"User-Agent: " + agent.encode(), *fields))
            upgrades = recording.lines(b"upgrade")
            assert set(upgrades) <= {b"websocket"}, (asked, name)
            assert len(upgrades) <= 1, (asked, name)
            assert answer.startswith(b"HTTP/1.1 101") <= (upgrades == [b"websocket"]), (asked, name)
            assert not upgrades or (line, name) in MAY_SWITCH, (asked, name)
            assert recording.lines(b"http2-settings") == [], (asked, name)
            options = b",".join(recording.lines(b"connection")).lower()
            assert b"settings" not in options, (asked, name)
            assert upgrades or b"upgrade" not in options, (asked, name)
            recording.heads.clear()


async def test_a_phone_that_asks_the_way_gets_no_switch(way: Open, recording: Webmail) -> None:
    """It is passed on without, or judged like any other request."""
    front = way()
    for line in (b"GET /autodiscover/autodiscover.xml", b"GET /AutoDiscover/Autodiscover.json"):
        fields = (
            b"User-Agent: " + IPHONE.encode(),
            b"Connection: Upgrade",
            b"Upgrade: websocket",
            *HANDSHAKE,
        )
        answer = await answer_to(front.url, request(line, *fields))
        assert not answer.startswith(b"HTTP/1.1 101"), line
        assert recording.lines(b"upgrade") == []
    assert recording.beyond == b""


async def test_a_websocket_passes(
    kept: Callable[..., EntryPoint], origin: socket.socket, client: aiohttp.ClientSession
) -> None:
    async def echo(asked: web.Request) -> web.WebSocketResponse:
        socket = web.WebSocketResponse(protocols=("mail.v1",))
        await socket.prepare(asked)
        async for message in socket:
            if message.type is WSMsgType.TEXT:
                await socket.send_str(f"{asked.path_qs}: {message.data}")
        return socket

    app = web.Application()
    app.router.add_get("/{path:.*}", echo)
    async with TestServer(app, socket_factory=lambda *_: origin.dup()):
        front = kept(PHONE_RULES)
        headers = {"User-Agent": LAPTOP}
        async with client.ws_connect(
            f"{front.url}/socket?a=1", headers=headers, protocols=("mail.v1",)
        ) as ws:
            assert ws.protocol == "mail.v1"
            for text in ("hello", "x" * 70_000):
                await ws.send_str(text)
                assert await ws.receive_str(timeout=PATIENCE) == f"/socket?a=1: {text}"
        for refused in (IPHONE, "curl/8"):
            with pytest.raises(aiohttp.WSServerHandshakeError):
                await client.ws_connect(f"{front.url}/socket", headers={"User-Agent": refused})


async def test_a_websocket_is_asked_for_in_any_case(way: Open, recording: Webmail) -> None:
    front = way()
    fields = (
        b"User-Agent: " + LAPTOP.encode(),
        b"connection: keep-alive, upgrade",
        b"upgrade: WebSocket",
        *HANDSHAKE,
    )
    answer = await answer_to(front.url, request(b"GET /socket", *fields))
    assert answer.startswith(b"HTTP/1.1 101")
    assert [each.lower() for each in recording.lines(b"upgrade")] == [b"websocket"]


async def test_who_asks_for_a_websocket_is_nobody_else(way: Open, recording: Webmail) -> None:
    """The gate believes the proxy that hands it on, so the proxy must not pass on what a client says of itself."""
    boss = {"id": "boss", "when": 'user.name == "boss" || request.remote == "203.0.113.9"', "effect": "allow"}
    front = way({"rules": [boss, *PHONE_RULES["rules"]]})
    socket = (b"Connection: Upgrade", b"Upgrade: websocket", *HANDSHAKE)
    names = (
        "X-Forwarded-User",
        "X_Forwarded_User",
        "Remote-User",
        "X-Forwarded-For",
        "Forwarded",
        "X-Real-IP",
    )
    for name in names:
        value = "203.0.113.9" if "User" not in name else "boss"
        forged = f"{name}: {value}".encode()
        answer = await answer_to(
            front.url, request(b"GET /socket", b"User-Agent: " + IPHONE.encode(), forged, *socket)
        )
        assert not answer.startswith(b"HTTP/1.1 101"), name
        await answer_to(
            front.url, request(b"GET /socket", b"User-Agent: " + LAPTOP.encode(), forged, *socket)
        )
        assert value.encode() not in b"".join(recording.heads), name
