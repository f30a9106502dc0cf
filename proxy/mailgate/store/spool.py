"""Keeps lines on disk while the store cannot be reached. Each kind of record has a file. Lines are appended to it, and
all of them are taken at once. Forgotten data is removed from them too.

Several processes may share a folder. A process that appends or takes holds a lock on the file itself, so the lock ends
with the process.
"""

import asyncio
import fcntl
import json
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import NamedTuple

from mailgate.atomic_files import is_at, sync_folder
from mailgate.devices.device import Device
from mailgate.policy.people import user_text
from mailgate.store.errors import StoreUnavailableError

SUFFIX, _TAKEN = ".jsonl", ".taken"
_BLOCK = 1 << 20


def waits_in(folder: Path) -> bool:
    """Whether lines of any kind wait in a folder, which may hold other files too."""
    return folder.is_dir() and any(each.suffix in (SUFFIX, _TAKEN) for each in folder.iterdir())


class _Counted(NamedTuple):
    """The number of lines of a file in one state: its number, size and time of change."""

    state: tuple[int, int, int] = (0, 0, 0)
    lines: int = 0


class Spool:
    """A bounded file of lines that only its owner can read. Methods block and may raise ``OSError``."""

    def __init__(self, path: Path, limit: int) -> None:
        self._path = path
        self._taken = path.with_suffix(_TAKEN)
        self._limit = limit
        self._counted: dict[Path, _Counted] = {}

    @property
    def waiting(self) -> bool:
        return self._path.exists() or self._taken.exists()

    def count(self) -> int:
        """The number of lines in the files now, whichever process wrote them; the last known number if they cannot be read. A
        file is read again only if it has changed."""
        with suppress(OSError):
            self._counted = {path: self._count(path) for path in (self._path, self._taken)}
        return sum(each.lines for each in self._counted.values())

    def _count(self, path: Path) -> "_Counted":
        try:
            with path.open("rb") as file:
                of = os.fstat(file.fileno())
                state = of.st_ino, of.st_size, of.st_mtime_ns
                before = self._counted.get(path)
                if before is not None and before.state == state:
                    return before
                blocks = iter(lambda: file.read(_BLOCK), b"")
                return _Counted(state, sum(block.count(b"\n") for block in blocks))
        except (FileNotFoundError, NotADirectoryError):
            return _Counted()

    def append(self, lines: Iterable[str]) -> int:
        """Write whole lines as far as ``limit`` bytes allow, and sync them to disk. Returns how many."""
        self._path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        with _locked(self._path, os.O_CREAT | os.O_APPEND | os.O_RDWR) as file:
            size = os.fstat(file).st_size
            kept = list(_fitting(lines, self._limit - size))
            # A process that died while writing may have left half a line, which is ended first.
            torn = size > 0 and os.pread(file, 1, size - 1) != b"\n"
            _write(file, (b"\n" if torn else b"") + b"".join(kept))
            os.fsync(file)
        sync_folder(self._path.parent)
        return len(kept)

    @contextmanager
    def take(self) -> Iterator[list[str]]:
        """Yield the oldest whole lines, which are deleted if the ``with`` body succeeds; none if another process takes lines."""
        self._set_aside()
        file = self._lock_taken()
        if file is None:
            yield []
            return
        try:
            yield _read_lines(file)
            self._taken.unlink()
        finally:
            os.close(file)

    def forget(self, about: Callable[[str], bool]) -> int:
        """Remove and overwrite the lines that match ``about``. Returns how many there were."""
        gone = 0
        for path in (self._path, self._taken):
            with suppress(FileNotFoundError), _locked(path, os.O_RDWR) as file:
                gone += _take_out(path, file, about)
        return gone

    def _set_aside(self) -> None:
        """Rename the file, so that new lines go into another file. Nothing is done if older lines still wait."""
        try:
            with _locked(self._path, os.O_RDWR):
                if not self._taken.exists():
                    self._path.rename(self._taken)
        except FileNotFoundError:
            return

    def _lock_taken(self) -> int | None:
        """Open the renamed file; None if there is none or another process has it."""
        try:
            file = os.open(self._taken, os.O_RDWR)
        except FileNotFoundError:
            return None
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(file)
            return None
        if is_at(self._taken, file):
            return file
        os.close(file)
        return None


@contextmanager
def _locked(path: Path, flags: int) -> Iterator[int]:
    while True:
        file = os.open(path, flags, 0o600)
        try:
            fcntl.flock(file, fcntl.LOCK_EX)
            if is_at(path, file):
                yield file
                return
        finally:
            os.close(file)


def _read_lines(file: int) -> list[str]:
    with os.fdopen(os.dup(file), "rb") as stream:
        return [line.decode("utf-8", "replace") for line in stream.read().split(b"\n") if line]


def _take_out(path: Path, file: int, about: Callable[[str], bool]) -> int:
    """Replace the file by one without the matching lines. No other line is lost, even if the process is killed."""
    lines = _read_lines(file)
    kept = [line for line in lines if not about(line)]
    if len(kept) == len(lines):
        return 0
    fresh = path.with_name(f"{path.name}.fresh")
    with os.fdopen(os.open(fresh, os.O_CREAT | os.O_TRUNC | os.O_WRONLY, 0o600), "wb") as stream:
        stream.writelines(line.encode() + b"\n" for line in kept)
        stream.flush()
        os.fsync(stream.fileno())
    if kept:
        fresh.rename(path)
    else:
        fresh.unlink()
        path.unlink()
    sync_folder(path.parent)
    os.pwrite(file, bytes(os.fstat(file).st_size), 0)
    os.fsync(file)
    return len(lines) - len(kept)


def _fitting(lines: Iterable[str], room: int) -> Iterator[bytes]:
    for line in lines:
        data = line.encode() + b"\n"
        room -= len(data)
        if room < 0:
            return
        yield data


def _write(file: int, data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(file, view) :]


async def forget_lines(spools: Sequence[Spool], words: Iterable[str]) -> None:
    """Remove every line with one of these words from the spools, before rows are deleted: they would bring them back. If it
    raises StoreUnavailableError, the data is not forgotten."""
    about = has_one_of(words)
    try:
        for spool in spools:
            await asyncio.to_thread(spool.forget, about)
    except OSError as error:
        raise StoreUnavailableError(f"the spool cannot be rewritten: {error.strerror}") from error


def words_of(device: Device) -> list[str]:
    """The words by which a line may name a device."""
    texts = [text for _, text in device.names]
    return [device.id, *device.former_ids, *texts, *(report.id for report in device.reports)]


def names_of(devices: Iterable[Device]) -> list[str]:
    """Every word by which a line, or a row that a person made, may name one of these devices."""
    return sorted({word for device in devices for word in words_of(device)})


def has_one_of(words: Iterable[str]) -> Callable[[str], bool]:
    """Make a test for lines that have one of these words, or are incomplete, so that nobody can tell what they were about."""
    wanted = frozenset(map(user_text, words)) - {""}

    def about(line: str) -> bool:
        try:
            told = json.loads(line)
        except ValueError:
            return True
        return any(user_text(text) in wanted for text in _texts(told))

    return about


def _texts(told: object) -> Iterator[str]:
    if isinstance(told, str):
        yield told
    elif isinstance(told, dict):
        yield from (text for each in told.values() for text in _texts(each))
    elif isinstance(told, list):
        yield from (text for each in told for text in _texts(each))
