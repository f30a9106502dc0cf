"""The transport by which the postman sends a message, in two steps: the first can be aborted, the second cannot. One writes
``.eml`` files into a folder, for another program that sends them."""

import asyncio
import os
from contextlib import suppress
from dataclasses import dataclass, field
from email.message import EmailMessage
from email.policy import SMTP as WIRE
from email.utils import parseaddr
from pathlib import Path
from typing import Any, Literal, Protocol

import aiosmtplib
from aiosmtplib import SMTP

from mailgate.atomic_files import sync_folder
from mailgate.errors import MailgateError


class RejectedMailError(MailgateError):
    """This message is refused for good: a 5xx answer about it or its recipient."""


class DeferredError(MailgateError):
    """This message is not taken now: a 4xx answer."""


class TransportDownError(MailgateError):
    """No message can be sent now, to any recipient. The text is one word."""


class UnknownOutcomeError(MailgateError):
    """No answer came, so it is unknown whether the message was taken."""


class MailTransport(Protocol):
    """Sends one message at a time."""

    async def prepare(self, message: EmailMessage, key: str) -> None:
        """Do everything that can be aborted. Raises RejectedMailError, DeferredError or TransportDownError.

        :param key: the id of the mail, in letters and digits; the same at every try.
        """
        ...

    async def abort(self, key: str) -> None:
        """Drop the prepared message. Never raises."""
        ...

    async def commit_delivery(self, key: str) -> None:
        """Deliver the prepared message. Raises RejectedMailError, DeferredError or UnknownOutcomeError."""
        ...

    async def was_delivered(self, key: str) -> bool | None:
        """Whether another process delivered this message before it died; None if unknown."""
        ...

    async def close(self) -> None:
        """Close the connection, if there is one. Never raises."""
        ...


class FolderTransport:
    """A ``MailTransport`` into one folder, which is created with the first message."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    async def prepare(self, message: EmailMessage, key: str) -> None:
        try:
            await asyncio.to_thread(self._write, message.as_bytes(policy=WIRE), key)
        except OSError as error:
            raise TransportDownError(type(error).__name__) from None

    async def abort(self, key: str) -> None:
        with suppress(OSError):
            await asyncio.to_thread(self._draft(key).unlink, missing_ok=True)

    async def commit_delivery(self, key: str) -> None:
        try:
            await asyncio.to_thread(self._publish, key)
        except OSError as error:
            raise DeferredError(type(error).__name__) from None

    async def was_delivered(self, key: str) -> bool | None:
        """False while there is a draft; None if no file is left: a program may have taken it, or the folder was changed."""
        if await asyncio.to_thread(self._draft(key).exists):
            return False
        return True if await asyncio.to_thread(self._file(key).exists) else None

    async def close(self) -> None:
        """Do nothing, since nothing is kept open."""

    def _draft(self, key: str) -> Path:
        return self._folder / f".{key}.part"

    def _file(self, key: str) -> Path:
        return self._folder / f"{key}.eml"

    def _write(self, content: bytes, key: str) -> None:
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o770)
        place = os.open(self._draft(key), os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o660)
        with os.fdopen(place, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())

    def _publish(self, key: str) -> None:
        self._draft(key).rename(self._file(key))
        sync_folder(self._folder)


TIMEOUT_SECONDS = 10.0
"""The seconds for each step of a transaction."""
_ANSWER = 30.0
"""The seconds for the answer to a whole message, which a server may scan first."""
_CLOSING = 421
_FAULTS = (aiosmtplib.SMTPException, OSError)
"""No connection, no answer in time, or a refusal."""


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
        except _FAULTS as error:
            raise MailRefused(_word(error)) from None


class SmtpTransport:
    """A ``MailTransport`` to one mail server, one transaction after the other on one connection (RFC 5321).

    Until the server has accepted sender and recipient a mail can be aborted. The message itself cannot be called back: if the answer
    to it is lost, the server may have taken it (RFC 1047).
    """

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
            await self._end_transaction(error.code)
            raise _about_one(error.code) from None
        except _FAULTS as error:
            await self.close()
            raise TransportDownError(_word(error)) from None
        self._offered = (key, message.as_bytes(policy=WIRE))

    async def abort(self, key: str) -> None:
        if self._offered[0] == key:
            self._offered = ("", b"")
            await self._end_transaction()

    async def commit_delivery(self, key: str) -> None:
        (offered, message), self._offered = self._offered, ("", b"")
        if self._client is None or offered != key:
            raise DeferredError("the message was not offered on this connection")
        try:
            await self._client.data(message, timeout=_ANSWER)
        except aiosmtplib.SMTPDataError as error:
            await self._end_transaction(error.code)
            raise _about_one(error.code) from None
        except _FAULTS as error:
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
        except _FAULTS as error:
            client.close()
            raise TransportDownError(_word(error)) from None
        self._client = client
        return client

    async def _end_transaction(self, code: int = 0) -> None:
        """End a transaction, refused with ``code`` or not. After a 421 the server closes the connection."""
        try:
            if self._client is not None and code != _CLOSING:
                await self._client.rset()
                return
        except _FAULTS:
            pass
        await self.close()


def _about_one(code: int) -> RejectedMailError | DeferredError | TransportDownError:
    return RejectedMailError(str(code)) if 500 <= code < 600 else DeferredError(str(code))


def _word(error: Exception) -> str:
    """The class of an error and its code. Its text may quote an address, so it is left out."""
    code = getattr(error, "code", None)
    return f"{type(error).__name__} {code}" if code else type(error).__name__
