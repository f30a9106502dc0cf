"""A mail server that keeps the accepted mails, and answers as a test tells it."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session
from tests.servers import PATIENCE, free_port


@dataclass
class MailSink:
    """``at_rcpt`` and ``at_data`` may answer instead of the server: with a line of SMTP, or nothing for success."""

    port: int = field(default_factory=free_port)
    taken: list[EmailMessage] = field(default_factory=list)
    at_rcpt: Callable[[str], str | None] = lambda _address: None
    at_data: Callable[[EmailMessage], str | None] = lambda _mail: None
    hang_up: set[str] = field(default_factory=set)
    """Addresses after whose mail the connection breaks before the answer."""

    async def handle_RCPT(  # noqa: N802 - what aiosmtpd calls
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        refused = self.at_rcpt(address)
        if refused is None:
            envelope.rcpt_tos.append(address)
        return refused or "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        mail = message_from_bytes(envelope.content or b"", policy=policy.default)  # type: ignore[arg-type]
        assert isinstance(mail, EmailMessage)
        refused = self.at_data(mail)
        if refused is None:
            self.taken.append(mail)
        if mail["To"] in self.hang_up:
            assert server.transport is not None
            server.transport.abort()
        return refused or "250 OK"

    def recipients(self) -> list[str]:
        """The recipients of accepted mails, sorted, one entry for each mail."""
        return sorted(str(mail["To"]) for mail in self.taken)


@contextmanager
def mail_sink(**answers: object) -> Iterator[MailSink]:
    sink = MailSink(**answers)  # type: ignore[arg-type]
    controller = Controller(sink, "127.0.0.1", sink.port, ready_timeout=PATIENCE)
    controller.start()
    try:
        yield sink
    finally:
        controller.stop()
