"""Logging in and out."""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import timedelta
from http.cookies import SimpleCookie
from typing import Any

import pytest
from structlog.testing import capture_logs
from tests.admins import token
from tests.unit.console.browsing import Browser, Company

from mailgate.config.admins import AdminSettings
from mailgate.config.console import ConsoleSettings
from mailgate.console.login import page as login
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


async def test_the_cookie_is_hidden_and_new_at_every_login(
    opened: Opened,
) -> None:
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
