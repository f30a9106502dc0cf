"""Creates an SQLite store that gets its name only once it is complete. An incomplete one could be taken for a
backup."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from mailgate.atomic_files import give_name, is_at
from mailgate.store.errors import StoreError


class StoreExistsError(StoreError):
    """A file with the name of the new store exists."""


@contextmanager
def new_store_file(path: Path) -> Iterator[Path]:
    """Yield a path for the draft of the store, in a folder beside ``path``. The draft is renamed to ``path`` if the
    body ends without an error.

    The draft of a command that was killed is deleted. Raises StoreExistsError if ``path`` exists, or StoreError.
    """
    try:
        with _held(path.with_name(f"{path.name}.part")) as folder:
            draft = folder / path.name
            _clear(folder, draft)
            try:
                yield draft
                _name(draft, path)
            finally:
                _delete(draft)
                folder.rmdir()
    except OSError as error:
        raise StoreError(f"{error.filename or path} cannot be made: {error.strerror}") from error


@contextmanager
def _held(folder: Path) -> Iterator[Path]:
    """Make a folder that only its owner can read, and lock it while this process lives."""
    while True:
        folder.mkdir(mode=0o700, exist_ok=True)
        handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
        try:
            _lock(handle, folder)
            if is_at(folder, handle):  # the process that held it before may have deleted it
                yield folder
                return
        finally:
            os.close(handle)


def _lock(handle: int, folder: Path) -> None:
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        raise StoreError(f"another command writes to {folder}; wait for its end") from error


def _clear(folder: Path, draft: Path) -> None:
    _delete(draft)
    if any(folder.iterdir()):
        raise StoreError(f"{folder} holds other files; move them away")


def _name(draft: Path, path: Path) -> None:
    with draft.open("rb") as file:
        os.fsync(file.fileno())
    try:
        give_name(draft, path)
    except FileExistsError as error:
        raise StoreExistsError(
            f"{path} is there already and stays as it is; expected the name of a new file"
        ) from error


def _delete(draft: Path) -> None:
    for end in ("", "-wal", "-shm", "-journal"):
        Path(f"{draft}{end}").unlink(missing_ok=True)
