from email.message import EmailMessage

import aiosmtplib
import pytest

from mailgate.mail.smtp import MailRefused, MailServer


@pytest.mark.parametrize(
    ("security", "use_tls", "start_tls"),
    [("tls", True, False), ("starttls", False, True), ("none", False, False)],
)
async def test_a_mail_goes_out_as_the_settings_say(monkeypatch, security, use_tls, start_tls):
    calls = []

    async def send(mail, **given):
        calls.append(given)

    monkeypatch.setattr(aiosmtplib, "send", send)
    await MailServer("smtp.example.com", 587, security, "gate", "secret").send(EmailMessage())
    [given] = calls
    assert (given["hostname"], given["port"], given["username"], given["password"]) == ("smtp.example.com", 587, "gate", "secret")  # fmt: skip
    assert (given["use_tls"], given["start_tls"]) == (use_tls, start_tls)


async def test_a_refusal_says_its_kind_and_not_whom_it_was_about(monkeypatch):
    async def send(mail, **given):
        raise aiosmtplib.SMTPRecipientsRefused([])

    monkeypatch.setattr(aiosmtplib, "send", send)
    with pytest.raises(MailRefused, match=r"^SMTPRecipientsRefused$"):
        await MailServer("smtp.example.com", 25, "none").send(EmailMessage())


def test_a_password_is_not_shown():
    assert "secret" not in repr(MailServer("a", 25, "tls", "gate", "secret"))
