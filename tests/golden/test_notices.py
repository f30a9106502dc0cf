"""Golden mails: every kind in every language, as plain text; the HTML of some.

To accept what comes out now, run this file: ``python -m tests.golden.test_notices`` writes them anew.
"""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from mailgate.mail.facts import About, Concerned, How, Said, Told
from mailgate.mail.words import NoticeWriter
from mailgate.model import Kind, Reason

HERE = Path(__file__).parent / "notices"
LANGUAGES = ("en", "de", "es", "fr", "ja", "zh-Hans", "ar")
WRITER = NoticeWriter()
WARN, ENFORCE = datetime(2026, 12, 8, 17, tzinfo=UTC), datetime(2026, 12, 15, 17, tzinfo=UTC)
PHONE = Concerned(Reason.PROHIBITED_APP, Kind.PHONE, "ios", ("TikTok",), "remove-app")
TABLET = Concerned(Reason.POSTURE_MISSING, Kind.TABLET, "android")
RULE = "Phones & tablets with <listed> apps get no company mail"
COMMON = {"title": RULE, "contact": "it-help@example.com", "me_url": "https://mail.example.com/.mailgate/me"}


def told(name: str, language: str) -> Told:
    """What the mail says that is called so."""
    mails = {
        "upcoming": Told(
            About.UPCOMING, language, warn_at=WARN, enforce_at=ENFORCE, devices=(PHONE, TABLET), laptop_free=True, **COMMON
        ),
        "warned": Told(About.WARNED, language, enforce_at=ENFORCE, devices=(PHONE,), laptop_free=True, **COMMON),
        "enforced": Told(About.ENFORCED, language, devices=(TABLET,), **COMMON),
        "correction": Told(
            About.CORRECTION,
            language,
            said=(Said(How.MAILED, Reason.RULE_MATCHED, RULE), Said(How.KEPT_OUT, Reason.PROHIBITED_APP)),
            clear=True,
            contact="https://help.example.com",
        ),
        "correction-in-part": Told(
            About.CORRECTION,
            language,
            said=(Said(How.WARNED, Reason.RULE_MATCHED, RULE),),
            me_url=COMMON["me_url"],
        ),
    }  # fmt: skip
    return mails[name]


NAMES = ("upcoming", "warned", "enforced", "correction", "correction-in-part")
TEXTS = [(name, language) for name in NAMES for language in LANGUAGES]
PAGES = [("upcoming", "en"), ("upcoming", "ar"), ("correction", "en")]


def text(name: str, language: str) -> str:
    mail = WRITER.write(told(name, language))
    assert mail.language == language
    return f"Subject: {mail.subject}\n\n{mail.text}"


@pytest.mark.parametrize(("name", "language"), TEXTS)
def test_text(name: str, language: str) -> None:
    assert text(name, language) == (HERE / f"{name}.{language}.txt").read_text(encoding="utf-8")


@pytest.mark.parametrize(("name", "language"), PAGES)
def test_html(name: str, language: str) -> None:
    html = WRITER.write(told(name, language)).html
    assert html == (HERE / f"{name}.{language}.html").read_text(encoding="utf-8")


def test_there_is_no_mail_that_is_not_looked_at() -> None:
    wanted = {f"{name}.{language}.txt" for name, language in TEXTS} | {
        f"{n}.{lang}.html" for n, lang in PAGES
    }
    assert {path.name for path in HERE.iterdir()} == wanted


if __name__ == "__main__":
    for name, language in TEXTS:
        (HERE / f"{name}.{language}.txt").write_text(text(name, language), encoding="utf-8")
    for name, language in PAGES:
        (HERE / f"{name}.{language}.html").write_text(
            WRITER.write(told(name, language)).html, encoding="utf-8"
        )
