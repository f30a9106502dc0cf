from typing import Any

import pytest
from tests.unit.store.mail import mailing

from mailgate.mail.composer import Composer, NoticeHead, message_id, told_of
from mailgate.mail.facts import Concerned
from mailgate.mail.words import NoticeWriter
from mailgate.model import Kind, Reason
from mailgate.store import MailKind

HEAD = NoticeHead(
    "it-help@example.com", "example.com", "mail.example.com", "https://mail.example.com/.mailgate/me"
)
DEVICE = {"reason": "prohibited-app", "kind": "phone", "os": "ios", "apps": ["TikTok"], "fix": ""}
FACTS: dict[str, Any] = {"language": "fr", "contact": "", "devices": [DEVICE], "enforce_at": None}


def test_the_same_mailing_is_the_same_mail_whenever_it_is_tried() -> None:
    compose = Composer(HEAD, NoticeWriter())
    mails = [compose(mailing(facts=FACTS, id="abc123")) for _ in range(2)]
    assert mails[0]["Message-ID"] == "<abc123@example.com>" == message_id("abc123", "example.com")
    for name in ("Message-ID", "Date", "Subject", "To", "From"):
        assert mails[0][name] == mails[1][name]
    mail = mails[0]
    assert (mail["To"], mail["Auto-Submitted"], mail["Content-Language"]) == (
        "ada@example.com",
        "auto-generated",
        "fr",
    )
    assert [part.get_content_type() for part in mail.iter_parts()] == ["text/plain", "text/html"]
    assert all("TikTok" in part.get_content() for part in mail.iter_parts())


def test_facts_are_read_back_as_what_they_were() -> None:
    told = told_of("upcoming", FACTS | {"enforce_at": "2026-12-15T00:00:00+00:00"}, HEAD)
    assert told.devices == (Concerned(Reason.PROHIBITED_APP, Kind.PHONE, "ios", ("TikTok",)),)
    assert told.enforce_at is not None


@pytest.mark.parametrize("facts", [{}, FACTS | {"devices": [DEVICE | {"reason": "?"}]}])
def test_facts_that_are_not_whole_make_no_mail(facts: dict[str, Any]) -> None:
    with pytest.raises((LookupError, ValueError)):
        Composer(HEAD, NoticeWriter())(mailing(facts=facts, kind=MailKind.ENFORCED))
