"""Logging in with one click, at a real console: what the browser is given, and when it is given nothing."""

from collections.abc import AsyncIterator
from http.cookies import SimpleCookie
from pathlib import Path

import pytest
from tests.admins import token
from tests.unit.console.browsing import ORIGIN, Company, browsing, company, whole
from tests.unit.demo.start.served import behind

from mailgate.console.login_tries import MAX_BY_NAME_AND_CALLER
from mailgate.demo.start import logins
from mailgate.demo.start.logins import ClickedSessions, NotLetInError, session_cookie


@pytest.fixture
async def firm(tmp_path: Path, new_store: bytes, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Company]:
    (tmp_path / "mailgate.db").write_bytes(new_store)
    async with company(tmp_path) as made, behind(logins, whole(made.context), tmp_path, monkeypatch):
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
async def test_who_is_not_let_in_gets_no_cookie_and_the_token_is_not_told(
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


async def test_who_logged_in_too_often_is_told_when_the_console_takes_them_again(firm: Company) -> None:
    for _ in range(MAX_BY_NAME_AND_CALLER):
        await session_cookie(ORIGIN, "ada", token("ada"))
    with pytest.raises(
        NotLetInError, match=r"as often as the console allows\. Try again in 5 minutes\."
    ) as refused:
        await session_cookie(ORIGIN, "ada", token("ada"))
    assert refused.value.wait == 300
