"""The start page of the demo in a real Chromium: one click is one person, and one click is one login."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect
from tests.demos import RunningDemo, running_demo
from tests.e2e.looks import LOOKS, complained, faults
from tests.servers import patiently

pytestmark = pytest.mark.e2e

CONSOLE = "http://localhost:{}/console"


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningDemo]:
    with running_demo(tmp_path_factory.mktemp("demo"), "--people", "40") as started:
        yield started


@pytest.fixture
def start(demo: RunningDemo, laptop: Page) -> Page:
    laptop.goto(demo.start)
    return laptop


@pytest.mark.parametrize(
    ("who", "sees"),
    [
        ("Laptop", "Inbox"),
        ("Phone with TikTok", "Company mail is paused on this phone"),
        ("Phone that reports nothing", "Company mail is paused on this phone"),
        ("Phone with CamScanner", "Company mail on this phone needs your attention"),
        ("Phone with TikTok, let in", "Inbox"),
        ("iPad that says it is a Mac", "Company mail is paused on this tablet"),
    ],
)
def test_one_click_shows_what_somebody_sees(start: Page, who: str, sees: str) -> None:
    with start.expect_popup() as opened:
        start.get_by_role("link", name=f"Open mail as {who}", exact=True).click()
    expect(opened.value.get_by_role("heading", level=1)).to_have_text(sees)


def test_the_warning_can_be_read_and_passed(start: Page) -> None:
    with start.expect_popup() as opened:
        start.get_by_role("link", name="Open mail as Phone with CamScanner").click()
    opened.value.get_by_role("button", name="Continue to mail").click()
    expect(opened.value.get_by_role("heading", level=1)).to_have_text("Inbox")


def test_a_person_s_own_page_knows_the_person_and_asks_again(start: Page) -> None:
    with start.expect_popup() as opened:
        start.get_by_role("link", name="Own page of Phone with TikTok", exact=True).click()
    own = opened.value
    expect(own.get_by_text("demo.tiktok@example.com").first).to_be_visible()
    own.get_by_role("button", name="Check again").click()
    expect(own.get_by_text("We can ask nobody about this device").first).to_be_visible()


def test_each_try_is_one_click_and_leads_where_it_says(start: Page, demo: RunningDemo) -> None:
    with start.expect_popup() as opened:
        start.get_by_role("link", name="Open mail as this phone").click()
    expect(opened.value.locator("#cause")).to_contain_text("TikTok")
    called = start.locator(".tries p", has_text="is on the line").inner_text().split()[0]
    start.get_by_role("button", name="Log in as ada").click()
    expect(start.get_by_role("heading", level=1)).to_contain_text(called)
    expect(start.locator("main")).to_contain_text("help")
    start.goto(demo.start)
    start.get_by_role("button", name="Plan as ada").click()
    expect(start).to_have_url(re.compile(rf"http://localhost:{demo.admin_port}/console/apps.deepseek"))
    expect(start.locator("main")).to_contain_text("DeepSeek")
    start.goto(demo.start)
    start.get_by_role("button", name="Approve as grace").click()
    expect(start).to_have_url(f"http://localhost:{demo.admin_port}/console/policy/plans")
    expect(start.get_by_role("heading", level=1)).to_have_text("Plans")


@pytest.mark.parametrize(
    ("button", "roles"), [("Log in as ada", "operator"), ("Approve as grace", "approver, operator")]
)
def test_one_click_logs_in_at_the_console(start: Page, demo: RunningDemo, button: str, roles: str) -> None:
    start.get_by_role("button", name=button).click()
    expect(start).to_have_url(re.compile(f"http://localhost:{demo.admin_port}/console/"))
    expect(start.get_by_role("banner")).to_contain_text(roles)
    tokens = [path.read_text().strip() for path in (demo.directory / "var" / "demo").glob("*.token")]
    assert len(tokens) == 2
    assert not [token for token in tokens if token.partition(":")[2] in start.content()]


def test_the_console_has_what_the_company_promises(start: Page, demo: RunningDemo) -> None:
    start.get_by_role("button", name="Approve as grace").click()
    expect(start.get_by_role("banner")).to_be_visible()
    start.goto(f"http://localhost:{demo.admin_port}/console/connectors")
    for name in ("fleet", "intune", "jamf"):
        expect(start.get_by_text(name).first).to_be_visible()


def test_the_start_page_is_accessible_and_fits(start: Page) -> None:
    assert complained(start, [*LOOKS, (390, "dark")]) == []
    assert faults(start) == []


def test_without_scripts_the_links_open_a_tab(chromium: Browser, demo: RunningDemo) -> None:
    with chromium.new_context(java_script_enabled=False) as context:
        page = context.new_page()
        page.goto(demo.start)
        with page.expect_popup() as opened:
            page.get_by_role("link", name="Open mail as Phone with TikTok", exact=True).click()
        expect(opened.value.get_by_role("heading", level=1)).to_contain_text("paused")


@pytest.mark.parametrize("key", ["laptop", "tiktok", "silent", "warned", "exempt"])
def test_the_own_page_of_somebody_with_one_device_is_short_and_small(
    chromium: Browser, demo: RunningDemo, key: str
) -> None:
    with chromium.new_context(viewport={"width": 390, "height": 844}) as context:
        page = context.new_page()
        page.goto(f"http://{key}.localhost:{demo.start_port}/")
        address = f"http://{key}.localhost:{demo.start_port}/.mailgate/me"
        answer = page.goto(address)
        for _ in patiently():  # what was decided is written a moment later
            if key == "silent" or page.get_by_text("Requests for mail").count():
                break
            page.wait_for_timeout(250)
            answer = page.goto(address)
        assert answer is not None
        assert len(answer.body()) < 24_000
        assert page.evaluate("document.documentElement.scrollHeight") < 1550


@pytest.mark.parametrize("locale", ["en", "de", "ar", "ja", "fr"])
def test_the_cause_and_the_first_step_are_seen_without_scrolling(
    chromium: Browser, demo: RunningDemo, locale: str
) -> None:
    """A line less than a phone has: the fonts of a system, as those of Noto CJK, may be that much taller."""
    with chromium.new_context(viewport={"width": 390, "height": 844 - 24}, locale=locale) as context:
        page = context.new_page()
        for key in ("tiktok", "silent", "warned", "ipad"):
            page.goto(f"http://{key}.localhost:{demo.start_port}/")
            expect(page.locator("#cause"), key).to_be_in_viewport(ratio=1)
            step = page.locator("section[aria-labelledby=fix] :is(li, p)").first
            expect(step, key).to_be_in_viewport(ratio=1)


def test_the_block_page_says_who_looked_when_and_what_a_check_did(
    chromium: Browser, demo: RunningDemo
) -> None:
    with chromium.new_context(locale="en", timezone_id="UTC") as context:
        page = context.new_page()
        page.goto(f"http://tiktok.localhost:{demo.start_port}/")
        expect(page.get_by_text("Last looked at by mdm.example.com")).to_be_visible()
        page.locator("#check").click()
        expect(page.locator("#said")).to_contain_text("Nothing has changed yet. We can ask nobody")


def test_an_exempt_person_reads_until_when_on_their_page(chromium: Browser, demo: RunningDemo) -> None:
    with chromium.new_context(locale="en") as context:
        page = context.new_page()
        page.goto(f"http://exempt.localhost:{demo.start_port}/.mailgate/me")
        expect(page.get_by_text("by an exemption")).to_be_visible()
        expect(page.get_by_text("A replacement phone is on its way").first).to_be_visible()
        assert (
            page.locator(".verdict .i.warn").first.evaluate("each => getComputedStyle(each).color")
            == "rgb(127, 76, 0)"
        )


def test_a_person_reads_on_their_page_that_the_help_desk_looked(chromium: Browser, demo: RunningDemo) -> None:
    with chromium.new_context(locale="en") as context:
        page = context.new_page()
        page.goto(f"http://tiktok.localhost:{demo.start_port}/")
        page.goto(demo.start)
        page.get_by_role("button", name="Log in as ada").first.click()
        expect(page.get_by_role("button", name="Log out").first).to_be_visible()
        for _ in patiently():  # what was decided is written a moment later
            page.goto(f"{CONSOLE.format(demo.admin_port)}/people?login=demo.tiktok%40example.com")
            if "demo.tiktok" in page.get_by_role("heading", level=1).inner_text():
                break
            page.wait_for_timeout(250)
        page.goto(f"{CONSOLE.format(demo.admin_port)}/audit/looks")
        assert complained(page) == []
        looked = page.get_by_text("Who looked at your data")
        for _ in patiently():  # it is written a moment later
            page.goto(f"http://tiktok.localhost:{demo.start_port}/.mailgate/me")
            if looked.count():
                break
            page.wait_for_timeout(250)
        looked.click()
        expect(page.get_by_text("The help desk", exact=True)).to_be_visible()
        expect(page.get_by_text("ada", exact=True)).to_have_count(0)
        assert complained(page) == []


@pytest.mark.parametrize("scripts", [True, False])
def test_another_language_is_chosen_with_two_clicks_and_stays(
    chromium: Browser, demo: RunningDemo, scripts: bool
) -> None:
    with chromium.new_context(locale="en", java_script_enabled=scripts) as context:
        page = context.new_page()
        for path in ("/inbox?a=b", "/.mailgate/me"):
            page.goto(f"http://tiktok.localhost:{demo.start_port}{path}")
            page.locator(".languages summary").click()
            page.get_by_role("button", name="Deutsch" if path != "/.mailgate/me" else "日本語").click()
            expect(page).to_have_url(f"http://tiktok.localhost:{demo.start_port}{path}")
            expect(page.locator("html")).to_have_attribute("lang", "de" if path != "/.mailgate/me" else "ja")
