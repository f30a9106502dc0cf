"""Mails by SMTP (RFC 5321), one transaction after the other on one connection.

Recipient and sender are agreed on first; only the message itself cannot be called back. Where its answer is lost, the
server may have taken it (RFC 1047).
"""

import asyncio
from contextlib import suppress
from email.message import EmailMessage
from email.policy import SMTP as WIRE
from email.utils import parseaddr

import aiosmtplib
from aiosmtplib import SMTP

from mailgate.mail.smtp import MailServer
from mailgate.mail.way import LaterError, LostError, RefusedMailError, WayDownError

_ANSWER = 30.0
"""Seconds for the answer to a whole message, which a server may look through first."""
_CLOSING = 421


class BySmtp:
    """A ``MailWay`` to one mail server."""

    def __init__(self, server: MailServer) -> None:
        self._server = server
        self._client: SMTP | None = None
        self._offered: tuple[str, bytes] = ("", b"")

    async def offer(self, mail: EmailMessage, key: str) -> None:
        client = await self._connected()
        try:
            await client.mail(parseaddr(mail["From"])[1])
            await client.rcpt(parseaddr(mail["To"])[1])
        except aiosmtplib.SMTPRecipientRefused as error:
            await self._give_up(error.code)
            raise _about_one(error.code) from None
        except (
            aiosmtplib.SMTPException,
            OSError,
        ) as error:  # OSError: the connection, and a wait that was too long
            await self.close()
            raise WayDownError(_word(error)) from None
        self._offered = (key, mail.as_bytes(policy=WIRE))

    async def call_back(self, key: str) -> None:
        if self._client is not None and self._offered[0] == key:
            self._offered = ("", b"")
            try:
                await self._client.rset()
            except (aiosmtplib.SMTPException, OSError):
                await self.close()

    async def hand_over(self, key: str) -> None:
        (offered, message), self._offered = self._offered, ("", b"")
        if self._client is None or offered != key:
            raise LaterError("nothing was offered")
        try:
            await self._client.data(message, timeout=_ANSWER)
        except aiosmtplib.SMTPDataError as error:
            await self._give_up(error.code)
            raise _about_one(error.code) from None
        except (aiosmtplib.SMTPException, OSError) as error:
            await self.close()
            raise LostError(_word(error)) from None

    async def was_taken(self, key: str) -> bool | None:  # noqa: ARG002 - the way's own signature
        """No mail server says what it has taken."""
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
            raise WayDownError(_word(error)) from None
        self._client = client
        return client

    async def _give_up(self, code: int) -> None:
        """End a transaction that was refused; after a 421 the connection is gone."""
        if code == _CLOSING or self._client is None:
            await self.close()
            return
        try:
            await self._client.rset()
        except (aiosmtplib.SMTPException, OSError):
            await self.close()


def _about_one(code: int) -> RefusedMailError | LaterError | WayDownError:
    return RefusedMailError(str(code)) if 500 <= code < 600 else LaterError(str(code))


def _word(error: Exception) -> str:
    """The kind of an error and its code: the text may quote an address."""
    code = getattr(error, "code", None)
    return f"{type(error).__name__} {code}" if code else type(error).__name__
