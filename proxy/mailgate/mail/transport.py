"""The transport by which the postman sends a message, in two steps: the first can be aborted, the second cannot. One writes
``.eml`` files into a folder, for another program that sends them."""

import asyncio
import os
from contextlib import suppress
from email.message import EmailMessage
from email.policy import SMTP as WIRE
from pathlib import Path
from typing import Protocol

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
        """Whether the message was handed over; None if neither name exists: a program may have taken the file, or the
        folder was changed."""
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
