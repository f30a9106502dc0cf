"""The real mail system and a real browser. If one is missing, the test is skipped with one line that says so."""

from collections.abc import Callable, Iterator
from functools import wraps
from pathlib import Path

import pytest
from playwright.sync_api import (
    Browser,
    BrowserContext,
    BrowserType,
    Page,
    Playwright,
    expect,
    sync_playwright,
)
from tests.e2e.chromium import CHROMIUM_ARGUMENTS, PAGES, UNPAINTED
from tests.e2e.gate import GuardedWebmail, guarded
from tests.e2e.mailsystem import MailSystem, mail_system
from tests.e2e.sogo import sogo_system
from tests.integration.gate import PHONE_RULES
from tests.servers import PATIENCE, require_or_skip
from tests.stores import stores_have_time as stores_have_time

expect.set_options(timeout=PATIENCE * 1000)  # milliseconds


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the tests of this folder behind all others: once a browser is driven, no event loop can run in this thread."""
    items.sort(key=lambda item: item.path.is_relative_to(Path(__file__).parent))


@pytest.fixture(scope="session")
def mail() -> Iterator[MailSystem]:
    with mail_system() as system:
        yield system


@pytest.fixture(scope="session")
def sogo(mail: MailSystem) -> Iterator[str]:
    """The address of SOGo, over the same mailboxes."""
    with sogo_system(mail) as url:
        yield url


@pytest.fixture(scope="session")
def guarded_sogo(sogo: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[GuardedWebmail]:
    """A gate before SOGo that lets programs in to calendars and address books."""
    tools = {
        "id": "dav-tools",
        "when": 'client.kind == "tool" && request.protocol == "dav"',
        "effect": "allow",
    }
    with guarded(sogo, tmp_path_factory.mktemp("gate"), {"rules": [*PHONE_RULES["rules"], tools]}) as gate:
        yield gate


@pytest.fixture(scope="session")
def playwright() -> Iterator[Playwright]:
    """One driver for every test of this folder: none of them has an event loop of its own, which could not run beside it."""
    require_or_skip(PAGES)
    with sync_playwright() as driver:
        yield driver


@pytest.fixture(scope="session", autouse=True)
def browsers_have_time() -> Iterator[None]:
    """Wait for what a page does as long as for anything else: Playwright gives up after half a minute."""
    with pytest.MonkeyPatch.context() as patch:
        for kind, name in ((Browser, "new_context"), (BrowserType, "launch_persistent_context")):
            patch.setattr(kind, name, patient(getattr(kind, name)))
        yield


def patient(open_context: Callable[..., BrowserContext]) -> Callable[..., BrowserContext]:
    @wraps(open_context)
    def opened(*arguments: object, **options: object) -> BrowserContext:
        context = open_context(*arguments, **options)
        context.set_default_timeout(PATIENCE * 1000)
        return context

    return opened


@pytest.fixture(scope="session")
def one_chromium(playwright: Playwright) -> Iterator[Browser]:
    """One browser for all tests of this folder."""
    browser = playwright.chromium.launch(executable_path=PAGES, args=CHROMIUM_ARGUMENTS)
    yield browser
    browser.close()


@pytest.fixture(scope="session")
def one_unpainted(playwright: Playwright) -> Iterator[Browser]:
    browser = playwright.chromium.launch(executable_path=PAGES, args=UNPAINTED)
    yield browser
    browser.close()


@pytest.fixture
def chromium(one_chromium: Browser) -> Iterator[Browser]:
    """The browser. What a test opens in it is closed at its end."""
    yield from left_as_it_was(one_chromium)


@pytest.fixture
def unpainted(one_unpainted: Browser) -> Iterator[Browser]:
    """A browser for pages that are measured and not used: a test reads what is laid out, and no picture is made of it."""
    yield from left_as_it_was(one_unpainted)


def left_as_it_was(browser: Browser) -> Iterator[Browser]:
    open_before = browser.contexts
    yield browser
    for context in browser.contexts:
        if context not in open_before:
            context.close()


@pytest.fixture
def laptop(playwright: Playwright, chromium: Browser) -> Iterator[Page]:
    with chromium.new_context(**playwright.devices["Desktop Chrome"]) as context:
        yield context.new_page()


@pytest.fixture
def iphone(playwright: Playwright, chromium: Browser) -> Iterator[Page]:
    with chromium.new_context(**playwright.devices["iPhone 15"]) as context:
        yield context.new_page()


@pytest.fixture
def complaints() -> list[str]:
    """The browser's complaints: script errors and everything that the policy stopped."""
    return []
