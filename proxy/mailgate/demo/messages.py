"""Decodes RFC 5322 messages for the demo mailbox. HTML is only ever shown as text."""

from dataclasses import dataclass
from datetime import UTC, datetime
from email import message_from_bytes
from email.message import EmailMessage, MIMEPart
from email.policy import default
from html.parser import HTMLParser
from importlib.resources import files

SILENT = frozenset({"script", "style", "head", "template"})
BREAKS = frozenset({"p", "br", "div", "li", "tr", "h1", "h2", "h3", "ul", "table"})


@dataclass(frozen=True, slots=True)
class Attachment:
    name: str
    media_type: str
    content: bytes


@dataclass(frozen=True, slots=True)
class MailboxMessage:
    """One message, decoded."""

    sender: str
    recipient: str
    subject: str
    date: datetime
    text: str
    attachments: tuple[Attachment, ...] = ()


def shipped_messages() -> list[MailboxMessage]:
    """The messages that come with the demo, newest first."""
    sources = files(__package__).joinpath("inbox").iterdir()
    messages = [read_message(source.read_bytes()) for source in sources if source.name.endswith(".eml")]
    return sorted(messages, key=lambda message: message.date, reverse=True)


def read_message(source: bytes) -> MailboxMessage:
    """Decode a message as it would lie in a maildir. A header that is missing or unreadable is empty."""
    message = message_from_bytes(source, policy=default)
    assert isinstance(message, EmailMessage)
    return MailboxMessage(
        sender=str(message["From"] or ""),
        recipient=str(message["To"] or ""),
        subject=str(message["Subject"] or ""),
        date=_date(message),
        text=_text(message),
        attachments=tuple(_attachment(part) for part in message.iter_attachments()),
    )


def _date(message: EmailMessage) -> datetime:
    header = message["Date"]
    date: datetime | None = getattr(header, "datetime", None)
    if date is None:
        return datetime.fromtimestamp(0, UTC)
    return date.replace(tzinfo=date.tzinfo or UTC).astimezone(UTC)


def _text(message: EmailMessage) -> str:
    body = message.get_body(preferencelist=("plain", "html"))
    if body is None:
        return ""
    content = str(body.get_content())
    return text_of(content) if body.get_content_subtype() == "html" else content


def _attachment(part: MIMEPart) -> Attachment:
    content = part.get_payload(decode=True)
    return Attachment(
        name=part.get_filename() or "attachment",
        media_type=part.get_content_type(),
        content=content if isinstance(content, bytes) else part.as_bytes(),  # a message within a message
    )


def text_of(html: str) -> str:
    """The words of HTML without markup, scripts and styles, one line for each block."""
    reader = _Words()
    reader.feed(html)
    reader.close()
    lines = (" ".join(line.split()) for line in "".join(reader.words).splitlines())
    return "\n".join(line for line in lines if line)


class _Words(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.words: list[str] = []
        self._silent = 0

    def handle_starttag(self, tag: str, _attrs: list[tuple[str, str | None]]) -> None:
        self._silent += tag in SILENT
        if tag in BREAKS:
            self.words.append("\n")

    def handle_endtag(self, tag: str) -> None:
        self._silent -= tag in SILENT and self._silent > 0
        if tag in BREAKS:
            self.words.append("\n")

    def handle_data(self, data: str) -> None:
        if not self._silent:
            self.words.append(" ".join(data.split("\n")))
