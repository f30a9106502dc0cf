"""Take the pictures of the pages in ``docs/images``: ``PYTHONPATH=.:proxy python docs/make_screenshots.py``."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from playwright.sync_api import Browser, sync_playwright
from tests.e2e.chromium import CHROMIUM, CHROMIUM_ARGUMENTS

from mailgate.devices.device import Report
from mailgate.gateway.pages.employee import (
    AskedSource,
    DeviceCard,
    EmployeeView,
    LastSeen,
    OwnerReports,
    SourceResult,
    StoredRecord,
    StoredRecords,
)
from mailgate.gateway.pages.render import Pages, RenderedPage
from mailgate.gateway.pages.view import View
from mailgate.model import Effect, Kind, PostureState, Reason

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
    help_ticket="1.ticket",
    looked_at=datetime(2026, 12, 9, 8, 48, tzinfo=UTC),
    looked_by="intune",
    seen_within=timedelta(hours=8),
    laptops_open=True,
)
ANSWERED = replace(
    BLOCKED,
    accept_language="en-GB",
    asked_at=BLOCKED.now - timedelta(hours=3),
    asked_words="I deleted TikTok an hour ago.",
    answered_at=BLOCKED.now - timedelta(hours=1),
    answer="TikTok was still there at 08:48. Please delete it from the App Library too.",
)
WARNED = replace(BLOCKED, effect=Effect.WARN, os="android", deadline=BLOCKED.now + timedelta(days=6, hours=8))
FAILED = replace(BLOCKED, reason=Reason.UPSTREAM_UNREACHABLE, status=502, rule_title="")
STRICT = replace(
    BLOCKED,
    reason=Reason.ATTESTATION_REQUIRED,
    effect=Effect.CHALLENGE,
    kind=Kind.LAPTOP,
    os="windows",
    apps=(),
    fix="get-extension",
    extension_url="https://store.example.com/mailgate",
    rule_title="Computers show by the company’s extension that they are known",
)
CLOCK = replace(
    BLOCKED,
    reason=Reason.POSTURE_MISSING,
    apps=(),
    proof=Reason.PROOF_STALE,
    clock_off=timedelta(minutes=-10),
    rule_title="Phones and tablets report before they open company mail",
)
PROBED = replace(BLOCKED, reason=Reason.PROBE_REQUIRED, return_url="/mail")

SEEN = Report("intune", "1", apps_complete=True)
OWN = EmployeeView(
    here=replace(BLOCKED, effect=Effect.ALLOW, reason=Reason.RULE_MATCHED, kind=Kind.LAPTOP, apps=()),
    person="alice",
    known_by="login",
    devices=(
        DeviceCard(
            mark="5d0c1f",
            verdict=BLOCKED,
            state=PostureState.LISTED,
            kind=Kind.PHONE,
            os="ios",
            os_version="18.6.2",
            tail="4F2A",
            apps=("TikTok",),
            sources=(
                replace(SEEN, reported_at=BLOCKED.now - timedelta(minutes=3)),
                replace(SEEN, source="https://mdm.example.com", reported_at=BLOCKED.now - timedelta(hours=7)),
            ),
            asked=(
                AskedSource(SourceResult.FOUND, "intune", ("TikTok",), BLOCKED.now - timedelta(minutes=3)),
            ),
            stored=({"id": "phone-1", "owner": "alice"},),
            since=BLOCKED.now - timedelta(days=41),
            until=BLOCKED.now + timedelta(days=90),
        ),
        DeviceCard(
            mark="77aa02",
            last=LastSeen(BLOCKED.now - timedelta(hours=2), "Chrome Mobile"),
            owner_reports=OwnerReports(can_report=True),
            verdict=replace(BLOCKED, effect=Effect.ALLOW, kind=Kind.TABLET),
            state=PostureState.CLEAN,
            kind=Kind.TABLET,
            os="android",
            os_version="16",
            tail="91C0",
            sources=(replace(SEEN, source="google-directory", reported_at=BLOCKED.now - timedelta(hours=2)),),
            stored=(
                {
                    "source": "google-directory",
                    "id": "AFiQxQ8Qx91C0",
                    "owner": "alice",
                    "kind": "tablet",
                    "os": "android",
                    "os_version": "16",
                    "managed": True,
                    "apps": (),
                    "apps_complete": True,
                    "reported_at": BLOCKED.now - timedelta(hours=2),
                    "eas": ("androidc1234567891c0",),
                    "first_seen": BLOCKED.now - timedelta(days=12),
                    "last_seen": BLOCKED.now - timedelta(hours=2),
                },
            ),
            since=BLOCKED.now - timedelta(days=12),
            until=BLOCKED.now + timedelta(days=89, hours=22),
        ),
    ),
    records=StoredRecords(
        requests=(
            StoredRecord(
                {
                    "day": BLOCKED.now.date(),
                    "headers": ("user-agent: Apple-iPhone17C1/2307.102",),
                    "effect": "block",
                    "reason": "prohibited-app",
                    "count": 14,
                    "last_at": BLOCKED.now - timedelta(minutes=1),
                },
                BLOCKED.now + timedelta(days=30),
            ),
        ),
        quarantine_mails=(
            StoredRecord(
                {"written_at": BLOCKED.now - timedelta(days=1), "reason": "prohibited-app"},
                BLOCKED.now + timedelta(days=29),
            ),
        ),
    ),
    listed=("Alipay", "CapCut", "DeepSeek", "TikTok", "WeChat"),
    keeping_out=("TikTok",),
    contact="it-help@example.com",
)
WARNED_CARD = replace(
    OWN.devices[0],
    verdict=replace(WARNED, os="ios"),
    here=True,
    asked=(),
    sources=OWN.devices[0].sources[:1],
)
OWN_PHONE = replace(
    OWN,
    here=replace(WARNED, os="ios"),
    known_by="device",
    devices=(WARNED_CARD, *OWN.devices[1:]),
)
CODE = replace(OWN, devices=OWN.devices[1:2], records=StoredRecords(), codes=True, code="7K3M-9XQ2")
NOBODY = EmployeeView(
    here=OWN.here, sign_in=True, listed=OWN.listed, keeping_out=OWN.keeping_out, contact=OWN.contact
)


def own(view: EmployeeView, language: str) -> EmployeeView:
    """The same page in another language."""
    cards = tuple(
        replace(card, verdict=replace(card.verdict, accept_language=language)) for card in view.devices
    )
    return replace(view, here=replace(view.here, accept_language=language), devices=cards)


def pictures(pages: Pages) -> dict[str, tuple[RenderedPage, dict[str, int], str]]:
    """Each picture's name with its page, its window and its colour scheme."""

    def blocked(language: str, **changes: object) -> RenderedPage:
        return pages.page("refusal", replace(BLOCKED, accept_language=language, **changes))  # type: ignore[arg-type]

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
        "warn-en-phone": (pages.page("warning", WARNED), PHONE, "light"),
        "warn-fr-dark": (pages.page("warning", replace(WARNED, accept_language="fr")), DESKTOP, "dark"),
        "probe-en": (pages.page("probe", PROBED, may_skip=False), DESKTOP, "light"),
        "strict-en": (pages.page("refusal", STRICT), DESKTOP, "light"),
        "me-en": (pages.me(OWN), DESKTOP, "light"),
        "me-code-en": (pages.me(CODE), DESKTOP, "light"),
        "me-en-phone": (pages.me(OWN_PHONE), PHONE, "light"),
        "me-de-dark-phone": (pages.me(own(OWN_PHONE, "de")), PHONE, "dark"),
        "me-ar-dark-phone": (pages.me(own(OWN_PHONE, "ar")), PHONE, "dark"),
        "clock-en-phone": (pages.page("refusal", CLOCK), PHONE, "light"),
        "clock-ar-dark-phone": (pages.page("refusal", replace(CLOCK, accept_language="ar")), PHONE, "dark"),
        "me-nobody-en": (pages.me(NOBODY), DESKTOP, "light"),
        "answered-en-phone": (pages.page("refusal", ANSWERED), PHONE, "light"),
        "help-en-phone": (pages.page("help", BLOCKED), PHONE, "light"),
        "help-ar-dark-phone": (pages.page("help", replace(BLOCKED, accept_language="ar")), PHONE, "dark"),
        "error-en": (pages.page("error", FAILED), DESKTOP, "light"),
        "error-es-dark-phone": (pages.page("error", replace(FAILED, accept_language="es")), PHONE, "dark"),
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
    tab.clock.set_fixed_time(BLOCKED.now)
    tab.add_init_script(
        "window.fetch = () => new Promise(() => {});"
    )  # the probe waits until the picture is taken
    tab.route("**/*", lambda route: route.fulfill(body=page.html, content_type="text/html; charset=utf-8"))
    tab.goto("http://mail.example.com/")
    tab.screenshot(path=IMAGES / f"{name}.png", full_page=True)
    context.close()


def main() -> None:
    """Take them all."""
    IMAGES.mkdir(exist_ok=True)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=CHROMIUM_ARGUMENTS)
        for name, (page, window, scheme) in pictures(Pages()).items():
            take(browser, name, page, window, scheme)
        browser.close()


if __name__ == "__main__":
    main()
