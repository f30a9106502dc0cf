"""Logging in at a provider: whatever comes back leads to one session for the right person, or to a page that says why not."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from datetime import timedelta
from http.cookies import SimpleCookie
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import aiohttp
import pytest
from structlog.testing import capture_logs
from tests.unit.console.browsing import ORIGIN, Browser, Company, company, serving, whole
from tests.unit.console.login.idp import CONSOLE, ISSUER, Idp
from tests.unit.console.login.settings import GROUPS, LIN, console
from yarl import URL

from mailgate.console.login.provider import LOGIN_TIME
from mailgate.console.login.tries import MAX_BY_CALLER
from mailgate.errors import SourceError
from mailgate.errors import Trouble as WireTrouble
from mailgate.http.cookies import CONSOLE_COOKIE, CONSOLE_LOGIN_COOKIE

PEOPLE = LIN | {
    "lin": LIN["lin"] | {"oidc": False},
    "ada": {"oidc": "ada@example.com", "roles": ["operator"]},
}
START = f"{CONSOLE}/console/login/oidc"
COOKIE, BINDING = (f"__Host-{each}" for each in (CONSOLE_COOKIE, CONSOLE_LOGIN_COOKIE))


class Site:
    """A console with a provider, and browsers at it."""

    def __init__(self, firm: Company, idp: Idp, another: Callable[[], Awaitable[Browser]]) -> None:
        self.firm, self.idp, self.another = firm, idp, another

    async def leave(self, browser: Browser, after: str = "", **query: str) -> aiohttp.ClientResponse:
        """Follow the link of the login page."""
        address = f"{START}?{urlencode({'next': after} | query)}".replace("https:", "http:")
        return await browser.session.get(address, allow_redirects=False)

    async def there(self, browser: Browser, after: str = "") -> dict[str, str]:
        """What the provider answers with, once the person has agreed."""
        left = await self.leave(browser, after)
        assert left.status == 303, await left.text()
        asked = self.idp.went_there(left.headers["Location"])
        return {"state": asked["state"], "code": "code", "iss": ISSUER}

    async def back(self, browser: Browser, answer: dict[str, str], **headers: str) -> aiohttp.ClientResponse:
        address = f"{START}/back?{urlencode(answer)}".replace("https:", "http:")
        return await browser.session.get(address, headers=headers, allow_redirects=False)

    async def log_in(self, browser: Browser, after: str = "") -> aiohttp.ClientResponse:
        return await self.back(browser, await self.there(browser, after))


@pytest.fixture
def idp() -> Idp:
    return Idp()


@pytest.fixture
async def site(tmp_path: Path, idp: Idp, request: pytest.FixtureRequest) -> AsyncIterator[Site]:
    oidc: dict[str, Any] = getattr(request, "param", {})
    async with AsyncExitStack() as stack:
        firm = await stack.enter_async_context(company(tmp_path, admins=PEOPLE, console=console(**oidc)))
        firm.context.oidc.wire = lambda _: idp
        path = await stack.enter_async_context(serving(whole(firm.context), tmp_path))

        async def another() -> Browser:
            jar = aiohttp.CookieJar(treat_as_secure_origin=URL(ORIGIN))  # a proxy with TLS, but for the TLS
            connector = aiohttp.UnixConnector(path)
            session = aiohttp.ClientSession(connector=connector, cookie_jar=jar)
            return Browser(await stack.enter_async_context(session))

        yield Site(firm, idp, another)


grouped = pytest.mark.parametrize("site", [{"groups": GROUPS}], indirect=True)


def cookie(answer: aiohttp.ClientResponse, name: str) -> Any:
    found = [
        SimpleCookie(each)[name]
        for each in answer.headers.getall("Set-Cookie", [])
        if each.startswith(f"{name}=")
    ]
    return found[0] if found else None


async def test_an_admin_comes_in_and_it_is_written_down(site: Site) -> None:
    browser = await site.another()
    came = await site.log_in(browser, "/console/audit?who=ada")
    assert came.status == 200
    assert 'content="0; url=/console/audit?who=ada"' in await came.text()
    made = cookie(came, COOKIE)
    assert (made["httponly"], made["samesite"], made["path"], made["secure"]) == (
        True,
        "Strict",
        "/",
        True,
    )
    entry = (await site.firm.store.audit.page())[-1]
    assert (entry.what, entry.who) == ("console-login", "ada")
    assert '"oidc"' in entry.details


async def test_the_login_cookie_is_hidden_from_scripts_and_other_paths(site: Site) -> None:
    left = await site.leave(await site.another())
    made = cookie(left, BINDING)
    assert (made["httponly"], made["samesite"], made["path"], made["secure"]) == (
        True,
        "Lax",
        "/",
        True,
    )
    assert int(made["max-age"]) == LOGIN_TIME.total_seconds()
    assert cookie(left, COOKIE) is None


@pytest.mark.parametrize(
    "after", ["https://evil.example/", "//evil.example", "/console//evil.example", "/console/\\evil", "/x"]
)
async def test_a_login_leads_to_the_console_alone(site: Site, after: str) -> None:
    came = await site.log_in(await site.another(), after)
    assert 'content="0; url=/console/"' in await came.text()
    assert "evil" not in await came.text()


async def test_an_answer_of_the_provider_is_taken_once(site: Site) -> None:
    browser = await site.another()
    answer = await site.there(browser)
    assert (await site.back(browser, answer)).status == 200
    again = await site.back(browser, answer)
    assert again.status == 400
    assert "was used already" in await again.text()
    assert cookie(again, COOKIE) is None


async def test_an_answer_counts_in_its_own_browser_alone(site: Site) -> None:
    ours, theirs = await site.another(), await site.another()
    answer = await site.there(theirs)
    for browser in (ours, theirs):
        came = await site.back(browser, answer)
        assert came.status == 400
        assert cookie(came, COOKIE) is None
    mixed, other = await site.there(ours), await site.there(theirs)
    assert (await site.back(ours, mixed | {"state": other["state"]})).status == 400


async def test_an_answer_comes_in_time(site: Site) -> None:
    browser = await site.another()
    answer = await site.there(browser)
    site.firm.clock.now += LOGIN_TIME
    assert (await site.back(browser, answer)).status == 400


@pytest.mark.parametrize(
    "wrong",
    [
        {"state": ""},
        {"state": "never-was"},
        {"code": ""},
        {"iss": "https://evil.example"},
        {"iss": ""},
        {"code": "x" * 5000},
    ],
)
async def test_a_wrong_answer_to_a_login_is_refused(site: Site, wrong: dict[str, str]) -> None:
    browser = await site.another()
    came = await site.back(browser, await site.there(browser) | wrong)
    assert came.status == 400
    assert cookie(came, COOKIE) is None


@pytest.mark.parametrize("name", ["state", "code", "iss", "error"])
async def test_a_parameter_that_stands_there_twice_is_none(site: Site, name: str) -> None:
    browser = await site.another()
    answer = await site.there(browser)
    twice = [*answer.items(), (name, "x"), (name, answer.get(name, "x"))]
    came = await browser.session.get(
        f"http://console.example.com/console/login/oidc/back?{urlencode(twice)}", allow_redirects=False
    )
    assert came.status == 400
    assert "not an answer of a provider" in await came.text()


@pytest.mark.parametrize(
    ("error", "status", "word"),
    [
        ("access_denied", 403, "access-denied"),
        ("login_required", 403, "access-denied"),
        ("server_error", 502, "provider-error"),
        ("<b>bold</b>", 502, "provider-error"),
    ],
)
async def test_an_error_of_the_provider_is_said_in_our_words(
    site: Site, error: str, status: int, word: str
) -> None:
    browser = await site.another()
    answer = await site.there(browser, "/console/audit")
    said = {"state": answer["state"], "error": error, "error_description": "ada@example.com", "iss": ISSUER}
    with capture_logs() as logs:
        came = await site.back(browser, said)
    text = await came.text()
    assert (came.status, cookie(came, COOKIE)) == (status, None)
    assert "/console/login?next=/console/audit" in text
    assert "ada@example.com" not in text
    assert "bold" not in text
    assert [each["why"] for each in logs] == [word]
    assert (await site.back(browser, said)).status == 400


@pytest.mark.parametrize(
    ("says", "word"),
    [
        ({"nonce": "another"}, "wrong-nonce"),
        ({"iss": "https://evil.example"}, "wrong-issuer"),
        ({"aud": "another"}, "wrong-audience"),
        ({"exp": 1}, "expired"),
        ({"email": "eve@example.com"}, "no-admin"),
        ({"email_verified": False}, "mail-not-verified"),
        ({"email": None}, "no-name"),
    ],
)
async def test_an_unbelieved_or_unknown_person_gets_no_session(
    site: Site, idp: Idp, says: dict[str, Any], word: str
) -> None:
    idp.says, idp.more = says, {"sub": "1001"}
    browser = await site.another()
    before = await site.firm.acts()
    with capture_logs() as logs:
        came = await site.log_in(browser)
    assert (came.status, cookie(came, COOKIE)) == (403, None)
    assert [(each["event"], each["way"], each["why"]) for each in logs] == [
        ("console-login-refused", "oidc", word)
    ]
    assert "example.com" not in str(logs)
    assert await site.firm.acts() == before
    assert (await browser.get("/console/audit")).path.startswith("/console/login")


@pytest.mark.parametrize(("trouble", "status"), [(WireTrouble.TIMEOUT, 504), (WireTrouble.UNREACHABLE, 502)])
async def test_a_provider_that_is_away_is_said_on_both_ways(
    site: Site, idp: Idp, trouble: WireTrouble, status: int
) -> None:
    browser = await site.another()
    idp.trouble = SourceError(trouble)
    assert (await site.leave(browser)).status == status
    idp.trouble = None
    answer = await site.there(browser)
    idp.trouble = SourceError(trouble)
    assert (await site.back(browser, answer)).status == status


async def test_a_session_that_somebody_else_began_is_none_after_a_login(site: Site) -> None:
    """Fixation: whatever the cookie held before, it is another value afterwards, and the old one leads to nobody."""
    theirs, ours = await site.another(), await site.another()
    await theirs.log_in("lin")
    planted = next(each.value for each in theirs.session.cookie_jar if each.key == COOKIE)
    ours.session.cookie_jar.update_cookies({COOKIE: planted})
    came = await site.log_in(ours)
    assert cookie(came, COOKIE).value != planted
    assert site.firm.context.sessions.find(planted, site.firm.clock()) is None


@grouped
async def test_a_group_member_has_its_roles_for_a_time(site: Site, idp: Idp) -> None:
    idp.says = {"email": "Zoe@example.com", "groups": ["ops", "all"]}
    browser = await site.another()
    value = cookie(await site.log_in(browser), COOKIE).value
    session = site.firm.context.sessions.find(value, site.firm.clock())
    assert session
    assert (session.name, session.groups) == ("oidc:zoe@example.com", {"ops"})
    assert (await site.firm.acts())[-1][:2] == ("console-login", "oidc:zoe@example.com")
    for _ in range(5):
        site.firm.clock.now += timedelta(minutes=11)
        assert site.firm.context.sessions.find(value, site.firm.clock())
    site.firm.clock.now += timedelta(minutes=11)
    assert site.firm.context.sessions.find(value, site.firm.clock()) is None


async def test_a_login_begun_elsewhere_moves_to_the_consoles_name_once(site: Site) -> None:
    """The cookie has to be there when the provider leads back; and what a proxy does to `Host` must not go round in circles."""
    browser = await site.another()
    first = await browser.session.get(
        "http://localhost/console/login/oidc?next=/console/audit", allow_redirects=False
    )
    assert first.status == 303
    moved = urlsplit(first.headers["Location"])
    assert f"{moved.scheme}://{moved.netloc}" == CONSOLE
    assert parse_qs(moved.query)["next"] == ["/console/audit"]
    second = await browser.session.get(
        f"http://localhost/console/login/oidc?{moved.query}", allow_redirects=False
    )
    assert second.headers["Location"].startswith(f"{ISSUER}/auth")


async def test_too_many_logins_have_to_wait(site: Site) -> None:
    browser = await site.another()
    statuses = [(await site.leave(browser)).status for _ in range(MAX_BY_CALLER + 1)]
    assert statuses == [303] * MAX_BY_CALLER + [429]


async def test_a_log_out_ends_here_before_the_provider_is_asked(site: Site) -> None:
    browser = await site.another()
    value = cookie(await site.log_in(browser), COOKIE).value
    session = site.firm.context.sessions.find(value, site.firm.clock())
    assert session
    headers = {"Cookie": f"{COOKIE}={value}"}
    out = await browser.session.post(
        "http://console.example.com/console/logout", data={"csrf": session.csrf}, headers=headers
    )
    text = await out.text()
    assert out.status == 200
    assert f'content="0; url={ISSUER}/end?id_token_hint=' in text.replace("&amp;", "&")
    assert site.firm.context.sessions.find(value, site.firm.clock()) is None


async def test_a_log_out_counts_here_while_the_provider_is_away(site: Site, idp: Idp) -> None:
    browser = await site.another()
    value = cookie(await site.log_in(browser), COOKIE).value
    session = site.firm.context.sessions.find(value, site.firm.clock())
    assert session
    site.firm.clock.now += timedelta(minutes=29)
    site.firm.context.oidc._provider = None
    idp.trouble = SourceError(WireTrouble.UNREACHABLE)
    out = await browser.session.post(
        "http://console.example.com/console/logout",
        data={"csrf": session.csrf},
        headers={"Cookie": f"{COOKIE}={value}"},
        allow_redirects=False,
    )
    assert (out.status, out.headers["Location"]) == (303, "/console/login")
    assert site.firm.context.sessions.find(value, site.firm.clock()) is None


async def test_without_a_provider_nobody_is_led_to_one(
    opened: Callable[[], Awaitable[Browser]],
) -> None:
    browser = await opened()
    assert "Log in with" not in (await browser.get("/console/login")).words


@pytest.mark.parametrize("path", ["/console/login/oidc", "/console/login/oidc/back?state=x&code=y"])
async def test_without_a_provider_its_addresses_are_not_there(
    opened: Callable[[], Awaitable[Browser]], path: str
) -> None:
    browser = await opened()
    assert (await browser.get(path)).status == 404
