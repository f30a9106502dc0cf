"""Who asks the way and brings a login in a field, or a body, of which nobody thought: no proxy that asks lets mail out by it.

``docs/protocols.md``: where another proxy carries the mail, "a request that brings a login (…, another field that such names are given
to, …) is judged by the rules alone", and so is what is chunked or has anything but a short question in XML as its body.
"""

import asyncio
import re
import socket
from collections.abc import AsyncIterator

import pytest
from tests.attacks.conftest import Open, taking_its_turn
from tests.attacks.recording_webmail import RawServer, answer_to, request
from tests.integration.conftest import IPHONE

AGENT = b"User-Agent: " + IPHONE.encode()
OPTIONS, POST = b"OPTIONS /Microsoft-Server-ActiveSync", b"POST /autodiscover/autodiscover.xml"
NAMED = [b"X-Auth-Token", b"X-Authorization", b"X-Session-Id", b"X-Api-Key", b"X-Jwt", b"X-Token", b"Cookie2"]
"""Names that ``classify/discovery.py`` knows; Envoy's question has none of them."""
OTHERS = [
    b"X-AuthToken", b"AuthToken", b"X-SessionId", b"SessionID", b"X-AccessToken", b"X-UserToken", b"X-Zimbra-AuthToken",
    b"X-Access-Key", b"X-Secret", b"X-Ticket", b"X-Sid", b"X-Bearer", b"X-Passport", b"XAuthorization",
]  # fmt: skip
SIGNED = (
    b'<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Header><UsernameToken><Username>ada</Username>'
    b"<Password>secret</Password></UsernameToken></s:Header><s:Body/></s:Envelope>"
)
"""WS-Security, by which Exchange takes a login in the body of what is posted to its services."""
MAIL = b"Dear Ada, your salary"


LOGIN = re.compile(rb"(?im)^(?!host|user-agent)[\w-]+:[ \t]*secret|<Password>secret<")


class OneScript(RawServer):
    """A webmail with one script for every address, which shows mail to whoever brings a login, wherever."""

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked = await reader.readuntil(b"\r\n\r\n")
        length = re.search(rb"(?im)^content-length:[ \t]*(\d+)", asked)
        if length:
            asked += await reader.readexactly(int(length[1]))
        elif re.search(rb"(?im)^transfer-encoding:", asked):
            asked += await reader.readuntil(b"0\r\n\r\n")
        if LOGIN.search(asked):
            writer.write(
                b"HTTP/1.1 200 OK\r\nConnection: close\r\nX-Mail: %b\r\nContent-Length: 0\r\n\r\n" % MAIL
            )
        else:
            writer.write(
                b'HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Basic realm="mail"\r\nConnection: close\r\n'
                b"Content-Length: 0\r\n\r\n"
            )
        await writer.drain()


@pytest.fixture
async def recording(origin: socket.socket) -> AsyncIterator[OneScript]:
    async with taking_its_turn(OneScript(), origin) as mail:
        yield mail


async def shown(way: Open, requests: dict[str, bytes]) -> list[str]:
    front = way()
    return [name for name, sent in requests.items() if MAIL in await answer_to(front.url, sent)]


async def test_a_login_in_a_known_field_gets_no_mail(way: Open) -> None:
    asked = {name.decode(): request(OPTIONS, AGENT, name + b": secret") for name in NAMED}
    assert await shown(way, asked) == []


async def test_a_login_in_an_unknown_field_gets_no_mail(way: Open) -> None:
    asked = {name.decode(): request(OPTIONS, AGENT, name + b": secret") for name in OTHERS}
    assert await shown(way, asked) == []


async def test_a_login_in_a_body_gets_no_mail(way: Open) -> None:
    kind, length = b"Content-Type: text/xml", b"Content-Length: %d" % len(SIGNED)
    chunked = b"%x\r\n%b\r\n0\r\n\r\n" % (len(SIGNED), SIGNED)
    asked = {
        "POST": request(POST, AGENT, kind, length) + SIGNED,
        "SOAP": request(POST.replace(b".xml", b".svc"), AGENT, kind, length) + SIGNED,
        "chunked": request(POST, AGENT, kind, b"Transfer-Encoding: chunked") + chunked,
        "GET": request(b"GET /autodiscover/autodiscover.xml", AGENT, kind, length) + SIGNED,
        "OPTIONS": request(OPTIONS, AGENT, length) + SIGNED,
        "long": request(POST, AGENT, kind, b"Content-Length: %d" % (len(SIGNED) + 40000))
        + SIGNED
        + b" " * 40000,
    }
    assert await shown(way, asked) == []
