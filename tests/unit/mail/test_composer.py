from dataclasses import replace
from email import message_from_bytes, policy

import pytest
from tests.unit.store.mail import a_mail

from mailgate.gateway.pages.view import Appearance
from mailgate.mail.composer import Composer, MailHead, message_id
from mailgate.mail.words import NoticeWriter
from mailgate.model import Kind, Reason
from mailgate.model.notice import MailKind, Notice, NoticeDevice

HEAD = MailHead("it-help@example.com", "example.com", "mail.example.com")
ME = "https://mail.example.com/.mailgate/me"
NOTICE = Notice(
    MailKind.ENFORCED, "fr", devices=(NoticeDevice(Reason.PROHIBITED_APP, Kind.PHONE, "ios", ("TikTok",)),)
)


def test_the_same_mail_is_the_same_mail_whenever_it_is_tried() -> None:
    compose = Composer(HEAD, NoticeWriter(), ME)
    mails = [compose(a_mail(notice=NOTICE, id="abc123")) for _ in range(2)]
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


def test_a_mail_that_no_longer_has_its_notice_is_not_composed() -> None:
    with pytest.raises(ValueError, match="no notice"):
        Composer(HEAD, NoticeWriter(), ME)(a_mail(notice=None))


def test_a_mail_shows_whose_it_is() -> None:
    look = Appearance("Example, Inc.", "", "#7a1f5c", "#f0a5d8")
    head = replace(HEAD, name="Example, Inc.")
    message = Composer(head, NoticeWriter("en", look), ME)(a_mail(id="abc123"))
    html = message.get_body(("html",))
    assert html is not None
    assert '<p class="from"><bdi>Example, Inc.</bdi></p>' in html.get_content()
    assert "--accent:#7a1f5c" in html.get_content()


@pytest.mark.parametrize(
    "name",
    [
        "Example, Inc.",
        "Müller, Groß & Söhne",
        'The "Example" Company',
        "a@b",
        "[::1]",
        "<x>",
        "例え",
        "(c)",
        "x" * 500,
    ],
)
def test_a_sender_is_shown_by_its_name_whatever_is_in_it(name: str) -> None:
    """By the bytes that go out, which every version of Python makes in its own way."""
    sent = Composer(replace(HEAD, name=name), NoticeWriter(), ME)(a_mail(id="abc123")).as_bytes()
    read = message_from_bytes(sent, policy=policy.default)
    assert [(each.display_name, each.addr_spec) for each in read["From"].addresses] == [(name, HEAD.sender)]
    assert (read["Message-ID"], read["From"].defects) == ("<abc123@example.com>", ())
