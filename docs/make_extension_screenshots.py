"""Take the pictures of the extension in ``docs/images``, in Chromium and in Firefox:
``PYTHONPATH=.:proxy python docs/make_extension_screenshots.py``.

The real popup is shown; a stand-in for the browser's interface answers with a state. Each sheet has every state; the pictures
for stores have the size that these ask for, 1280 by 800.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from playwright.sync_api import sync_playwright
from tests.e2e.chromium import CHROMIUM, CHROMIUM_ARGUMENTS
from tests.e2e.extension.browser_standin import STATES, sheet, shown
from tests.e2e.extension.firefox import firefox

IMAGES = Path(__file__).parent / "images"
POPUPS = [
    ("open", "en", "light"),
    ("warned", "en", "light"),
    ("blocked", "en", "light"),
    ("warned", "de", "dark"),
    ("blocked", "ar", "dark"),
]
STORE = {
    "open": {"en": "Your company mail knows this browser", "de": "Ihre Firmen-E-Mail kennt diesen Browser"},
    "warned": {"en": "You hear of it before it happens", "de": "Sie erfahren es, bevor es geschieht"},
    "app-here": {"en": "Why, and what ends it", "de": "Warum, und was es beendet"},
}
"""The states in the pictures for stores, with what is written beside them."""

Photograph = Callable[[str, Path, str, int, int], None]
"""Opens an address and saves a picture: address, file, colour scheme, width, height (0: all of the page)."""


@contextmanager
def chromium() -> Iterator[Photograph]:
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=CHROMIUM, args=CHROMIUM_ARGUMENTS)

        def take(url: str, file: Path, scheme: str, width: int, height: int) -> None:
            look = {"color_scheme": scheme, "viewport": {"width": width, "height": height or 300}}
            with browser.new_context(**look, timezone_id="UTC") as context:  # type: ignore[arg-type]
                page = context.new_page()
                page.goto(url, wait_until="networkidle")
                page.screenshot(path=file, full_page=not height)

        yield take
        browser.close()


@contextmanager
def gecko() -> Iterator[Photograph]:
    with TemporaryDirectory() as directory, firefox(Path(directory), {}) as browser:
        yield browser.photograph


def main() -> None:
    with shown() as origin:
        for name, browser in (("chromium", chromium), ("firefox", gecko)):
            with browser() as photograph:
                for scheme in ("light", "dark"):
                    file = IMAGES / f"extension-states-{name}-{scheme}.png"
                    photograph(sheet(origin, STATES), file, scheme, 1180, 0)
                if name == "firefox":
                    continue
                for state, language, scheme in POPUPS:
                    url = f"{origin}/popup/popup.html?{state}&{language}"
                    photograph(url, IMAGES / f"extension-{state}-{language}.png", scheme, 360, 0)
                for state, words in STORE.items():
                    for language, text in words.items():
                        file = IMAGES / f"store-{state}-{language}.png"
                        photograph(sheet(origin, [state], language, text), file, "light", 1280, 800)


if __name__ == "__main__":
    main()
