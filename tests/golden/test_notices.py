"""Golden mails: every kind in every language, as plain text; the HTML of some.

To accept what comes out now, run this file: ``python -m tests.golden.test_notices`` writes them anew.
"""

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from mailgate.mail.words import NoticeWriter, RenderedNotice
from mailgate.model import Kind, Reason
from mailgate.model.notice import EncounterKind, MailKind, Notice, NoticeDevice, RuleEncounter, Standing
from mailgate.model.phrase import TAGS

HERE = Path(__file__).parent / "notices"
WRITER = NoticeWriter()
WARN, ENFORCE = datetime(2026, 12, 8, 17, tzinfo=UTC), datetime(2026, 12, 15, 17, tzinfo=UTC)
PHONE = NoticeDevice(Reason.PROHIBITED_APP, Kind.PHONE, "ios", ("TikTok",), "remove-app")
TABLET = NoticeDevice(Reason.POSTURE_MISSING, Kind.TABLET, "android")
LAPTOP = NoticeDevice(Reason.RULE_MATCHED, Kind.LAPTOP, "windows", standing=Standing.OPEN)
RULE = "Phones & tablets with <listed> apps get no company mail"
COMMON: dict[str, Any] = {"title": RULE, "contact": "it-help@example.com"}
ME_URL = "https://mail.example.com/.mailgate/me"


def told(name: str, language: str) -> Notice:
    """What the mail says that is called so."""
    mails = {
        "upcoming": Notice(
            MailKind.UPCOMING, language, warn_at=WARN, enforce_at=ENFORCE, devices=(PHONE, TABLET), laptop_allowed=True, **COMMON
        ),
        "warned": Notice(MailKind.WARNED, language, enforce_at=ENFORCE, devices=(PHONE,), laptop_allowed=True, **COMMON),
        "enforced": Notice(MailKind.ENFORCED, language, devices=(TABLET,), **COMMON),
        "correction": Notice(
            MailKind.CORRECTION,
            language,
            encounters=(
                RuleEncounter(EncounterKind.MAIL, RULE, Reason.RULE_MATCHED),
                RuleEncounter(EncounterKind.REFUSAL, "", Reason.PROHIBITED_APP),
            ),
            devices=(LAPTOP,),
            contact="https://help.example.com",
        ),
        "correction-in-part": Notice(
            MailKind.CORRECTION,
            language,
            encounters=(RuleEncounter(EncounterKind.WARNING, RULE, Reason.RULE_MATCHED, stands=True),),
            devices=(
                replace(PHONE, standing=Standing.CLOSED),
                replace(PHONE, os="android", standing=Standing.OPEN, later=((WARN, Standing.WARNED), (ENFORCE, Standing.CLOSED))),
                replace(TABLET, standing=Standing.WARNED, later=((WARN, Standing.OPEN),)),
                replace(TABLET, os="ipados"),
                LAPTOP,
            ),
        ),
        "correction-unknown": Notice(
            MailKind.CORRECTION,
            language,
            encounters=(RuleEncounter(EncounterKind.MAIL, RULE, Reason.RULE_MATCHED),),
        ),
        "reply": Notice(MailKind.REPLY, language, devices=(PHONE,), answer="Remove it, then wait.", contact="it-help@example.com"),
    }  # fmt: skip
    return mails[name]


NAMES = ("upcoming", "warned", "enforced", "correction", "correction-in-part", "correction-unknown", "reply")
TEXTS = [(name, language) for name in NAMES for language in TAGS]
PAGES = [("upcoming", "en"), ("upcoming", "ar"), ("correction", "en"), ("correction-in-part", "en")]


def written(name: str, language: str) -> RenderedNotice:
    return WRITER.write(told(name, language), "" if name == "correction" else ME_URL)


def text(name: str, language: str) -> str:
    mail = written(name, language)
    assert mail.language == language
    return f"Subject: {mail.subject}\n\n{mail.text}"


@pytest.mark.parametrize(("name", "language"), TEXTS)
def test_each_text_is_the_golden_one(name: str, language: str) -> None:
    assert text(name, language) == (HERE / f"{name}.{language}.txt").read_text(encoding="utf-8")


@pytest.mark.parametrize(("name", "language"), PAGES)
def test_each_html_is_the_golden_one(name: str, language: str) -> None:
    html = written(name, language).html
    assert html == (HERE / f"{name}.{language}.html").read_text(encoding="utf-8")


def test_every_golden_mail_is_compared() -> None:
    assert {told(name, "en").kind for name in NAMES} == set(MailKind), "a golden mail for each kind"
    wanted = {f"{name}.{language}.txt" for name, language in TEXTS} | {
        f"{n}.{lang}.html" for n, lang in PAGES
    }
    assert {path.name for path in HERE.iterdir()} == wanted


if __name__ == "__main__":
    for name, language in TEXTS:
        (HERE / f"{name}.{language}.txt").write_text(text(name, language), encoding="utf-8")
    for name, language in PAGES:
        (HERE / f"{name}.{language}.html").write_text(written(name, language).html, encoding="utf-8")
