"""How sessions begin: each new, written down, and the one before it gone."""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from http.cookies import SimpleCookie
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.console.browsing import ORIGIN, Browser, Company, browsing, company, serving, whole
from yarl import URL

from mailgate.console.login.rights import token_proof
from mailgate.console.login.session_start import console_path, too_many_logins
from mailgate.http.cookies import CONSOLE_COOKIE as COOKIE
from mailgate.store import StoreUnavailableError

Opened = Callable[[], Awaitable[Browser]]
LED = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate"}


def value(browser: Browser) -> str:
    return next((each.value for each in browser.session.cookie_jar if each.key == COOKIE), "")


def begun(firm: Company, who: str) -> str:
    """The value of the cookie of a new session."""
    proof = token_proof(firm.bundle.settings.admins[who])
    return firm.context.sessions.start(who, proof, firm.clock())


async def test_a_link_of_another_site_leads_in_without_the_cookie(opened: Opened) -> None:
    """``SameSite=Strict``: the page leads on from here, and then the cookie comes along."""
    browser = await opened()
    page = await browser.get("/console/policy?x=%22%3E%3Cb%3E", headers=LED)
    assert page.status == 200
    assert 'content="0; url=/console/policy?x=%22%3E%3Cb%3E"' in page.text
    assert "<b>" not in page.text
    page = await browser.get("/console/policy", headers=LED | {"Sec-Fetch-Site": "same-origin"})
    assert page.path.startswith("/console/login?next=")


@pytest.mark.parametrize(
    "headers",
    [
        {},
        LED | {"Sec-Fetch-Site": "same-site"},
        LED | {"Sec-Fetch-Mode": "no-cors"},
        {"Sec-Fetch-Site": "none"},
    ],
)
async def test_other_requests_are_not_redirected(opened: Opened, headers: dict[str, str]) -> None:
    page = await (await opened()).get("/console/policy", headers=headers)
    assert page.path.startswith("/console/login?next=")


async def test_a_request_with_a_cookie_is_not_redirected(ada: Browser) -> None:
    page = await ada.get("/console/policy", headers=LED)
    assert "One moment" not in page.words
    assert page.path == "/console/policy"


async def test_a_form_of_another_site_is_led_nowhere_either(opened: Opened) -> None:
    assert (await (await opened()).send("/console/logout", LED)).status == 403


async def test_a_login_is_written_down_with_its_way_before_it_counts(ada: Browser, firm: Company) -> None:
    entry = (await firm.store.audit.page())[-1]
    assert (entry.what, entry.who, entry.details) == ("console-login", "ada", '{"way": "token"}')
    assert value(ada)


async def test_a_login_that_cannot_be_written_down_is_none(
    opened: Opened, firm: Company, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def away(_act: object) -> None:
        raise StoreUnavailableError

    monkeypatch.setattr(firm.store.audit, "append", away)
    browser = await opened()
    assert (await browser.log_in("ada")).status == 503
    assert value(browser) == ""


async def test_a_planted_cookie_is_no_session_after_a_login(
    opened: Opened, firm: Company, vic: Browser
) -> None:
    """Fixation: who has set it would come in with it otherwise."""
    planted, browser = value(vic), await opened()
    browser.session.cookie_jar.update_cookies(
        SimpleCookie(f"{COOKIE}={planted}; Path=/console"), URL(f"{ORIGIN}/console/")
    )
    assert (await browser.get("/console/")).path == "/console/"
    await browser.log_in("ada")
    assert value(browser) not in ("", planted)
    assert firm.context.sessions.find(planted, firm.clock()) is None


@pytest.mark.parametrize(
    "planted",
    [
        "{}={}",
        "x=1, __Host-{}={}",
        "__host-{}={}",
        "__Secure-{}={}",
        "x=__Host-{}={}",
        "__Host-{0}={1}; __Host-{0}=x",
    ],
)
async def test_over_https_a_cookie_that_a_sibling_host_may_set_is_no_session(
    tmp_path: Path, planted: str
) -> None:
    """Who sets it would have an admin work in a session of theirs, or keep an admin out."""
    async with (
        company(tmp_path, console={"url": ORIGIN.replace("http:", "https:")}) as firm,
        serving(whole(firm.context), tmp_path) as path,
        browsing(path) as browser,
    ):
        theirs, own = (begun(firm, who) for who in ("vic", "ada"))
        foreign, kept = planted.format(COOKIE, theirs), f"__Host-{COOKIE}={own}"
        assert (await browser.get("/console/find", headers={"Cookie": foreign})).path.startswith(
            "/console/login"
        )
        if not planted.endswith("=x"):  # which no browser sends
            for sent in (f"{foreign}; {kept}", f"{kept}; {foreign}"):
                page = await browser.get("/console/find", headers={"Cookie": sent})
                assert (page.path, "ada" in page.words) == ("/console/find", True)


@pytest.mark.parametrize("path", ["/console/", "/console/audit?who=ada", "/console/policy#x"])
def test_a_place_of_the_console_is_kept(path: str) -> None:
    assert console_path(path) == path


@pytest.mark.parametrize(
    "path",
    [
        "",
        "https://elsewhere.example.com/console/",
        "//elsewhere.example.com",
        "/console//elsewhere.example.com",
        "/readyz",
        "/console",
        "/consoles/",
        "/console/\\x",
        "/console/\r\nSet-Cookie: x=y",
        "/console/\t",
        "\\/console/",
        " /console/",
        "javascript:alert(1)//console/",
    ],
)
def test_every_other_path_is_refused(path: str) -> None:
    assert console_path(path) == ""


@given(st.text(max_size=60))
def test_no_redirect_leaves_the_console(text: str) -> None:
    for path in (console_path(text), console_path(f"/console/{text}")):
        if path:
            joined = URL("https://console.example.com/console/login").join(URL(path))
            assert joined.host == "console.example.com"


def test_a_wait_is_said_in_whole_minutes() -> None:
    assert too_many_logins(timedelta(seconds=1)).endswith("in 1 minute.")
    assert too_many_logins(timedelta(seconds=61)).endswith("in 2 minutes.")
