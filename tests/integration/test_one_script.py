"""A webmail with one script for every address, which shows a mailbox to whoever brings a login: asking the way to it shows none."""

from collections.abc import AsyncIterator, Mapping

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from tests.integration.conftest import IPHONE, LAPTOP, Guard
from tests.integration.gate import PHONE_RULES

MAIL = "Dear Ada, your salary"
LOGIN = {"Authorization": aiohttp.encode_basic_auth("ada", "secret")}
XML = {"Content-Type": "text/xml"}
FORM = {"Content-Type": "application/x-www-form-urlencoded"}
WAYS = [
    ("POST", "/autodiscover/autodiscover.xml", XML, "<uid>42</uid>"),
    ("POST", "/AutoDiscover/AutoDiscover.svc", XML, "<uid>42</uid>"),
    ("GET", "/autodiscover/autodiscover.xml", {}, ""),
    ("GET", "/autodiscover/autodiscover.json?Email=ada%40example.com&Protocol=ActiveSync", {}, ""),
    ("OPTIONS", "/Microsoft-Server-ActiveSync", {}, ""),
    ("OPTIONS", "/SOGo/Microsoft-Server-ActiveSync?Cmd=Sync&User=ada&DeviceId=1&DeviceType=iPhone", {}, ""),
]
ASIDE = [
    ("POST", "/autodiscover/autodiscover.xml", FORM, "uid=42"),
    ("POST", "/autodiscover/autodiscover.xml", {}, "uid=42"),
    ("GET", "/autodiscover/autodiscover.xml", FORM, "uid=42"),
    ("OPTIONS", "/Microsoft-Server-ActiveSync", FORM, "uid=42"),
    ("OPTIONS", "/Microsoft-Server-ActiveSync", {"Content-Type": "text/xml"}, "<uid>42</uid>"),
    ("GET", "/autodiscover/autodiscover.xml", {"Connection": "Upgrade", "Upgrade": "h2c", "HTTP2-Settings": "AAMA"}, ""),
    ("GET", "/autodiscover/autodiscover.xml", {"Connection": "Upgrade", "Upgrade": "websocket"}, ""),
    ("HEAD", "/autodiscover/autodiscover.xml", {}, ""),
    ("PROPFIND", "/autodiscover/autodiscover.xml", {}, ""),
]  # fmt: skip


@pytest.fixture
async def webmail() -> AsyncIterator[TestServer]:
    async def answer(request: web.Request) -> web.Response:
        await request.read()
        logged_in = "Authorization" in request.headers or "Cookie" in request.headers
        if not logged_in and "X-Forwarded-User" not in request.headers:
            return web.Response(status=401, text=MAIL, headers={"WWW-Authenticate": 'Basic realm="mail"'})
        told = {
            "Set-Cookie": "session=1",
            "X-Subject": MAIL,
            "Allow": "GET,POST",
            "Content-Type": "text/html",
        }
        return web.Response(text=MAIL, headers=told)

    app = web.Application()
    app.router.add_route("*", "/{path:.*}", answer)
    async with TestServer(app) as server:
        yield server


async def asked(
    client: aiohttp.ClientSession, url: str, method: str, body: str, headers: Mapping[str, str]
) -> tuple[int, str, bytes]:
    async with client.request(method, url, data=body.encode() or None, headers=headers) as answer:
        assert "Set-Cookie" not in answer.headers
        return answer.status, repr(answer.raw_headers), await answer.read()


async def test_a_refused_phone_is_told_the_way_and_shown_no_mail(
    client: aiohttp.ClientSession, guard: Guard
) -> None:
    guarded = guard(PHONE_RULES, trusted_proxies=["127.0.0.1/32"])
    for method, path, more, body in WAYS:
        for login in (LOGIN, LOGIN | {"Cookie": "session=1"}, {"X-Forwarded-User": "ada"}):
            headers = {"User-Agent": IPHONE} | more | login
            status, told, shown = await asked(client, guarded.url + path, method, body, headers)
            assert (status, shown) == (200 if method == "OPTIONS" else 404, b"")
            assert MAIL not in told
        nobody = {"User-Agent": IPHONE} | more
        status, told, shown = await asked(client, guarded.url + path, method, body, nobody)
        assert (status, shown) == (401, b"")
        assert "Basic realm" in told
    for method, path, more, body in ASIDE:
        headers = {"User-Agent": IPHONE} | more | LOGIN
        status, told, shown = await asked(client, guarded.url + path, method, body, headers)
        assert (status, MAIL.encode() in shown, MAIL in told) == (403, False, False)


async def test_allowed_people_get_the_answer_of_the_webmail(
    client: aiohttp.ClientSession, guard: Guard
) -> None:
    addresses = ["/Microsoft-Server-ActiveSync", "/SOGo/Microsoft-Server-ActiveSync"]
    guarded = guard(PHONE_RULES, activesync={"addresses": addresses})
    for method, path, more, body in WAYS:
        headers = {"User-Agent": LAPTOP if "ActiveSync" not in path.split("?")[0] else "Outlook/16.0"} | more
        path = path.replace("iPhone", "WindowsOutlook15")
        if method == "OPTIONS" and "?" not in path:
            path += "?Cmd=Options&DeviceId=1&DeviceType=WindowsOutlook15"
        async with client.request(
            method, guarded.url + path, data=body or None, headers=headers | LOGIN
        ) as answer:
            assert (answer.status, await answer.text()) == (200, MAIL)
            assert answer.headers["Set-Cookie"] == "session=1"
