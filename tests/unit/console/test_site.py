"""The console's addresses."""

import json
from collections.abc import Awaitable, Callable
from io import BytesIO
from pathlib import Path

import pytest
from benchmarks.devices import LOOKED_AT, NAMED, addresses, operations
from structlog.testing import capture_logs
from tests.admins import token
from tests.unit.console.browsing import ORIGIN, Browser, Company, browsing, serving, whole
from tests.unit.console.phones import asks, has, record
from tests.unit.store.steps import scanned, steps_of
from tests.unit.store.test_fleet import a_browser

from mailgate.console import site
from mailgate.console.api.operation import Call, Operation
from mailgate.console.api.shapes import ListOf
from mailgate.console.api.site import OPERATIONS, with_api
from mailgate.console.apps.facts import AppFacts
from mailgate.console.devices.rows import catch_up
from mailgate.http.cookies import CONSOLE_LANGUAGE_COOKIE as COOKIE
from mailgate.rollout.person import RefusedError
from mailgate.store import StoreUnavailableError

BOARDS = Path(__file__).parents[3] / "deploy" / "grafana"
Opened = Callable[[], Awaitable[Browser]]


@pytest.mark.parametrize("path", ["/", "/console"])
async def test_the_root_of_the_admin_port_leads_to_the_console(ada: Browser, path: str) -> None:
    assert (await ada.get(path)).path == "/console/"


@pytest.mark.parametrize("board", sorted(BOARDS.glob("*.json")), ids=lambda each: each.stem)
async def test_a_dashboard_leads_to_pages_that_there_are(vic: Browser, board: Path) -> None:
    """No metric has the name of a person, so a dashboard counts, and the console names."""
    links = [each["url"] for each in json.loads(board.read_text("utf-8"))["links"] if each["type"] == "link"]
    for url in links:
        assert (await vic.get(url.removeprefix("${console}"))).status == 200, url


async def test_nothing_that_a_page_names_is_elsewhere(ada: Browser) -> None:
    page = await ada.get("/console/")
    assert "http://" not in page.text.replace("http://www.w3.org", "")
    assert "https://" not in page.text
    assert "<style" not in page.text
    assert " style=" not in page.text
    assert "onclick" not in page.text


@pytest.mark.parametrize(
    ("raised", "status", "words"),
    [
        (StoreUnavailableError("of a secret place"), 503, "The database does not answer"),
        (ValueError("of a secret place"), 500, "This did not work"),
        (RefusedError("another version was put in force"), 409, "Another version was put in force."),
    ],
)
async def test_an_exception_becomes_a_page_without_its_secrets(
    ada: Browser, firm: Company, monkeypatch: pytest.MonkeyPatch, raised: Exception, status: int, words: str
) -> None:
    async def breaks(*_: object) -> None:
        raise raised

    monkeypatch.setattr(firm.store.policies, "history", breaks)
    with capture_logs() as logs:
        page = await ada.get("/console/policy")
    assert (page.status, words in page.words) == (status, True)
    assert "secret" not in page.text + str(logs)
    assert page.headers["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize(
    ("method", "path", "status"), [("get", "/console/nothing", 404), ("post", "/console/audit", 405)]
)
async def test_an_unknown_address_or_method_shows_a_page_with_the_menu(
    ada: Browser, method: str, path: str, status: int
) -> None:
    page = await getattr(ada, method)(path)
    assert page.status == status
    assert "To the console" in page.words
    assert 'aria-label="Pages"' in page.text  # with the menu: there is a way on


async def test_whatever_reads_goes_by_an_index_of_each_table_that_grows(
    opened: Opened, firm: Company, tmp_path: Path
) -> None:
    phone, *_ = await has(firm, *(record(f"a{number}", "alice", "tiktok") for number in range(3)))
    await asks(firm, phone, "alice")
    await catch_up(firm.store, firm.bundle, firm.clock())
    await firm.store.enrolments.take([a_browser("ada"), a_browser("bob")])
    await firm.context.counting.count_if_due()
    [seen] = await firm.store.sightings.latest(user="alice", size=1)
    named = NAMED | {"id": phone.id, "device": phone.id, "sighting": seen.id, "login": "alice"}
    named |= {"thumbprint": a_browser("ada").thumbprint, "digest": "gone"}
    paths = [f"/console{each}" for each in (*addresses(), *LOOKED_AT)]
    paths += [f"/api/v1{each}" for each in operations()]
    by = {"Authorization": f"Bearer {token('lin')}"}
    found, statuses = {}, {}
    async with (
        serving(with_api(whole(firm.context), firm.context), tmp_path) as served,
        browsing(served) as lin,
    ):
        await lin.log_in("lin")
        for each in paths:
            path = each.format_map(named)

            async def ask(_: object, path: str = path) -> None:
                statuses[path] = (await lin.get(path, headers=by)).status

            found[path] = scanned(await steps_of(firm.store, ask))
    found["/console/devices"].clear()  # read in the order of its key, up to a limit
    scans = {path: tables for path, tables in found.items() if tables}
    assert scans == {}, "let the store go by an index, or count in console/now/counting.py (decision 94)"
    assert {path for path, status in statuses.items() if status >= 500} == set()
    assert sum(status == 200 for status in statuses.values()) > len(paths) * 0.8


async def test_a_form_that_is_too_big_is_refused(ada: Browser) -> None:
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    body = BytesIO(b"text=" + b"x" * (5 * 1024 * 1024))
    async with ada.session.post(f"{ORIGIN}/console/explain", data=body, headers=form) as answer:
        assert answer.status == 413
        assert "That text is too long" in await answer.text()


@pytest.mark.parametrize(
    ("name", "kind"),
    [("console.css", "text/css"), ("console.js", "text/javascript"), ("mark.svg", "image/svg+xml")],
)
async def test_every_asset_of_a_page_is_served(opened: Opened, name: str, kind: str) -> None:
    browser = await opened()
    page = await browser.get(f"/console/assets/{name}")
    assert (page.status, page.headers["Content-Type"].partition(";")[0]) == (200, kind)


@pytest.mark.parametrize("name", ["context.py", "..%2Fdesk.py"])
async def test_other_files_are_not_served(opened: Opened, name: str) -> None:
    browser = await opened()
    assert (await browser.get(f"/console/assets/{name}")).status == 404


async def test_a_language_is_chosen_before_the_login(opened: Opened) -> None:
    browser = await opened()
    page = await browser.send("/console/language", lang="de", to="/console/login?next=/console/apps")
    assert page.path == "/console/login?next=/console/apps"
    assert "Anmelden" in page.words
    back = await browser.send("/console/language", lang="en", to=page.path)
    assert "Log in" in back.words


@pytest.mark.parametrize("to", ["https://elsewhere.example.com/", "//elsewhere.example.com/", "/metrics", ""])
async def test_a_chosen_language_leads_to_the_console_alone(ada: Browser, to: str) -> None:
    assert (await ada.post("/console/language", lang="de", to=to)).path == "/console/"


@pytest.mark.parametrize("tag", ["", "xx", "fr", "../de"])
async def test_an_unknown_language_is_refused(ada: Browser, tag: str) -> None:
    assert (await ada.post("/console/language", lang=tag, to="/console/")).status == 404


async def test_the_others_are_offered_on_pages_that_can_be_asked_for_again(ada: Browser) -> None:
    page = await ada.get("/console/devices?kind=phone")
    assert '<input type="hidden" name="to" value="/console/devices?kind=phone">' in page.text
    assert 'value="de" lang="de">Deutsch</button>' in page.text
    answer = await ada.post("/console/enrolment", uses="0")
    assert answer.status == 422
    assert 'action="/console/language"' not in answer.text


async def test_a_page_is_in_the_language_that_the_browser_asks_for(ada: Browser) -> None:
    page = await ada.get("/console/devices", headers={"Accept-Language": "de"})
    assert '<html lang="de">' in page.text
    assert "<h1>Geräte</h1>" in page.text
    assert '<html lang="en">' in (await ada.get("/console/devices")).text


async def test_a_person_reads_on_in_the_language_that_they_choose(ada: Browser) -> None:
    page = await ada.post("/console/language", lang="de", to="/console/devices?kind=phone")
    assert page.path == "/console/devices?kind=phone"
    assert "<h1>Geräte</h1>" in page.text
    assert "Regeln jetzt" in (await ada.get("/console/policy")).text
    cookies = {each.key: each for each in ada.session.cookie_jar}
    assert (cookies[COOKIE]["httponly"], cookies[COOKIE]["samesite"]) == (True, "Lax")


@pytest.fixture
def for_approvers(monkeypatch: pytest.MonkeyPatch) -> None:
    """A page of an operation that only approvers may ask."""

    async def list_nothing(_call: Call) -> ListOf[AppFacts]:
        return ListOf(items=[])

    operation = Operation("GET /nothing", list_nothing, roles=("approver",), page="apps.html")
    monkeypatch.setattr(site, "ROUTES", (*site.ROUTES, site.page_of(operation)))


@pytest.mark.usefixtures("for_approvers")
async def test_the_page_of_an_operation_is_for_its_roles_alone(ada: Browser, lin: Browser) -> None:
    refused, shown = await ada.get("/console/nothing"), await lin.get("/console/nothing")
    assert (refused.status, "the role approver" in refused.words) == (403, True)
    assert (shown.status, "The apps that we look for" in shown.words) == (200, True)


def test_only_an_operation_that_takes_nothing_has_a_page_by_itself() -> None:
    assert all(not each.input_names for each in OPERATIONS if each.page)
    with pytest.raises(AssertionError, match="explain_request"):
        site.page_of(next(each for each in OPERATIONS if each.name == "explain_request"))
