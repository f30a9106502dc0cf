"""Take the pictures of the extension's popup in ``docs/images``:
``PYTHONPATH=.:proxy python docs/make_extension_screenshots.py``.

The real popup is shown; a stand-in for the browser's interface answers with a state.
"""

from pathlib import Path

from playwright.sync_api import sync_playwright
from tests.e2e.chromium import CHROMIUM, CHROMIUM_ARGUMENTS
from tests.e2e.extension.browser_standin import show

IMAGES = Path(__file__).parent / "images"
PICTURES = [
    ("open", "en", "light"),
    ("warned", "en", "light"),
    ("blocked", "en", "light"),
    ("away", "en", "light"),
    ("too-often", "en", "light"),
    ("clock", "en", "light"),
    ("revoked", "en", "light"),
    ("key-lost", "en", "light"),
    ("unconfigured", "en", "light"),
    ("warned", "de", "dark"),
    ("blocked", "ar", "dark"),
    ("blocked", "ja", "light"),
]


def main() -> None:
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=CHROMIUM, args=CHROMIUM_ARGUMENTS)
        for state, language, scheme in PICTURES:
            look = {"color_scheme": scheme, "viewport": {"width": 370, "height": 200}, "timezone_id": "UTC"}
            with browser.new_context(**look) as context:  # type: ignore[arg-type]
                page = context.new_page()
                show(page, state, language)
                page.screenshot(path=IMAGES / f"extension-{state}-{language}.png", full_page=True)
        browser.close()


if __name__ == "__main__":
    main()
