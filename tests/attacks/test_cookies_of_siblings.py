"""A page of ``evil.example.com`` sets cookies for ``example.com``, which a browser sends to ``mail.example.com`` as well.

It cannot set one whose name begins with ``__Host-`` (RFC 6265bis, section 4.1.3.2), so over https the gate reads those alone. Whatever
else a browser may be made to send is tried here, with the real cookie of a tablet of the same browser.
"""

from collections.abc import AsyncIterator, Callable

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from tests.integration.conftest import LAPTOP, NAVIGATION, Guard, Guarded
from tests.integration.conftest import client as client
from tests.integration.conftest import guard as guard
from tests.integration.conftest import webmail as webmail
from tests.integration.gate import PHONE_RULES
from tests.integration.test_probe import READINGS

ASKED = {"User-Agent": LAPTOP, "Host": "mail.example.com", "X-Forwarded-Proto": "https"}
ON_A_TABLET = READINGS | {
    "touch_points": 5,
    "pointer": "coarse",
    "hover": False,
    "any_fine": False,
    "any_hover": False,
}
PLANTED: dict[str, Callable[[str], str]] = {
    "the plain name": "mailgate-probe={}".format,
    "behind a comma": "x=1, __Host-mailgate-probe={}".format,
    "in a value": "x=__Host-mailgate-probe={}".format,
    "another case": "__host-mailgate-probe={}".format,
    "another prefix": "__Secure-mailgate-probe={}".format,
}


async def probed(client: aiohttp.ClientSession, guarded: Guarded, readings: dict[str, object]) -> str:
    """The value of the cookie that a browser with these readings is given."""
    fields = ASKED | {"Sec-Fetch-Site": "same-origin"}
    async with client.post(guarded.url + "/.mailgate/probe", json=readings, headers=fields) as answer:
        name, _, rest = answer.headers["Set-Cookie"].partition("=")
    value, *attributes = rest.split("; ")
    assert name == "__Host-mailgate-probe"
    assert {"Secure", "Path=/"} <= set(attributes)
    assert not any(each.startswith("Domain") for each in attributes)
    return value


async def reason(client: aiohttp.ClientSession, guarded: Guarded, cookie: str) -> tuple[int, str | None]:
    async with client.get(guarded.url + "/", headers=ASKED | NAVIGATION | {"Cookie": cookie}) as answer:
        return answer.status, answer.headers.get("X-Device-Reason")


async def test_a_tablets_cookie_of_a_sibling_host_keeps_no_computer_out(
    client: aiohttp.ClientSession, guard: Guard
) -> None:
    settings = {"public_url": "https://mail.example.com", "trusted_proxies": ["127.0.0.1/32"]}
    guarded = guard(PHONE_RULES, probe="require", **settings)
    own = await probed(client, guarded, READINGS)
    tablet = await probed(client, guarded, ON_A_TABLET)
    assert (await reason(client, guarded, f"__Host-mailgate-probe={tablet}"))[0] == 403
    kept = f"__Host-mailgate-probe={own}"
    for name, planted in PLANTED.items():
        for cookie in (f"{kept}; {planted(tablet)}", f"{planted(tablet)}; {kept}"):
            assert await reason(client, guarded, cookie) == (200, None), name
        # alone it does not count for a finding either: the browser is probed
        assert await reason(client, guarded, planted(tablet)) == (200, "probe-required"), name


@pytest.fixture
async def echoing() -> AsyncIterator[str]:
    """A webmail that answers with the cookies that it gets."""

    async def cookies(request: web.Request) -> web.Response:
        return web.Response(text=request.headers.get("Cookie", ""))

    app = web.Application()
    app.router.add_get("/", cookies)
    async with TestServer(app) as server:
        yield str(server.make_url("/")).rstrip("/")


async def test_no_cookie_of_the_gates_own_reaches_the_webmail_under_either_name(
    client: aiohttp.ClientSession, guard: Guard, echoing: str
) -> None:
    guarded = guard(PHONE_RULES, upstream=echoing)
    sent = "a=1; mailgate-probe=x; __Host-mailgate-probe=y; __Host-mailgate-help=z; __Host-mailgate-console=s; b=2"
    async with client.get(guarded.url + "/", headers={"User-Agent": LAPTOP, "Cookie": sent}) as answer:
        assert await answer.text() == "a=1; b=2"
