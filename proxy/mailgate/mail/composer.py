"""A mail as a message (RFC 5322): its header, plain text and HTML."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from email.message import EmailMessage
from email.utils import format_datetime, formataddr
from functools import lru_cache, partial
from urllib.parse import urlsplit

from mailgate.config import Settings
from mailgate.config.mail import NoticeSettings
from mailgate.gateway.pages.view import Appearance
from mailgate.mail.words import NoticeWriter, RenderedNotice
from mailgate.model.notice import Notice
from mailgate.policy.people import address_of
from mailgate.store import Mail


@dataclass(frozen=True, slots=True)
class MailHead:
    sender: str
    domain: str
    name: str
    """The name of the sender: the company, or the host of its mail."""

    def message(self, to: str, subject: str, date: datetime, mail_id: str) -> EmailMessage:
        """A message without its content."""
        message = EmailMessage()
        message["From"] = formataddr((self.name, self.sender))
        message["To"] = to
        message["Subject"] = subject
        message["Date"] = format_datetime(date)
        message["Message-ID"] = message_id(mail_id, self.domain)
        message["Auto-Submitted"] = "auto-generated"  # RFC 3834: no vacation reply answers it
        return message


@dataclass(frozen=True, slots=True)
class Composer:
    """Composes messages. A mail that is tried again is the same message, with the same Message-ID and date."""

    head: MailHead
    writer: NoticeWriter
    me_url: str

    def render(self, notice: Notice) -> RenderedNotice:
        """The text of a mail, without its header."""
        return self.writer.write(notice, self.me_url)

    def __call__(self, mail: Mail) -> EmailMessage:
        """The message of a mail. Raises ValueError if the mail no longer has its notice."""
        if mail.notice is None:
            raise ValueError("this mail has no notice")
        written = self.render(mail.notice)
        message = self.head.message(mail.address, written.subject, mail.queued_at, mail.id)
        message.set_content(written.text)
        message.add_alternative(written.html, subtype="html")
        message["Content-Language"] = written.language  # last: adding a part moves the fields of the content
        return message


def composer_for(settings: Settings, sender: str = "", domain: str = "") -> Composer:
    """The composer of this gate. Without a sender it only renders notices."""
    company = settings.company
    name = company.name or urlsplit(settings.public_url).hostname or ""
    # without its logo: mail programs do not show a picture inside the mail
    appearance = Appearance(company.name or "", "", company.colour or "", company.colour_dark or "")
    writer = _writer(settings.languages.default, appearance, settings.choices)
    return Composer(MailHead(sender, domain, name), writer, f"{settings.public_url}/.mailgate/me")


@lru_cache(8)
def _writer(default_language: str, appearance: Appearance, choices: tuple[str, ...]) -> NoticeWriter:
    """The writer, cached since reading the languages takes far longer than writing a mail."""
    return NoticeWriter(default_language, appearance, choices)


def address_book(notices: NoticeSettings) -> Callable[[str], str]:
    """Make a function from a login name to its company address, which is empty if it has none."""
    return partial(address_of, domain=notices.domain)


def message_id(mail_id: str, domain: str) -> str:
    """The Message-ID of a mail, which the mail server's log shows too."""
    return f"<{mail_id}@{domain}>"
