from email.message import EmailMessage
from pathlib import Path
from typing import Any, ClassVar

import aiosmtplib
import pytest

from mailgate.mail import transport
from mailgate.mail.transport import (
    DeferredError,
    FolderTransport,
    MailRefused,
    MailServer,
    RejectedMailError,
    SmtpTransport,
    TransportDownError,
    UnknownOutcomeError,
)


def mail() -> EmailMessage:
    made = EmailMessage()
    made["To"] = "ada@example.com"
    made.set_content("grüß dich\n")
    return made


async def test_a_mail_is_seen_only_when_it_is_whole(tmp_path: Path) -> None:
    way = FolderTransport(tmp_path / "out")
    assert await way.was_delivered("k") is None
    await way.prepare(mail(), "k")
    assert list((tmp_path / "out").glob("*.eml")) == []
    assert await way.was_delivered("k") is False
    await way.commit_delivery("k")
    assert await way.was_delivered("k") is True
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["k.eml"]
    assert b"\r\n" in (tmp_path / "out" / "k.eml").read_bytes()
    await way.close()


async def test_a_mail_that_is_called_back_leaves_nothing(tmp_path: Path) -> None:
    way = FolderTransport(tmp_path)
    await way.prepare(mail(), "k")
    await way.abort("k")
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(DeferredError):
        await way.commit_delivery("k")


async def test_a_folder_that_cannot_be_written_takes_no_mail(tmp_path: Path) -> None:
    (tmp_path / "out").write_text("a file")
    with pytest.raises(TransportDownError):
        await FolderTransport(tmp_path / "out").prepare(mail(), "k")


class Client:
    """Plays aiosmtplib's: fails at the step that it is told to."""

    fails: ClassVar[dict[str, Exception]] = {}
    steps: ClassVar[list[str]] = []

    def __init__(self, **given: Any) -> None:
        self.is_connected = False

    async def _step(self, name: str, *_given: Any, **_named: Any) -> None:
        self.steps.append(name)
        if error := self.fails.get(name):
            raise error

    async def connect(self) -> None:
        await self._step("connect")
        self.is_connected = True

    def __getattr__(self, name: str) -> Any:
        async def step(*given: Any, **named: Any) -> None:
            await self._step(name, *given)

        return step

    def close(self) -> None:
        self.is_connected = False

    async def __aenter__(self) -> None:
        await self.connect()

    async def __aexit__(self, *_error: object) -> None:
        await self._step("quit")


@pytest.fixture(autouse=True)
def client(monkeypatch: pytest.MonkeyPatch) -> type[Client]:
    monkeypatch.setattr(transport, "SMTP", Client)
    Client.fails, Client.steps = {}, []
    return Client


@pytest.fixture
def way() -> SmtpTransport:
    return SmtpTransport(MailServer("smtp.example.com", 25, "none"))


def smtp_mail() -> EmailMessage:
    made = EmailMessage()
    made["From"], made["To"] = "Gate <gate@example.com>", "ada@example.com"
    return made


async def handed_over(way: SmtpTransport) -> None:
    await way.prepare(smtp_mail(), "k")
    await way.commit_delivery("k")


async def test_mails_go_one_after_the_other_on_one_connection(
    client: type[Client], way: SmtpTransport
) -> None:
    for key in ("a", "b"):
        await way.prepare(smtp_mail(), key)
        await way.commit_delivery(key)
    await way.close()
    assert client.steps == ["connect", "mail", "rcpt", "data", "mail", "rcpt", "data", "quit"]
    assert await way.was_delivered("a") is None


@pytest.mark.parametrize(
    ("step", "error", "kind"),
    [
        ("connect", OSError("refused"), TransportDownError),
        ("mail", aiosmtplib.SMTPSenderRefused(550, "no", "gate@example.com"), TransportDownError),
        (
            "rcpt",
            aiosmtplib.SMTPRecipientRefused(550, "no ada@example.com", "ada@example.com"),
            RejectedMailError,
        ),
        ("rcpt", aiosmtplib.SMTPRecipientRefused(450, "later", "ada@example.com"), DeferredError),
        ("rcpt", aiosmtplib.SMTPServerDisconnected("gone"), TransportDownError),
        ("data", aiosmtplib.SMTPDataError(554, "no"), RejectedMailError),
        ("data", aiosmtplib.SMTPDataError(452, "later"), DeferredError),
        ("data", aiosmtplib.SMTPDataError(421, "closing"), DeferredError),
        ("data", aiosmtplib.SMTPServerDisconnected("gone"), UnknownOutcomeError),
        ("data", aiosmtplib.SMTPReadTimeoutError("slow"), UnknownOutcomeError),
    ],
)
async def test_every_answer_means_something(
    client: type[Client], way: SmtpTransport, step: str, error: Exception, kind: type[Exception]
) -> None:
    client.fails = {step: error}
    with pytest.raises(kind) as caught:
        await handed_over(way)
    assert "ada" not in str(caught.value)


async def test_a_mail_that_was_called_back_is_not_sent(client: type[Client], way: SmtpTransport) -> None:
    await way.prepare(smtp_mail(), "k")
    await way.abort("k")
    with pytest.raises(DeferredError):
        await way.commit_delivery("k")
    assert "data" not in client.steps


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


async def test_a_refusal_of_a_mail_names_nobody(monkeypatch):
    async def send(mail, **given):
        raise aiosmtplib.SMTPRecipientsRefused([])

    monkeypatch.setattr(aiosmtplib, "send", send)
    with pytest.raises(MailRefused, match=r"^SMTPRecipientsRefused$"):
        await MailServer("smtp.example.com", 25, "none").send(EmailMessage())


def test_a_password_is_not_shown():
    assert "secret" not in repr(MailServer("a", 25, "tls", "gate", "secret"))


async def test_a_server_is_greeted_without_a_mail(client: type[Client]) -> None:
    await MailServer("smtp.example.com", 25, "none").greet()
    assert client.steps == ["connect", "quit"]


@pytest.mark.parametrize(
    ("error", "word"),
    [
        (ConnectionRefusedError("x"), "ConnectionRefusedError"),
        (aiosmtplib.SMTPAuthenticationError(535, "no, ada"), "SMTPAuthenticationError 535"),
    ],
)
async def test_a_server_that_takes_nothing_is_told_by_a_word(client: type[Client], error: Exception, word: str) -> None:  # fmt: skip
    client.fails = {"connect": error}
    with pytest.raises(MailRefused, match=f"^{word}$"):
        await MailServer("smtp.example.com", 25, "none").greet()
