"""Allows one demo in a folder. A second one would write other settings, which the first one would load at once."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from mailgate.errors import MailgateError


class TakenError(MailgateError):
    """Another demo runs in this folder."""


@contextmanager
def locked_folder(directory: Path) -> Iterator[None]:
    """Hold the folder until the body ends or the process dies. A missing folder is made.

    Raises TakenError, or OSError.
    """
    directory.mkdir(parents=True, exist_ok=True)
    file = os.open(directory / ".lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(file)
        raise TakenError(
            f"a demo runs in {directory} already: end it, or give this one another --directory and --port"
        ) from None
    try:
        yield
    finally:
        os.close(file)
