"""Take the pictures of the pages in ``docs/images``: ``PYTHONPATH=proxy python docs/make_screenshots.py``."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from playwright.sync_api import Browser, sync_playwright

from mailgate.gateway.pages import Pages, RenderedPage, View
from mailgate.model import Effect, Kind, Reason

IMAGES = Path(__file__).parent / "images"
PHONE = {"width": 390, "height": 844}
DESKTOP = {"width": 1100, "height": 800}

BLOCKED = View(
    reason=Reason.PROHIBITED_APP,
    reference="7f3a91c25e08",
    now=datetime(2026, 12, 9, 9, tzinfo=UTC),
    apps=("TikTok",),
    os="ios",
    kind=Kind.PHONE,
    host="mail.example.com",
    contact="it-help@example.com",
    rule_title="Phones and tablets with a prohibited app get no company mail",
)
WARNED = replace(BLOCKED, effect=Effect.WARN, os="android", deadline=BLOCKED.now + timedelta(days=6, hours=8))
FAILED = replace(BLOCKED, reason=Reason.UPSTREAM_UNREACHABLE, status=502, rule_title="")
PROBED = replace(BLOCKED, reason=Reason.PROBE_REQUIRED, return_url="/mail")


def pictures(pages: Pages) -> dict[str, tuple[RenderedPage, dict[str, int], str]]:
    """Each picture's name with its page, its window and its colour scheme."""

    def blocked(language: str, **changes: object) -> RenderedPage:
        return pages.refusal(replace(BLOCKED, accept_language=language, **changes))  # type: ignore[arg-type]

    return {
        "block-en": (blocked("en"), DESKTOP, "light"),
        "block-en-phone": (blocked("en"), PHONE, "light"),
        "block-de-phone": (blocked("de", os="android"), PHONE, "light"),
        "block-ar-dark-phone": (blocked("ar"), PHONE, "dark"),
        "block-ja-dark": (
            blocked("ja", os="ipados", kind=Kind.TABLET, apps=("TikTok", "WeChat")),
            DESKTOP,
            "dark",
        ),
        "warn-en-phone": (pages.warning(WARNED), PHONE, "light"),
        "warn-fr-dark": (pages.warning(replace(WARNED, accept_language="fr")), DESKTOP, "dark"),
        "probe-en": (pages.probe(PROBED, may_skip=False), DESKTOP, "light"),
        "error-en": (pages.error(FAILED), DESKTOP, "light"),
        "error-es-dark-phone": (pages.error(replace(FAILED, accept_language="es")), PHONE, "dark"),
    }


def take(browser: Browser, name: str, page: RenderedPage, window: dict[str, int], scheme: str) -> None:
    """Write one picture of the whole page."""
    context = browser.new_context(
        viewport=window,
        color_scheme=scheme,
        timezone_id="UTC",
        device_scale_factor=1.5,
        reduced_motion="reduce",
    )
    tab = context.new_page()
    tab.add_init_script(
        "window.fetch = () => new Promise(() => {});"
    )  # the probe waits as long as the picture takes
    tab.route("**/*", lambda route: route.fulfill(body=page.html, content_type="text/html; charset=utf-8"))
    tab.goto("http://mail.example.com/")
    tab.screenshot(path=IMAGES / f"{name}.png", full_page=True)
    context.close()


def main() -> None:
    """Take them all."""
    IMAGES.mkdir(exist_ok=True)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path="/usr/bin/chromium",
            args=[
                "--no-sandbox",
                "--disable-gpu",
                "--disable-background-networking",
                "--disable-component-update",
            ],
        )
        for name, (page, window, scheme) in pictures(Pages()).items():
            take(browser, name, page, window, scheme)
        browser.close()


if __name__ == "__main__":
    main()
