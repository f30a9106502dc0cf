"""A mailing as a mail: envelope, plain text and HTML."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from email.message import EmailMessage
from email.utils import format_datetime
from functools import lru_cache, partial
from typing import Any
from urllib.parse import urlsplit

from mailgate.config import Settings
from mailgate.config.mail import NoticeSettings
from mailgate.mail.facts import About, Concerned, How, Said, Told
from mailgate.mail.words import Mailed, NoticeWriter
from mailgate.model import Kind, Reason
from mailgate.policy.logins import address_of
from mailgate.store import Mailing, MailKind


@dataclass(frozen=True, slots=True)
class NoticeHead:
    """What every mail about a rule has in common."""

    sender: str
    domain: str
    host: str
    me_url: str = ""


@dataclass(frozen=True, slots=True)
class Composer:
    """Writes mails. The same mailing is the same mail, however often it is tried: its Message-ID too."""

    head: NoticeHead
    writer: NoticeWriter

    def said(self, kind: MailKind, facts: Mapping[str, Any]) -> Mailed:
        """What a mail says, without its envelope. Raises ValueError, TypeError or LookupError where its facts are not whole."""
        return self.writer.write(told_of(kind.value, facts, self.head))

    def __call__(self, mailing: Mailing) -> EmailMessage:
        """The mail of a mailing. Raises ValueError, TypeError or LookupError where its facts are not whole."""
        head = self.head
        written = self.said(mailing.kind, mailing.facts)
        mail = EmailMessage()
        mail["From"] = f"{head.host} <{head.sender}>"
        mail["To"] = mailing.address
        mail["Subject"] = written.subject
        mail["Date"] = format_datetime(mailing.queued_at)
        mail["Message-ID"] = message_id(mailing.id, head.domain)
        mail["Auto-Submitted"] = "auto-generated"  # RFC 3834: nobody's absence answers it
        mail.set_content(written.text)
        mail.add_alternative(written.html, subtype="html")
        mail["Content-Language"] = (
            written.language
        )  # last: making it of two parts moves what is said of the content
        return mail


def composer_for(settings: Settings, sender: str = "", domain: str = "") -> Composer:
    """Writes mails in the name of this gate; without a sender only what they say."""
    host = urlsplit(settings.public_url).hostname or ""
    head = NoticeHead(sender, domain, host, f"{settings.public_url}/.mailgate/me")
    return Composer(head, _writer(settings.languages.default))


@lru_cache(8)
def _writer(default_language: str) -> NoticeWriter:
    """Reading the languages takes far longer than writing a mail."""
    return NoticeWriter(default_language)


def address_book(notices: NoticeSettings) -> Callable[[str], str]:
    """The company address of a login name, or nothing."""
    return partial(address_of, domain=notices.domain)


def message_id(mailing: str, domain: str) -> str:
    """By which a mail server's log, and a mailbox, know a mailing."""
    return f"<{mailing}@{domain}>"


def told_of(kind: str, facts: Mapping[str, Any], head: NoticeHead) -> Told:
    """What a mailing says. Raises ValueError, TypeError or LookupError."""
    return Told(
        About(kind),
        facts["language"],
        title=facts.get("title", ""),
        warns=facts.get("warns", False),
        warn_at=_instant(facts.get("warn_at")),
        enforce_at=_instant(facts.get("enforce_at")),
        devices=tuple(_concerned(each) for each in facts.get("devices", ())),
        laptop_free=facts.get("laptop_free", False),
        said=tuple(Said(How(how), Reason(reason), title) for how, title, reason in facts.get("said", ())),
        clear=facts.get("clear", False),
        contact=facts["contact"],
        me_url=head.me_url,
        answer=facts.get("answer", ""),
        let_in_until=_instant(facts.get("let_in_until")),
    )


def _concerned(device: Mapping[str, Any]) -> Concerned:
    return Concerned(
        Reason(device["reason"]), Kind(device["kind"]), device["os"], tuple(device["apps"]), device["fix"]
    )


def _instant(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None
