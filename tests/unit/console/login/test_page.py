"""Logging in and out."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import replace
from datetime import timedelta
from http.cookies import SimpleCookie
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import aiohttp
import pytest
from structlog.testing import capture_logs
from tests.admins import token
from tests.unit.console.browsing import ORIGIN, Browser, Company, company, serving, whole
from tests.unit.console.login.idp import CONSOLE, ISSUER, Idp
from tests.unit.console.login.settings import GROUPS, LIN, console
from yarl import URL

from mailgate.config.admins import AdminSettings
from mailgate.config.console import ConsoleSettings
from mailgate.console.login import page as login
from mailgate.console.login.provider import LOGIN_TIME
from mailgate.console.login.tries import MAX_BY_CALLER
from mailgate.errors import SourceError
from mailgate.errors import Trouble as WireTrouble
from mailgate.http.cookies import CONSOLE_COOKIE, CONSOLE_LOGIN_COOKIE
from mailgate.http.cookies import CONSOLE_COOKIE as COOKIE
from mailgate.rollout.person import proven

Opened = Callable[[], Awaitable[Browser]]


async def test_a_login_leads_to_where_one_was_going_and_is_written_down(
    opened: Opened, firm: Company
) -> None:
    browser = await opened()
    page = await browser.log_in("ada", next="/console/audit?who=ada")
    assert (page.status, page.path) == (200, "/console/audit?who=ada")
    assert (await firm.acts())[-1] == ("console-login", "ada", "")


@pytest.mark.parametrize(
    "after",
    [
        "",
        "https://elsewhere.example.com/console/",
        "//elsewhere.example.com",
        "/readyz",
        "/console/\\x",
        "/console//x",
    ],
)
async def test_a_login_leads_nowhere_else(opened: Opened, after: str) -> None:
    browser = await opened()
    assert (await browser.log_in("ada", next=after)).path == "/console/"


async def test_the_whole_token_is_taken_too(opened: Opened) -> None:
    browser = await opened()
    assert (await browser.log_in("ada", secret=token("ada"), next="")).path == "/console/"


async def test_a_wrong_name_and_a_wrong_secret_are_answered_alike(
    opened: Opened, firm: Company, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = []
    monkeypatch.setattr(login, "proven", lambda admins, said: asked.append(said) or proven(admins, said))
    browser = await opened()
    wrong = await browser.log_in("ada", secret="no")
    nobody = await browser.log_in("eve", secret="no")
    assert (wrong.status, wrong.text) == (nobody.status, nobody.text) == (403, wrong.text)
    assert asked == ["ada:no", "eve:no"]
    assert COOKIE not in wrong.headers.get("Set-Cookie", "")
    assert [what for what, _, _ in await firm.acts()] == ["policy-activated"]


async def test_the_cookie_is_hidden_and_new_at_every_login(opened: Opened) -> None:
    browser = await opened()
    values = []
    for _ in range(2):
        page = await browser.session.post(
            "http://console.example.com/console/login",
            data=dict(zip(("name", "secret"), token("ada").split(":", 1), strict=True)),
            allow_redirects=False,
        )
        cookie = SimpleCookie(page.headers["Set-Cookie"])[COOKIE]
        assert (cookie["httponly"], cookie["samesite"], cookie["path"]) == (True, "Strict", "/console")
        values.append(cookie.value)
    assert values[0] != values[1]


async def test_the_session_before_a_login_is_none_after_it(opened: Opened, firm: Company) -> None:
    browser = await opened()
    await browser.log_in("ada")
    (old,) = [cookie.value for cookie in browser.session.cookie_jar]
    await browser.log_in("lin")
    assert firm.context.sessions.find(old, firm.clock()) is None


async def test_a_log_out_ends_the_session_at_the_gate(ada: Browser, firm: Company) -> None:
    (value,) = [cookie.value for cookie in ada.session.cookie_jar]
    page = await ada.post("/console/logout")
    assert page.path == "/console/login"
    assert firm.context.sessions.find(value, firm.clock()) is None
    assert (await firm.acts())[-1][:2] == ("console-logout", "ada")


async def test_too_many_tries_of_a_name_have_to_wait(opened: Opened, firm: Company) -> None:
    browser = await opened()
    tries = [(await browser.log_in("ada", secret="no")).status for _ in range(11)]
    assert tries == [403] * 10 + [429]
    refused = await browser.log_in("ada")
    assert (refused.status, refused.headers["Retry-After"]) == (429, "300")
    assert (await browser.log_in("lin")).status == 200
    firm.clock.now += timedelta(minutes=5)
    assert (await browser.log_in("ada")).status == 200


async def test_guesses_under_many_names_are_counted_too(
    opened: Opened, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(login, "proven", lambda _admins, _said: None)
    browser = await opened()
    tries = [(await browser.log_in(f"name-{number}")).status for number in range(61)]
    assert tries == [403] * 60 + [429]


async def test_without_admins_it_is_said_how_to_get_one(opened: Opened, firm: Company) -> None:
    firm.roles()
    browser = await opened()
    assert "Ask the person who installed this gate" in (await browser.get("/console/login")).words
    assert (await browser.log_in("ada")).status == 403


def opens(firm: Company, people: dict[str, Any] | None = None, **login: Any) -> None:
    """Let the settings say from now on which ways are open, and to whom."""
    settings = firm.bundle.settings
    console = ConsoleSettings.model_validate(
        {"url": "https://console.example.com", "login": login}, strict=False
    )
    admins = settings.admins if people is None else people
    changed = settings.model_copy(update={"console": console, "admins": admins})
    firm.bundle = replace(firm.bundle, settings=changed)


OIDC = {"issuer": "https://login.example.com", "client_id": "mailgate", "name": "Example ID"}
PROXY = {"header": "X-User", "from_proxies": ["10.0.0.1"]}
FIELD, BUTTON, ELSEWHERE = (
    "Token or password",
    "Log in with Example ID",
    "enter this console through the company's proxy",
)


@pytest.mark.parametrize(
    ("login", "shown"),
    [
        ({}, {FIELD}),
        ({"oidc": OIDC}, {FIELD, BUTTON}),
        ({"oidc": OIDC, "token": False}, {BUTTON}),
        ({"oidc": OIDC, "token": False, "proxy": PROXY}, {BUTTON}),
        ({"proxy": PROXY}, {FIELD}),
        ({"proxy": PROXY, "token": False}, {ELSEWHERE}),
    ],
)
async def test_the_ways_that_are_open_are_offered_and_no_other(
    opened: Opened, firm: Company, login: dict[str, Any], shown: set[str]
) -> None:
    opens(firm, **login)
    words = (await (await opened()).get("/console/login")).words
    assert {each for each in (FIELD, BUTTON, ELSEWHERE) if each in words} == shown


async def test_without_tokens_none_is_asked_for(opened: Opened, firm: Company) -> None:
    zoe = AdminSettings.model_validate({"oidc": "zoe@example.com", "roles": ("viewer",)})
    opens(firm, {"zoe": zoe}, oidc=OIDC)
    words = (await (await opened()).get("/console/login")).words
    assert FIELD not in words
    assert BUTTON in words


async def test_a_closed_way_to_log_in_ends_its_sessions(ada: Browser, firm: Company) -> None:
    opens(firm, oidc=OIDC, token=False)
    assert (await ada.get("/console/audit")).path.startswith("/console/login")
    page = await ada.log_in("ada")
    assert page.status == 403
    assert "You cannot log in with a token here" in page.words


async def test_a_refused_login_is_logged_without_a_name(opened: Opened) -> None:
    browser = await opened()
    with capture_logs() as logs:
        for _ in range(11):
            await browser.log_in("ada", secret="no")
    assert [each["why"] for each in logs] == ["wrong"] * 10 + ["too-many"]
    assert "ada" not in str(logs)


PEOPLE = LIN | {
    "lin": LIN["lin"] | {"oidc": False},
    "ada": {"oidc": "ada@example.com", "roles": ["operator"]},
}
START = f"{CONSOLE}/console/login/oidc"
SESSION_COOKIE, BINDING = (f"__Host-{each}" for each in (CONSOLE_COOKIE, CONSOLE_LOGIN_COOKIE))


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
    made = cookie(came, SESSION_COOKIE)
    assert (made["httponly"], made["samesite"], made["path"], made["secure"]) == (True, "Strict", "/", True)
    entry = (await site.firm.store.audit.page())[-1]
    assert (entry.what, entry.who) == ("console-login", "ada")
    assert '"oidc"' in entry.details


async def test_the_login_cookie_is_hidden_from_scripts_and_other_paths(site: Site) -> None:
    left = await site.leave(await site.another())
    made = cookie(left, BINDING)
    assert (made["httponly"], made["samesite"], made["path"], made["secure"]) == (True, "Lax", "/", True)
    assert int(made["max-age"]) == LOGIN_TIME.total_seconds()
    assert cookie(left, SESSION_COOKIE) is None


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
    assert cookie(again, SESSION_COOKIE) is None


async def test_an_answer_counts_in_its_own_browser_alone(site: Site) -> None:
    ours, theirs = await site.another(), await site.another()
    answer = await site.there(theirs)
    for browser in (ours, theirs):
        came = await site.back(browser, answer)
        assert came.status == 400
        assert cookie(came, SESSION_COOKIE) is None
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
    assert cookie(came, SESSION_COOKIE) is None


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
    assert (came.status, cookie(came, SESSION_COOKIE)) == (status, None)
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
    assert (came.status, cookie(came, SESSION_COOKIE)) == (403, None)
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
    planted = next(each.value for each in theirs.session.cookie_jar if each.key == SESSION_COOKIE)
    ours.session.cookie_jar.update_cookies({SESSION_COOKIE: planted})
    came = await site.log_in(ours)
    assert cookie(came, SESSION_COOKIE).value != planted
    assert site.firm.context.sessions.find(planted, site.firm.clock()) is None


@grouped
async def test_a_group_member_has_its_roles_for_a_time(site: Site, idp: Idp) -> None:
    idp.says = {"email": "Zoe@example.com", "groups": ["ops", "all"]}
    browser = await site.another()
    value = cookie(await site.log_in(browser), SESSION_COOKIE).value
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
    value = cookie(await site.log_in(browser), SESSION_COOKIE).value
    session = site.firm.context.sessions.find(value, site.firm.clock())
    assert session
    headers = {"Cookie": f"{SESSION_COOKIE}={value}"}
    out = await browser.session.post(
        "http://console.example.com/console/logout", data={"csrf": session.csrf}, headers=headers
    )
    text = await out.text()
    assert out.status == 200
    assert f'content="0; url={ISSUER}/end?id_token_hint=' in text.replace("&amp;", "&")
    assert site.firm.context.sessions.find(value, site.firm.clock()) is None


async def test_a_log_out_counts_here_while_the_provider_is_away(site: Site, idp: Idp) -> None:
    browser = await site.another()
    value = cookie(await site.log_in(browser), SESSION_COOKIE).value
    session = site.firm.context.sessions.find(value, site.firm.clock())
    assert session
    site.firm.clock.now += timedelta(minutes=29)
    site.firm.context.oidc._provider = None
    idp.trouble = SourceError(WireTrouble.UNREACHABLE)
    out = await browser.session.post(
        "http://console.example.com/console/logout",
        data={"csrf": session.csrf},
        headers={"Cookie": f"{SESSION_COOKIE}={value}"},
        allow_redirects=False,
    )
    assert (out.status, out.headers["Location"]) == (303, "/console/login")
    assert site.firm.context.sessions.find(value, site.firm.clock()) is None


async def test_without_a_provider_nobody_is_led_to_one(opened: Callable[[], Awaitable[Browser]]) -> None:
    browser = await opened()
    assert "Log in with" not in (await browser.get("/console/login")).words


@pytest.mark.parametrize("path", ["/console/login/oidc", "/console/login/oidc/back?state=x&code=y"])
async def test_without_a_provider_its_addresses_are_not_there(
    opened: Callable[[], Awaitable[Browser]], path: str
) -> None:
    browser = await opened()
    assert (await browser.get(path)).status == 404
