"""Writes files that have their name only once they are complete, even if writing is interrupted.

A file is written in its folder under another name, synced to the disk, and then given its name in one step
(rename(2), link(2)).
"""

import errno
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_NO_LINKS = {errno.EPERM, errno.EOPNOTSUPP, errno.ENOSYS}
"""The errors of file systems without hard links, like FAT."""


def write_atomically(path: Path, content: str | bytes, mode: int = 0o666) -> None:
    """Write a file, or replace it. A symbolic link is kept, and its target is replaced. Anything but a file, like a
    pipe, is written to directly. Raises OSError."""
    if path.exists() and not path.is_file():
        path.write_bytes(_encoded(content))
        return
    place = path.resolve()
    with _draft(place, content, mode) as draft:
        draft.rename(place)
    sync_folder(place.parent)


def write_new(path: Path, text: str, mode: int = 0o666) -> None:
    """Write a new file. Raises FileExistsError if the name is taken, or another OSError."""
    with _draft(path, text, mode) as draft:
        give_name(draft, path)


def give_name(draft: Path, path: Path) -> None:
    """Give a complete file a name that is free. Raises FileExistsError if it is taken, or another OSError."""
    try:
        os.link(draft, path)
    except FileExistsError as error:
        raise FileExistsError(error.errno, error.strerror, str(path)) from None
    except OSError as error:
        if error.errno not in _NO_LINKS:
            raise
        # a file that takes the name between these two lines is replaced; without links there is no better way
        if os.path.lexists(path):
            raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), str(path)) from None
        draft.rename(path)
    sync_folder(path.parent)


def sync_folder(folder: Path) -> None:
    """Sync a folder to the disk. Without this, a power cut could lose the name of a new file."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def is_at(path: Path, handle: int) -> bool:
    """Whether an opened file or folder still has this name. Another process may have renamed, replaced or deleted it."""
    try:
        return os.path.samestat(os.stat(path), os.fstat(handle))
    except FileNotFoundError:
        return False


@contextmanager
def _draft(path: Path, content: str | bytes, mode: int) -> Iterator[Path]:
    """A draft of the file under another name, which is removed at the end. An OSError names the intended path."""
    draft = path.with_name(f".{path.name[:200]}.{secrets.token_hex(4)}.part")
    try:
        try:
            opened = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, mode)
            with open(opened, "wb") as file:
                file.write(_encoded(content))
                file.flush()
                os.fsync(opened)
            yield draft
        finally:
            draft.unlink(missing_ok=True)
    except OSError as error:
        error.filename = str(path)
        raise


def _encoded(content: str | bytes) -> bytes:
    return content if isinstance(content, bytes) else content.encode()
