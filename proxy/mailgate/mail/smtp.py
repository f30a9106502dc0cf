"""Sends messages by SMTP (RFC 5321), one transaction after the other on one connection.

The server first accepts sender and recipient, and until then the mail can be aborted. The message itself cannot be
called back: if the server's answer to it is lost, the server may have taken it (RFC 1047).
"""

import asyncio
from contextlib import suppress
from dataclasses import dataclass, field
from email.message import EmailMessage
from email.policy import SMTP as WIRE
from email.utils import parseaddr
from typing import Any, Literal

import aiosmtplib
from aiosmtplib import SMTP

from mailgate.mail.transport import DeferredError, RejectedMailError, TransportDownError, UnknownOutcomeError

TIMEOUT_SECONDS = 10.0
"""The seconds for each step of a transaction."""
_ANSWER = 30.0
"""The seconds for the answer to a whole message, which a server may scan first."""
_CLOSING = 421


class MailRefused(OSError):
    """The mail server did not take a message."""


@dataclass(frozen=True, slots=True)
class MailServer:
    """The connection to one mail server. Its certificate is checked if the connection has one."""

    host: str
    port: int
    security: Literal["starttls", "tls", "none"]
    username: str | None = None
    password: str | None = field(default=None, repr=False)

    def reached(self) -> dict[str, Any]:
        """The arguments of aiosmtplib's client, and of its ``send``."""
        return {
            "hostname": self.host,
            "port": self.port,
            "username": self.username,
            "password": self.password,
            "use_tls": self.security == "tls",
            "start_tls": self.security == "starttls",
            "timeout": TIMEOUT_SECONDS,
        }

    async def send(self, message: EmailMessage) -> None:
        """Hand one message over. Raises OSError."""
        try:
            await aiosmtplib.send(message, **self.reached())
        except aiosmtplib.SMTPException as error:
            raise MailRefused(type(error).__name__) from None

    async def greet(self) -> None:
        """Connect, log in and leave. Raises MailRefused."""
        try:
            async with SMTP(**self.reached()):
                pass
        except (aiosmtplib.SMTPException, OSError) as error:
            raise MailRefused(_word(error)) from None


class SmtpTransport:
    """A ``MailTransport`` to one mail server."""

    def __init__(self, server: MailServer) -> None:
        self._server = server
        self._client: SMTP | None = None
        self._offered: tuple[str, bytes] = ("", b"")

    async def prepare(self, message: EmailMessage, key: str) -> None:
        client = await self._connected()
        try:
            await client.mail(parseaddr(message["From"])[1])
            await client.rcpt(parseaddr(message["To"])[1])
        except aiosmtplib.SMTPRecipientRefused as error:
            await self._give_up(error.code)
            raise _about_one(error.code) from None
        except (
            aiosmtplib.SMTPException,
            OSError,
        ) as error:  # OSError: the connection failed, or an answer took too long
            await self.close()
            raise TransportDownError(_word(error)) from None
        self._offered = (key, message.as_bytes(policy=WIRE))

    async def abort(self, key: str) -> None:
        if self._client is not None and self._offered[0] == key:
            self._offered = ("", b"")
            try:
                await self._client.rset()
            except (aiosmtplib.SMTPException, OSError):
                await self.close()

    async def commit_delivery(self, key: str) -> None:
        (offered, message), self._offered = self._offered, ("", b"")
        if self._client is None or offered != key:
            raise DeferredError("the message was not offered on this connection")
        try:
            await self._client.data(message, timeout=_ANSWER)
        except aiosmtplib.SMTPDataError as error:
            await self._give_up(error.code)
            raise _about_one(error.code) from None
        except (aiosmtplib.SMTPException, OSError) as error:
            await self.close()
            raise UnknownOutcomeError(_word(error)) from None

    async def was_delivered(self, key: str) -> bool | None:  # noqa: ARG002 - the protocol's signature
        """None, since a mail server does not tell which messages it has taken."""
        return None

    async def close(self) -> None:
        client, self._client = self._client, None
        if client is not None and client.is_connected:
            with suppress(aiosmtplib.SMTPException, OSError, asyncio.TimeoutError):
                await client.quit(timeout=1)
            client.close()

    async def _connected(self) -> SMTP:
        if self._client is not None and self._client.is_connected:
            return self._client
        client = SMTP(**self._server.reached())
        try:
            await client.connect()
        except (aiosmtplib.SMTPException, OSError) as error:
            client.close()
            raise TransportDownError(_word(error)) from None
        self._client = client
        return client

    async def _give_up(self, code: int) -> None:
        """End a transaction that was refused. After a 421 the server closes the connection."""
        if code == _CLOSING or self._client is None:
            await self.close()
            return
        try:
            await self._client.rset()
        except (aiosmtplib.SMTPException, OSError):
            await self.close()


def _about_one(code: int) -> RejectedMailError | DeferredError | TransportDownError:
    return RejectedMailError(str(code)) if 500 <= code < 600 else DeferredError(str(code))


def _word(error: Exception) -> str:
    """The class of an error and its code. Its text may quote an address, so it is left out."""
    code = getattr(error, "code", None)
    return f"{type(error).__name__} {code}" if code else type(error).__name__
