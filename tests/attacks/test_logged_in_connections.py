"""A webmail that logs connections in (NTLM, Negotiate; RFC 4559, section 6) takes whoever comes next on one for the same person.

So no connection to it on which somebody logged in may carry a request of somebody else: not of another person, and not of a refused
phone that only asks the way.
"""

import asyncio
import re
from collections.abc import AsyncIterator
from itertools import product

import pytest
from tests.attacks.conftest import Open
from tests.attacks.recording_webmail import RawServer, answer_to, listening, request
from tests.integration.conftest import IPHONE, LAPTOP

MAIL = b"Dear Ada, your salary"
LOGINS = {
    "NTLM": b"NTLM TlRM",
    "Negotiate": b"Negotiate YII=",
    "case": b"nTLM TlRM",
    "tab": b"Negotiate\tYII=",
}


class LoggingIn(RawServer):
    """As mod_auth_gssapi with GssapiConnectionBound, or IIS: the scheme ends at any white space."""

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        known = False
        while True:
            head = await reader.readuntil(b"\r\n\r\n")
            known = known or re.search(rb"(?im)^authorization:\s*(ntlm|negotiate)\s+\S", head) is not None
            if known:
                writer.write(b"HTTP/1.1 200 OK\r\nX-Mail: %b\r\nContent-Length: 0\r\n\r\n" % MAIL)
            else:
                writer.write(
                    b"HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Negotiate\r\nContent-Length: 0\r\n\r\n"
                )
            await writer.drain()


@pytest.fixture
async def recording() -> AsyncIterator[LoggingIn]:
    async with listening(LoggingIn()) as mail:
        yield mail


async def test_nobody_comes_by_a_connection_on_which_somebody_logged_in(way: Open) -> None:
    front = way()
    laptop, phone = b"User-Agent: " + LAPTOP.encode(), b"User-Agent: " + IPHONE.encode()
    answers: dict[tuple[str, str], bytes] = {}
    others = (
        (b"GET /inbox", "another laptop", laptop),
        (b"OPTIONS /Microsoft-Server-ActiveSync", "a refused phone", phone),
        (b"GET /autodiscover/autodiscover.xml", "a refused phone that looks for its mail", phone),
    )
    for (named, login), (line, name, agent) in product(LOGINS.items(), others):
        mine = await answer_to(front.url, request(b"GET /inbox", laptop, b"Authorization: " + login))
        assert MAIL in mine or mine[8:13] in (b" 400 ", b" 401 ", b" 403 "), named
        answers[named, name] = await answer_to(front.url, request(line, agent))
    assert [name for name, answer in answers.items() if MAIL in answer] == []
