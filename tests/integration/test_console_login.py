"""Coming in through proxies at a real gate: believed from their own addresses, refused from every other.

127.0.0.2 is the address of the proxy, 127.0.0.1 that of everybody else: the gate sees the connection's own.
"""

import re
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack

import aiohttp
import pytest
from tests.admins import admins, token
from tests.integration.conftest import Guard, Guarded
from tests.integration.gate import PHONE_RULES

from mailgate.http.cookies import CONSOLE_COOKIE as COOKIE

PROXY, ELSEWHERE = "127.0.0.2", "127.0.0.1"
HEADER = "X-Forwarded-User"
PEOPLE = {
    "ada": {"proxy": "ada@example.com", "roles": ["operator"]},
    "vic": {"proxy": "vic@example.com", "roles": ["viewer"]},
    "lin": dict(admins(lin="approver"))["lin"],
}
WAYS = {"proxy": {"header": HEADER, "from_proxies": [PROXY]}}

Opened = Callable[[str], aiohttp.ClientSession]


@pytest.fixture
async def opened() -> AsyncIterator[Opened]:
    """Opens browsers behind an address, each with cookies of its own."""
    async with AsyncExitStack() as stack:

        def browser(address: str) -> aiohttp.ClientSession:
            session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(local_addr=(address, 0)),
                cookie_jar=aiohttp.CookieJar(unsafe=True),
            )
            stack.push_async_callback(session.close)
            return session

        yield browser


def started(guard: Guard) -> Guarded:
    return guard(PHONE_RULES, admins=PEOPLE, console={"login": WAYS})


async def looked(
    session: aiohttp.ClientSession, url: str, *said: str, **headers: str
) -> tuple[int, str, str]:
    """Status, address and text of what comes, with the header said so often."""
    fields = [*headers.items(), *((HEADER, each) for each in said)]
    async with session.get(url, headers=fields) as answer:
        return answer.status, answer.url.path, await answer.text()


def who(text: str) -> str:
    found = re.search(r"<b>(\S+)</b> <span class=\"soft\">", text)
    return found[1] if found else ""


def value(session: aiohttp.ClientSession) -> str:
    return next((each.value for each in session.cookie_jar if each.key == COOKIE), "")


async def test_only_people_named_by_the_proxy_are_logged_in(guard: Guard, opened: Opened) -> None:
    guarded = started(guard)
    console = f"{guarded.admin}/console/"
    ada = opened(PROXY)

    status, path, text = await looked(ada, console, "Ada@example.com")
    assert (status, path, who(text)) == (200, "/console/", "ada")
    first = value(ada)
    assert first

    # the session is of use for the forms, and of none without the header
    csrf = re.search(r'name="csrf" value="([^"]+)"', text)
    assert csrf
    form = {"csrf": csrf[1], "uses": "1", "days": "7"}
    enrolment = f"{guarded.admin}/console/enrolment"
    async with ada.post(enrolment, data=form, headers={HEADER: "ada@example.com"}) as answer:
        assert answer.status == 200
        assert "mailgate-enrol-" in await answer.text()
    async with ada.post(enrolment, data=form | {"csrf": "x"}, headers={HEADER: "ada@example.com"}) as answer:
        assert answer.status == 403
    async with ada.post(enrolment, data=form) as answer:
        assert answer.status == 401

    # that took the session away; the proxy gives another
    assert (await looked(ada, console))[1] == "/console/login"
    _, _, text = await looked(ada, console, "ada@example.com")
    assert who(text) == "ada"
    assert value(ada) != first

    # another person behind the same cookie is that person, and may what they may
    _, _, text = await looked(ada, console, "vic@example.com")
    assert who(text) == "vic"
    async with ada.post(enrolment, data=form, headers={HEADER: "ada@example.com"}) as answer:
        assert answer.status == 401

    for stranger in ("eve@example.com", "ada", "ada@example.com, vic@example.com"):
        status, _, text = await looked(opened(PROXY), console, stranger)
        assert status == 403
        assert "no admin in the settings" in text

    # what is not believed is refused, whatever cookie comes along
    for said in (("ada@example.com", "ada@example.com"), ("",)):
        assert (await looked(ada, console, *said))[0] == 403
    lin = opened(ELSEWHERE)
    name, _, secret = token("lin").partition(":")
    async with lin.post(f"{guarded.admin}/console/login", data={"name": name, "secret": secret}) as answer:
        assert who(await answer.text()) == "lin"
    forged = {"X-Forwarded-For": PROXY, "Forwarded": f"for={PROXY}"}
    status, _, text = await looked(lin, console, "ada@example.com", **forged)
    assert status == 403
    assert "is believed only from the proxy" in text
    assert who((await looked(lin, console))[2]) == "lin"

    # the way in by a token is open to who comes by another way, and to nobody whom the proxy names
    async with ada.post(
        f"{guarded.admin}/console/login",
        data={"name": name, "secret": secret},
        headers={HEADER: "ada@example.com"},
    ) as answer:
        assert answer.status == 403
    assert "says that you are" in (await looked(ada, f"{guarded.admin}/console/login", "ada@example.com"))[2]

    log = "\n".join(guarded.gate.log)
    words = {each["why"] for each in guarded.gate.records() if each.get("event") == "console-login-refused"}
    assert words == {"no-admin", "twice", "no-name", "elsewhere"}
    assert "example.com" not in log.replace("mail.example.com", "")


async def test_a_link_of_another_site_keeps_the_session_behind_a_proxy(guard: Guard, opened: Opened) -> None:
    """The browser leaves out the cookie: a new session would take the token of every open form away."""
    guarded = started(guard)
    browser = opened(PROXY)
    policy = f"{guarded.admin}/console/policy?x=1"
    led = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate"}
    status, _, text = await looked(browser, policy, "ada@example.com", **led)
    assert (status, value(browser)) == (200, "")
    assert 'content="0; url=/console/policy?x=1"' in text
    here = {"Sec-Fetch-Site": "same-origin", "Sec-Fetch-Mode": "navigate"}
    assert who((await looked(browser, policy, "ada@example.com", **here))[2]) == "ada"


async def test_addresses_and_tls_are_those_that_the_consoles_own_proxies_tell(
    guard: Guard, opened: Opened
) -> None:
    guarded = guard(
        PHONE_RULES,
        admins={"lin": PEOPLE["lin"]},
        trusted_proxies=[ELSEWHERE],
        console={"trusted_proxies": [PROXY], "hosts": ["console.example.com"]},
    )
    login = f"{guarded.admin}/console/login"
    name, _, secret = token("lin").partition(":")

    async def tried(address: str, password: str, **headers: str) -> tuple[int, str]:
        async with opened(address).post(
            login, data={"name": name, "secret": password}, headers=headers, allow_redirects=False
        ) as answer:
            return answer.status, answer.headers.get("Set-Cookie", "")

    # eleven guesses of one client do not shut out another behind the same proxy
    guesses = [(await tried(PROXY, "no", **{"X-Forwarded-For": "192.0.2.1"}))[0] for _ in range(11)]
    assert guesses == [403] * 10 + [429]
    status, cookie = await tried(
        PROXY,
        secret,
        **{
            "X-Forwarded-For": "192.0.2.2",
            "X-Forwarded-Proto": "https",
            "X-Forwarded-Host": "console.example.com",
            "Origin": "https://console.example.com",
        },
    )
    assert status == 303
    assert "Secure" in cookie
    assert "SameSite=Strict" in cookie

    # a proxy of the public port is none of the console's: its clients share its address, and say nothing of TLS
    guesses = [
        (await tried(ELSEWHERE, "no", **{"X-Forwarded-For": f"192.0.2.{each}"}))[0] for each in range(11)
    ]
    assert guesses == [403] * 10 + [429]
    status, _ = await tried(PROXY, secret, Origin="https://console.example.com")
    assert status == 403
