"""Logging in at the console through a real provider, in a real Chromium, at a real gate."""

import asyncio
import itertools
import ssl
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack, asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, Playwright, Response, expect
from tests.admins import admins, token
from tests.e2e.chromium import CHROMIUM_ARGUMENTS, PAGES
from tests.e2e.console import Console
from tests.e2e.gate import GuardedWebmail, guarded
from tests.e2e.looks import complained
from tests.e2e.openid import CLIENT, SECRET, OpenId, openid_at
from tests.e2e.threads import in_a_thread
from tests.integration.test_tls import write_certificate
from tests.servers import free_port

from mailgate.http.cookies import CONSOLE_COOKIE as COOKIE

pytestmark = pytest.mark.e2e


@dataclass
class Place:
    """A console, and the provider that it asks."""

    url: str
    provider: OpenId
    gate: GuardedWebmail
    runs: ExitStack
    """Ends the provider."""

    def log(self) -> str:
        return "\n".join(self.gate.gate.log)

    def refusals(self) -> list[str]:
        """Why logins came to nothing, as the gate's log says."""
        said = (each for each in self.gate.gate.records() if each.get("event") == "console-login-refused")
        return [each["why"] for each in said]


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    folder = tmp_path_factory.mktemp("console-login")
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    provider = openid_at(folder, url)
    (folder / "secret").write_text(SECRET)
    people = dict(admins(lin="approver")) | {"ada": {"oidc": "ada@example.com", "roles": ["operator"]}}
    people["lin"]["oidc"] = False
    oidc = {
        "issuer": provider.issuer,
        "client_id": CLIENT,
        "client_secret": {"file": "secret"},
        "name": "Example ID",
        "scopes": ["openid", "email", "groups"],
        "groups": {"roles": {"mail-operators": ["operator"]}},
    }
    settings = {
        "admin_listen": f"127.0.0.1:{port}",
        "admins": people,
        "console": {"url": url, "login": {"oidc": oidc}},
    }
    with ExitStack() as runs, guarded("http://127.0.0.1:9", folder, **settings) as gate:
        runs.enter_context(provider.serving())
        yield Place(url, provider, gate, runs)


@pytest.fixture
def context(chromium: Browser) -> Iterator[BrowserContext]:
    with chromium.new_context() as made:
        yield made


def log_in(page: Page, place: Place, who: str, path: str = "/console/", *, agrees: bool = True) -> None:
    """Everything that a person does, from a page of the console on."""
    page.goto(place.url + path)
    page.get_by_role("link", name="Log in with Example ID").click()
    page.locator("[name=login]").fill(who)
    page.locator("[name=password]").fill("whatever")
    page.get_by_role("button", name="Sign-in").click()
    agree = page.get_by_role("button", name="Continue")
    expect(agree).to_be_visible()
    if agrees:
        agree.click()


def test_an_admin_comes_in_and_where_they_wanted_to(place: Place, context: BrowserContext) -> None:
    page = context.new_page()
    log_in(page, place, "ada", "/console/audit?who=ada")
    expect(page).to_have_url(f"{place.url}/console/audit?who=ada")
    expect(page.locator("form.who")).to_contain_text("ada operator")
    expect(page.locator("main")).to_contain_text("console-login")
    cookies = {each["name"]: each for each in context.cookies(place.url + "/console/login/oidc/back")}
    session, binding = cookies[COOKIE], cookies["mailgate-console-login"]
    assert (session["sameSite"], session["httpOnly"], session["path"]) == ("Strict", True, "/console")
    assert (binding["sameSite"], binding["httpOnly"], binding["path"]) == ("Lax", True, "/console/login/oidc")
    # a link of another site leads in as well, though the browser leaves out the cookie at first
    page.goto(f"{place.provider.issuer}/.well-known/openid-configuration")
    page.evaluate("url => location.assign(url)", f"{place.url}/console/policy")
    expect(page).to_have_url(f"{place.url}/console/policy")
    expect(page.locator("form.who")).to_contain_text("ada operator")


def test_a_member_of_a_group_gets_its_roles_without_being_an_admin(
    place: Place, context: BrowserContext
) -> None:
    page = context.new_page()
    log_in(page, place, "zoe")
    expect(page.locator("form.who")).to_contain_text("oidc:zoe@example.com operator")
    page.goto(place.url + "/console/enrolment")
    page.get_by_text("Make an enrolment token, for many browsers").click()
    page.get_by_role("button", name="Make it").click()
    expect(page.locator("main")).to_contain_text("mailgate-enrol-")
    page.goto(place.url + "/console/audit?who=oidc:zoe@example.com")
    expect(page.locator("main")).to_contain_text("enrolment-token-made")


@pytest.mark.parametrize(
    ("who", "word", "says"),
    [("eve", "no-admin", "you may do nothing here"), ("mal", "mail-not-verified", "has not verified")],
)
def test_a_person_without_roles_is_told_so_and_gets_no_session(
    place: Place, context: BrowserContext, who: str, word: str, says: str
) -> None:
    page = context.new_page()
    statuses: list[Response] = []
    page.on(
        "response",
        lambda answer: (
            statuses.append(answer) if answer.url.startswith(f"{place.url}/console/login/oidc/back") else None
        ),
    )
    log_in(page, place, who)
    expect(page.get_by_role("alert")).to_contain_text(says)
    assert [each.status for each in statuses] == [403]
    assert place.refusals()[-1] == word
    assert COOKIE not in {each["name"] for each in context.cookies()}
    assert f"{who}@" not in place.log()


def test_a_person_who_cancels_at_the_provider_is_told_so(place: Place, context: BrowserContext) -> None:
    page = context.new_page()
    page.goto(place.url + "/console/login")
    page.get_by_role("link", name="Log in with Example ID").click()
    page.get_by_role("link", name="Cancel").click()
    expect(page.get_by_role("alert")).to_contain_text("did not agree")
    assert place.refusals()[-1] == "access-denied"
    page.get_by_role("link", name="Back to the login").click()
    expect(page.get_by_role("link", name="Log in with Example ID")).to_be_visible()


def test_an_answer_is_taken_once_and_in_the_browser_that_asked(
    place: Place, chromium: Browser, context: BrowserContext
) -> None:
    page = context.new_page()
    back: list[str] = []
    page.on("request", lambda asked: back.append(asked.url) if "/oidc/back" in asked.url else None)
    log_in(page, place, "ada")
    expect(page).to_have_url(f"{place.url}/console/")
    answer = page.goto(back[0])
    assert answer
    assert answer.status == 400
    expect(page.get_by_role("alert")).to_contain_text("was used already")


def test_an_answer_is_worth_nothing_in_another_browser(
    place: Place, chromium: Browser, context: BrowserContext
) -> None:
    """Neither may somebody be logged in as who has sent them a link, nor is it of use to who has stolen it."""
    answer = answer_for(context, place, "ada")
    with chromium.new_context() as theirs:
        page = theirs.new_page()
        page.goto(answer)
        expect(page.get_by_role("alert")).to_contain_text("began in another browser")
        assert place.refusals()[-1] == "another-browser"
        assert COOKIE not in {each["name"] for each in theirs.cookies()}
    page = context.new_page()
    page.goto(answer)
    expect(page.get_by_role("alert")).to_contain_text("was used already")


def answer_for(context: BrowserContext, place: Place, who: str) -> str:
    """Where the provider leads a browser back to, which has not gone there yet."""
    page = context.new_page()
    log_in(page, place, who, agrees=False)
    form = page.locator("form")
    there = str(form.get_attribute("action"))
    step = context.request.post(there, form={"prompt": "consent"}, max_redirects=0)
    while "/oidc/back" not in step.headers["location"]:
        step = context.request.get(step.headers["location"], max_redirects=0)
    return step.headers["location"]


def test_two_tabs_of_one_browser_may_log_in_at_once(place: Place, context: BrowserContext) -> None:
    first, second = context.new_page(), context.new_page()
    for page in (first, second):
        page.goto(place.url + "/console/login?next=/console/policy")
        page.get_by_role("link", name="Log in with Example ID").click()
        page.locator("[name=login]").fill("ada")
        page.locator("[name=password]").fill("whatever")
    for page in (first, second):
        page.get_by_role("button", name="Sign-in").click()
        agree, inside = page.get_by_role("button", name="Continue"), page.locator("form.who")
        expect(agree.or_(inside)).to_be_visible()  # only the first one is asked whether they agree
        if agree.is_visible():
            agree.click()
        expect(page).to_have_url(f"{place.url}/console/policy")


def test_a_log_out_counts_at_the_provider_too(place: Place, context: BrowserContext) -> None:
    page = context.new_page()
    log_in(page, place, "ada")
    page.get_by_role("button", name="Log out").click()
    page.get_by_role("button", name="Yes, sign me out").click()
    expect(page).to_have_url(f"{place.url}/console/login")
    page.goto(place.url + "/console/")
    page.get_by_role("link", name="Log in with Example ID").click()
    expect(page.locator("[name=password]")).to_be_visible()


def test_everyone_can_read_every_page_of_the_login(place: Place, context: BrowserContext) -> None:
    page = context.new_page()
    found = {}
    for path in ("/console/login", "/console/login/oidc/back", "/console/login/oidc/back?state=x&code=y"):
        page.goto(place.url + path)
        found[path] = complained(page)
    assert {path: wrong for path, wrong in found.items() if wrong} == {}


def test_nothing_of_a_person_or_a_token_is_in_the_log(place: Place) -> None:
    log = place.log()
    assert "console-login-refused" in log
    for secret in ("example.com", "zoe", "eyJ", "code=", "state=", SECRET):
        assert secret not in log.replace("mail.example.com", ""), secret


def test_a_provider_that_is_away_is_said_and_a_token_still_leads_in(
    place: Place, context: BrowserContext
) -> None:
    """Its code is there, and where it would be redeemed nobody answers."""
    answer = answer_for(context, place, "ada")
    place.runs.close()
    page = context.new_page()
    page.goto(answer)
    expect(page.get_by_role("alert")).to_contain_text("cannot be reached from the gate")
    assert place.refusals()[-1] == "unreachable"
    name, _, secret = token("lin").partition(":")
    page.goto(place.url + "/console/login")
    page.get_by_label("Name").fill(name)
    page.get_by_label("Token or password").fill(secret)
    page.get_by_role("button", name="Log in").click()
    expect(page.locator("form.who")).to_contain_text("lin approver")


@contextmanager
def https_before(port: int, folder: Path) -> Iterator[int]:
    """A proxy that ends TLS and passes all bytes on to this port. Returns its own port."""
    write_certificate(folder, "example")
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(folder / "cert.pem", folder / "key.pem")

    async def copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError):
            while part := await reader.read(65536):
                writer.write(part)
                await writer.drain()
        writer.close()

    async def relay(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        inner, to_inner = await asyncio.open_connection("127.0.0.1", port)
        await asyncio.gather(copy(reader, to_inner), copy(inner, writer))

    @asynccontextmanager
    async def listening() -> AsyncIterator[int]:
        server = await asyncio.start_server(relay, "127.0.0.1", 0, ssl=context)
        yield server.sockets[0].getsockname()[1]
        server.close()

    with in_a_thread(listening()) as own:
        yield own


def test_a_page_of_a_sibling_host_gives_no_admin_a_session_and_takes_none(
    playwright: Playwright, tmp_path: Path
) -> None:
    """``evil.example.com`` sets cookies for ``example.com``, which the browser sends to ``console.example.com`` as well."""
    port = free_port()
    resolving = "--host-resolver-rules=MAP *.example.com 127.0.0.1"
    with (
        https_before(port, tmp_path) as tls,
        guarded(
            "http://127.0.0.1:9", tmp_path, admin_listen=f"127.0.0.1:{port}",
            admins=admins(ada="operator", vic="viewer"), console={"url": f"https://console.example.com:{tls}"},
        ),
        playwright.chromium.launch(executable_path=PAGES, args=[*CHROMIUM_ARGUMENTS, resolving]) as browser,
    ):  # fmt: skip
        url = f"https://console.example.com:{tls}"
        theirs, own = (browser.new_context(ignore_https_errors=True) for _ in "ab")
        Console(theirs.new_page(), url).log_in("vic")
        (session,) = (each["value"] for each in theirs.cookies() if each["name"].endswith(COOKIE))
        page = own.new_page()

        def plant() -> None:
            page.goto(f"https://evil.example.com:{tls}/")
            for name, path in itertools.product((COOKIE, f"__Host-{COOKIE}"), ("/", "/console")):
                page.evaluate(
                    "cookie => document.cookie = cookie",
                    f"{name}={session}; domain=example.com; path={path}; secure",
                )

        plant()
        assert [each["domain"] for each in own.cookies(url + "/console")] == [".example.com"] * 2
        page.goto(f"{url}/console/find")
        expect(page.get_by_label("Token")).to_be_visible()
        Console(page, url).log_in("ada")
        plant()
        page.goto(f"{url}/console/find")
        expect(page.locator("form.who")).to_contain_text("ada operator")
        Console(page, url).log_out()
        assert not [each for each in own.cookies(url) if each["name"] == f"__Host-{COOKIE}"]
