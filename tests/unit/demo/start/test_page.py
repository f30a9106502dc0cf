"""Which request of the start page is whose, and who may press its buttons."""

import re
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from http.cookies import SimpleCookie
from pathlib import Path
from types import SimpleNamespace

import pytest
from aiohttp import web
from aiohttp.test_utils import make_mocked_request
from tests.admins import token
from tests.unit.console.browsing import ORIGIN, Company, browsing, company, whole
from tests.unit.demo.examples import NOW as TODAY
from tests.unit.demo.start.served import behind

from mailgate.console.login.tries import MAX_BY_NAME_AND_CALLER
from mailgate.demo.start import page
from mailgate.demo.start.page import ClickedSessions, Links, NotLetInError, StartPage, session_cookie
from mailgate.demo.start.personas import Shown
from mailgate.texts import language_for

BRITISH = language_for("", "en-GB", "")

LINKS = Links(
    "http://localhost:8080/",
    "http://localhost:8081",
    "http://127.0.0.1:8081",
    {"ada": "ada:secret"},
    standing=Shown("cyan.door@example.com"),
)


_BADGE = re.compile(r'<span class="badge[^>]*>(.*?</svg>[^<]*)</span>')


async def _play(_request, persona) -> web.Response:
    return web.Response(text=persona.key)


START = StartPage(LINKS, SimpleNamespace(answer_as=_play))


def asked(host: str, path: str = "/", method: str = "GET", **headers: str) -> web.Request:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return make_mocked_request(method, path, headers={"Host": host, **named})


async def test_a_persona_is_played_under_its_name() -> None:
    assert (await START.serve(asked("tiktok.localhost:8082", "/inbox/1"))).text == "tiktok"


async def test_the_page_itself_names_personas_and_logins_and_no_token() -> None:
    text = (await START.serve(asked("localhost:8082"))).text
    assert text is not None
    assert "http://ipad.localhost:8082/" in text
    assert "Log in as ada" in text
    assert "secret" not in text


async def test_an_address_redirects_to_the_name_that_shares_cookies() -> None:
    with pytest.raises(web.HTTPFound) as found:
        await START.serve(asked("127.0.0.1:8082"))
    assert found.value.location == "http://localhost:8082/"


@pytest.mark.parametrize(
    "host", ["mail.example.com", "tiktok.example.com", "evil.localhost:8082", "tiktok", ""]
)
async def test_a_name_of_elsewhere_is_not_served(host: str) -> None:
    with pytest.raises(web.HTTPMisdirectedRequest):
        await START.serve(asked(host))


@pytest.mark.parametrize(("path", "method"), [("/console/ada", "GET"), ("/inbox", "GET"), ("/", "POST")])
async def test_other_addresses_are_not_found(path: str, method: str) -> None:
    with pytest.raises(web.HTTPNotFound):
        await START.serve(asked("localhost:8082", path, method))


@pytest.mark.parametrize("site", ["cross-site", "same-site", "none"])
async def test_no_other_site_can_log_a_browser_in(site: str) -> None:
    with pytest.raises(web.HTTPForbidden):
        await START.serve(asked("localhost:8082", "/console/ada", "POST", Sec_Fetch_Site=site))


async def test_the_button_gives_the_browser_the_session_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    async def session_cookie(admin: str, name: str, token: str) -> str:
        assert (admin, name, token) == ("http://127.0.0.1:8081", "ada", "ada:secret")
        return "mailgate-console=value; HttpOnly"

    monkeypatch.setattr(page, "session_cookie", session_cookie)
    answer = await START.serve(asked("localhost:8082", "/console/ada", "POST", Sec_Fetch_Site="same-origin"))
    assert (answer.status, answer.headers["Location"]) == (303, "http://localhost:8081/console/")
    assert answer.headers["Set-Cookie"] == "mailgate-console=value; HttpOnly"
    for place, led in (("caller", "people?login=cyan.door%40example.com"), ("app", "apps/deepseek")):
        start, path = StartPage(LINKS, SimpleNamespace(answer_as=_play)), f"/console/ada/{place}"
        answer = await start.serve(asked("localhost:8082", path, "POST", Sec_Fetch_Site="same-origin"))
        assert answer.headers["Location"] == f"http://localhost:8081/console/{led}"


async def test_nobody_who_waits_leads_to_all_help_requests() -> None:
    assert replace(LINKS, standing=Shown()).place("caller") == "help"


def test_each_badge_says_what_a_device_gets_and_until_when() -> None:
    ends = {"exempt": TODAY + timedelta(days=3), "warned": TODAY + timedelta(days=6)}
    start = StartPage(replace(LINKS, standing=Shown("", ends, 602)), SimpleNamespace(answer_as=_play))
    said = [re.sub("<[^>]+>", "", each) for each in _BADGE.findall(start.text("8082", TODAY, BRITISH))]
    assert said == [
        "Gets mail",
        "No mail",
        "No mail",
        "Gets mail until Tue 22 Dec",
        "Let in until Sat 19 Dec",
        "No mail",
    ]
    later = start.text("8082", TODAY + timedelta(days=7))
    assert re.sub("<[^>]+>", "", _BADGE.findall(later)[3]) == "No mail"
    assert "602 devices" in later


def test_the_page_speaks_the_language_of_the_console_with_the_dates_of_its_reader() -> None:
    ends = {"exempt": TODAY + timedelta(days=3)}
    start = StartPage(replace(LINKS, standing=Shown("", ends, 1602)), SimpleNamespace(answer_as=_play))
    german = start.text("8082", TODAY, language_for("", "de-AT, en;q=0.5", ""))
    assert '<html lang="de-AT">' in german
    assert "Selbst eine App verbieten" in german
    assert "Ausgenommen bis Sa., 19. Dez." in german
    assert "Smartphone mit TikTok" in german
    assert "Let in until Sat, Dec 19" in start.text("8082", TODAY)


async def test_a_limited_login_says_how_long_to_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    async def session_cookie(*_: str) -> str:
        raise NotLetInError("Try again in 5 minutes.", 300)

    monkeypatch.setattr(page, "session_cookie", session_cookie)
    start = StartPage(LINKS, SimpleNamespace(answer_as=_play))
    with pytest.raises(web.HTTPTooManyRequests) as refused:
        await start.serve(asked("localhost:8082", "/console/ada", "POST", Sec_Fetch_Site="same-origin"))
    assert (refused.value.text, refused.value.headers["Retry-After"]) == ("Try again in 5 minutes.\n", "300")


@pytest.mark.parametrize("path", ["root", "ada/elsewhere", "ada//example.com", "root/app"])
async def test_an_unknown_admin_or_place_is_not_found(path: str) -> None:
    with pytest.raises(web.HTTPNotFound):
        await START.serve(asked("localhost:8082", f"/console/{path}", "POST", Sec_Fetch_Site="same-origin"))


@pytest.fixture
async def firm(tmp_path: Path, new_store: bytes, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Company]:
    (tmp_path / "mailgate.db").write_bytes(new_store)
    async with company(tmp_path) as made, behind(page, whole(made.context), tmp_path, monkeypatch):
        yield made


async def test_the_cookie_is_a_session_of_the_admin_and_not_the_token(firm: Company) -> None:
    cookie = await session_cookie(ORIGIN, "ada", token("ada"))
    assert "secret" not in cookie
    ((name, value),) = SimpleCookie(cookie).items()
    async with browsing(str(firm.folder / "console.sock")) as browser:
        page = await browser.get("/console/", headers={"Cookie": f"{name}={value.coded_value}"})
    assert (page.status, page.path) == (200, "/console/")
    assert "operator" in page.words


@pytest.mark.parametrize(
    ("name", "shown"), [("ada", "ada:wrong"), ("ada", token("lin")), ("root", token("ada")), ("", "")]
)
async def test_a_refused_login_gets_no_cookie_and_shows_no_token(
    firm: Company, name: str, shown: str
) -> None:
    with pytest.raises(NotLetInError, match=r"did not let .* in \(status 403\)") as refused:
        await session_cookie(ORIGIN, name, shown)
    assert not shown or shown not in str(refused.value)


async def test_a_second_click_gives_the_same_session_until_it_is_over(firm: Company) -> None:
    sessions = ClickedSessions()
    first = await sessions.cookie(ORIGIN, "ada", token("ada"))
    assert {
        await sessions.cookie(ORIGIN, "ada", token("ada")) for _ in range(MAX_BY_NAME_AND_CALLER + 2)
    } == {first}
    firm.context.sessions.end(first.partition(";")[0].partition("=")[2])
    assert await sessions.cookie(ORIGIN, "ada", token("ada")) != first


async def test_too_many_logins_say_when_to_try_again(firm: Company) -> None:
    for _ in range(MAX_BY_NAME_AND_CALLER):
        await session_cookie(ORIGIN, "ada", token("ada"))
    with pytest.raises(
        NotLetInError, match=r"as often as the console allows\. Try again in 5 minutes\."
    ) as refused:
        await session_cookie(ORIGIN, "ada", token("ada"))
    assert refused.value.wait == 300
