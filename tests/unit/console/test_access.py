"""Nothing without a session, nothing changed without its token, nothing done without the role."""

from collections.abc import Awaitable, Callable
from dataclasses import replace

import pytest
from tests.unit.console.browsing import NOW, ORIGIN, Browser, Company

from mailgate.console.login.sessions import MAX_IDLE
from mailgate.console.site import ROUTES
from mailgate.store import EnrolmentToken

Opened = Callable[[], Awaitable[Browser]]
GETS = sorted({each.path for each in ROUTES if each.method == "GET"})  # type: ignore[attr-defined]
POSTS = sorted({each.path for each in ROUTES if each.method == "POST"})  # type: ignore[attr-defined]
FREE = {"/language", "/login", "/login/oidc", "/login/oidc/back", "/assets/{name}"}
FORMS = [each for each in POSTS if each not in FREE]
FOR_EVERYBODY = {"/logout", "/explain"}


def filled(path: str) -> str:
    path = path.replace("{digest:[0-9a-f]+}", "abcdef").replace("{version}/{kind}", "1/enforced")
    path = path.replace("{key:[a-z0-9-]+}", "tiktok").replace(r"{serial:\d{1,9}}", "1")
    return "/console" + path.replace("{kind:csv|jsonl}", "csv").replace("{name}", "x").replace("{id}", "x")


async def test_every_page_leads_to_the_login_first(opened: Opened) -> None:
    browser = await opened()
    for path in GETS:
        if path not in FREE:
            page = await browser.get(filled(path))
            assert page.path.startswith("/console/login?next="), path
            assert "Log in" in page.words


async def test_nothing_is_done_for_who_is_not_logged_in(opened: Opened, firm: Company) -> None:
    browser = await opened()
    before = await firm.acts()
    for path in FORMS:
        assert (await browser.send(filled(path), confirmed="yes")).status == 401, path
    assert await firm.acts() == before


@pytest.mark.parametrize("sent", ["", "another"])
async def test_nothing_is_done_without_the_token_of_the_session(
    ada: Browser, firm: Company, sent: str
) -> None:
    before = await firm.acts()
    for path in FORMS:
        page = await ada.send(filled(path), confirmed="yes", **({"csrf": sent} if sent else {}))
        assert page.status == 403, path
        assert "Nothing was done" in page.words
    assert await firm.acts() == before


async def test_the_token_of_one_session_is_none_for_another(ada: Browser, vic: Browser) -> None:
    assert (await ada.send("/console/logout", csrf=vic.csrf)).status == 403
    assert (await ada.get("/console/")).status == 200


@pytest.mark.parametrize(
    "headers",
    [
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Origin": "http://elsewhere.example.com"},
        {"Origin": "null"},
    ],
)
@pytest.mark.parametrize("path", ["/console/language", "/console/login", "/console/logout"])
async def test_a_form_of_another_site_does_nothing(ada: Browser, path: str, headers: dict[str, str]) -> None:
    assert (await ada.send(path, headers, csrf=ada.csrf)).status == 403
    assert (await ada.get("/console/")).path == "/console/"


async def test_a_form_of_our_own_is_taken(ada: Browser) -> None:
    page = await ada.send(
        "/console/logout", {"Origin": ORIGIN, "Sec-Fetch-Site": "same-origin"}, csrf=ada.csrf
    )
    assert page.path == "/console/login"


async def test_a_viewer_may_look_and_nothing_else(vic: Browser, firm: Company) -> None:
    before = await firm.acts()
    for path in FORMS:
        if path not in FOR_EVERYBODY:
            page = await vic.post(filled(path), confirmed="yes")
            assert page.status == 403, path
            assert "Only somebody with the role" in page.words
    assert await firm.acts() == before


async def test_a_role_that_was_taken_away_counts_at_the_next_click(ada: Browser, firm: Company) -> None:
    await firm.store.enrolments.add(b"x", EnrolmentToken("t1", "", "", 1, NOW, NOW))
    firm.roles(ada="viewer")
    assert "Revoke" not in (await ada.get("/console/enrolment")).words
    assert (await ada.post("/console/enrolment/revoke", name="t1", confirmed="yes")).status == 403
    assert await firm.store.enrolments.tokens()


async def test_a_removed_admin_is_logged_out(ada: Browser, firm: Company) -> None:
    firm.roles(lin="operator")
    assert (await ada.get("/console/")).path.startswith("/console/login")
    firm.roles(ada="operator")
    assert (await ada.get("/console/")).path.startswith("/console/login")


async def test_a_new_token_ends_the_sessions_of_the_old_one(ada: Browser, firm: Company) -> None:
    settings = firm.bundle.settings
    changed = settings.admins["ada"].model_copy(update={"token_hash": settings.admins["lin"].token_hash})
    known = {**settings.admins, "ada": changed}
    firm.bundle = replace(firm.bundle, settings=settings.model_copy(update={"admins": known}))
    assert (await ada.get("/console/")).path.startswith("/console/login")


async def test_an_idle_session_ends_and_its_forms_with_it(ada: Browser, firm: Company) -> None:
    firm.clock.now += MAX_IDLE
    page = await ada.post("/console/enrolment/revoke", name="t1", confirmed="yes")
    assert page.status == 401
    assert "nothing was done" in page.words
