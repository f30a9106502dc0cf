"""Writes messages into a folder, one ``.eml`` file each, for another program that sends them.

A file is first written under a name that such a program ignores, then renamed in one step (rename(2)). So nobody sees a
half-written file, and after a crash the folder shows whether a message was handed over.
"""

import asyncio
import os
from contextlib import suppress
from email.message import EmailMessage
from email.policy import SMTP as WIRE
from pathlib import Path

from mailgate.atomic_files import sync_folder
from mailgate.mail.transport import DeferredError, TransportDownError


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
