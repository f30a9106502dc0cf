"""Reads files, all of one state, with every mistake at once; finds those that other users may read or change."""

import os
import stat
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from errno import ENOENT
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel

from mailgate.config.document import MAX_BYTES, Document, DocumentError, read_document
from mailgate.config.mistakes import validated
from mailgate.errors import ConfigError, Mistake
from mailgate.model.phrase import phrase

Model = TypeVar("Model", bound=BaseModel)
Read = TypeVar("Read")

Stamp = tuple[int, int, int]
"""The inode, the time of the last change in nanoseconds, and the size."""
Stamps = dict[Path, Stamp | None]
"""The stamp of each file when it was read; None if there was no such file."""
MAX_READS = 5
"""How often files are read if they are replaced each time."""


class FilesReading:
    """One pass over some files. It collects mistakes, stamps and the texts that were read, and raises nothing before
    the end.

    ``kept`` has texts in place of files. With it nothing is read from disk.
    """

    def __init__(self, kept: Mapping[Path, str] | None = None, stamps: Stamps | None = None) -> None:
        self.mistakes: list[Mistake] = []
        self.texts: dict[Path, str] = {}
        self._kept = kept
        self._stamps: Stamps = {} if stamps is None else stamps

    def has(self, path: Path) -> bool:
        """Whether a file exists at ``path``."""
        there = path.exists() if self._kept is None else path in self._kept
        if not there:
            self._stamps[path] = None
        return there

    def document(self, path: Path) -> Document | None:
        """The document in a file; None if it has mistakes, which are noted."""
        try:
            document = read_document(self._bytes(path), str(path))
            self.mistakes += document.mistakes
            self.texts[path] = document.text
            return document
        except DocumentError as error:
            self.mistakes.append(error.mistake)
        except (OSError, ValueError) as error:  # ValueError: no file can have this name
            reason = (getattr(error, "strerror", None) or str(error)).lower()
            self.mistakes.append(
                Mistake(str(path), 1, 1, phrase("cannot be read: %(why)s; use a YAML file", why=reason))
            )
        return None

    def _bytes(self, path: Path) -> bytes:
        if self._kept is None:
            with path.open("rb") as file:
                self._stamps[path] = _stamp(os.fstat(file.fileno()))
                return file.read(MAX_BYTES + 1)
        if path not in self._kept:
            raise FileNotFoundError(ENOENT, "not kept with this version")
        return self._kept[path].encode()

    def model(self, kind: type[Model], document: Document | None, context: Mapping[str, Any]) -> Model | None:
        """The document as a model; None if it has mistakes, which are noted."""
        if document is None:
            return None
        result, mistakes = validated(kind, document, context)
        self.mistakes += mistakes
        return result

    def finish(self) -> None:
        """:raises ConfigError: if any mistake was noted."""
        if self.mistakes:
            raise ConfigError(list(dict.fromkeys(self.mistakes)))


def steadily(read: Callable[[Stamps], Read]) -> Read:
    """What ``read`` makes of files that are all of one state.

    A program may replace them meanwhile: a folder behind a link as a whole, or one file after another. Then they are read
    again. Raises what ``read`` raises, or ConfigError if they are replaced each time.
    """
    stamps: Stamps = {}
    for _ in range(MAX_READS):
        stamps = {}
        try:
            result = read(stamps)
        except ConfigError:
            if _are_as_read(stamps):
                raise
        else:
            if _are_as_read(stamps):
                return result
    why = phrase("the files were replaced each time that they were read; leave them in place for a moment")
    raise ConfigError([Mistake(str(next(iter(stamps))), 1, 1, why)])


def _are_as_read(stamps: Stamps) -> bool:
    return all(stamp_of(path) == stamp for path, stamp in stamps.items())


def stamp_of(path: Path) -> Stamp | None:
    """A stamp that differs after every change that the file system notes; None if there is no such file."""
    try:
        return _stamp(path.stat())
    except (OSError, ValueError):  # ValueError: no file can have this name
        return None


def _stamp(found: os.stat_result) -> Stamp:
    return found.st_ino, found.st_mtime_ns, found.st_size


@dataclass(frozen=True, slots=True)
class ExposedFile:
    """A file with too wide permissions."""

    path: Path
    may: str
    """What others may do: ``read`` or ``change`` it."""
    secret: bool
    """Whether it holds a secret, so that no other user may read it."""
    needed: bool = False
    """Whether the gate itself can read it only because everybody can, such as a file that was mounted for it."""

    @property
    def refused(self) -> bool:
        """Whether a gate refuses to start with it."""
        return self.secret and not self.needed

    @property
    def words(self) -> str:
        """What is wrong with it, without its path."""
        what = "holds a secret" if self.secret else "decides what the gate does"
        taken = "o-w" if self.may == "change" else "o-r"
        return f"{what}, and every user of this machine may {self.may} it; use `chmod {taken}` there"

    def __str__(self) -> str:
        return f"{self.path} {self.words}"


def exposed_files(
    secrets: Sequence[Path], hashes: Sequence[Path], others: Sequence[Path]
) -> Iterator[ExposedFile]:
    """The files with too wide permissions.

    :param secrets: files with a secret.
    :param hashes: files with the hash of a secret, which allows guessing.
    :param others: files that decide what the gate does.
    """
    with_secret, read = set(secrets), {*secrets, *hashes}
    for path in dict.fromkeys((*secrets, *hashes, *others)):
        yield from _found(path, secret=path in with_secret, read=path in read)


def _found(path: Path, *, secret: bool, read: bool) -> Iterator[ExposedFile]:
    try:
        real = path.resolve(strict=True)
        file, folders = real.stat(), [folder.stat() for folder in real.parents]
    except OSError:  # the reader of the file reports it
        return
    if not all(each.st_mode & stat.S_IXOTH for each in folders):
        return  # others cannot reach the file
    if file.st_mode & stat.S_IWOTH or any(map(_lets_replace, folders)):
        yield ExposedFile(path, "change", secret)
    elif read and file.st_mode & stat.S_IROTH:
        yield ExposedFile(path, "read", secret, needed=not _reads_anyway(file))


def _lets_replace(folder: os.stat_result) -> bool:
    return bool(folder.st_mode & stat.S_IWOTH) and not folder.st_mode & stat.S_ISVTX


def _reads_anyway(file: os.stat_result) -> bool:
    """Whether this process may read it by other rights than those of everybody."""
    if os.geteuid() in (0, file.st_uid):
        return True
    return file.st_gid in (os.getegid(), *os.getgroups()) and bool(file.st_mode & stat.S_IRGRP)
