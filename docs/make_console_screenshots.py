"""Take the pictures of the console in ``docs/images``, from a running demo with a made-up company.

``PYTHONPATH=.:proxy python docs/make_console_screenshots.py http://127.0.0.1:PORT var/demo/grace.token``

With names of pages after these, only those are taken; ``start`` is the start page of that demo, which listens at the next port.
"""

import sys
from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright
from tests.e2e.chromium import CHROMIUM, CHROMIUM_ARGUMENTS

IMAGES = Path(__file__).parent / "images"
DESKTOP = {"width": 1200, "height": 900}
PHONE = {"width": 390, "height": 844}
PAGES = {
    "now": "",
    "devices": "devices?state=listed",
    "device": "",
    "explain": "explain",
    "policy": "policy",
    "rollback": "",
    "plans": "policy/plans",
    "plan": "",
    "notices": "notices",
    "notice": "",
    "exemptions": "exemptions",
    "audit": "audit",
    "connectors": "connectors",
    "enrolment": "enrolment",
}


def logged_in(browser: Browser, console: str, token: str, scheme: str, window: dict[str, int]) -> Page:
    page = browser.new_context(color_scheme=scheme, viewport=window, timezone_id="Europe/Berlin").new_page()
    page.goto(f"{console}/login")
    name, _, secret = token.partition(":")
    page.get_by_label("Name").fill(name)
    page.get_by_label("Token").fill(secret)
    page.get_by_role("button", name="Log in").click()
    return page


def open_page(page: Page, console: str, name: str) -> None:
    """Go to a page, if necessary by a link on another page."""
    lists = {
        "device": ("devices?state=listed", "tbody a[href*='/devices/']"),
        "rollback": ("policy", "button:has-text('Roll back')"),
        "plan": ("policy/plans", "tbody td:first-child a"),
        "notice": ("notices", "[aria-label='Mails that were written'] tbody td:first-child a"),
    }
    path, first = lists.get(name, (PAGES[name], ""))
    page.goto(f"{console}/{path}")
    if first:
        page.locator(first).first.click()
    page.wait_for_load_state("load")
    page.wait_for_timeout(300)


def count(page: Page, console: str) -> None:
    """Count the recipients of the first mail, so that the page shows some."""
    open_page(page, console, "notice")
    page.get_by_role("button", name="Count").click()
    page.locator("#counting .tiles").wait_for()
    page.context.close()


def take_start(browser: Browser, admin: str) -> None:
    """The first screen of the start page beside this console."""
    page = browser.new_context(viewport={"width": 1200, "height": 925}).new_page()
    page.goto(f"http://localhost:{int(admin.rpartition(':')[2]) + 1}/")
    page.screenshot(path=IMAGES / "start-en.png")
    page.context.close()


def main(admin: str, token: str, names: list[str]) -> None:
    console = f"{admin}/console"
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=CHROMIUM, args=CHROMIUM_ARGUMENTS)
        if not names or "notice" in names:
            count(logged_in(browser, console, token, "light", DESKTOP), console)
        if not names or "start" in names:
            take_start(browser, admin)
        for scheme, suffix in (("light", ""), ("dark", "-dark")):
            page = logged_in(browser, console, token, scheme, DESKTOP)
            for name in [each for each in names or PAGES if each != "start"]:
                open_page(page, console, name)
                page.screenshot(path=IMAGES / f"console-{name}{suffix}.png")
        page = logged_in(browser, console, token, "dark", PHONE)
        page.screenshot(path=IMAGES / "console-now-phone.png")
        page.context.clear_cookies()
        page.goto(f"{console}/login")
        page.screenshot(path=IMAGES / "console-login-phone.png")
        browser.close()


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]).read_text("utf-8").strip(), sys.argv[3:])
