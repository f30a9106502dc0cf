"""Finds files with secrets or rules that other users of this machine may read or change."""

import os
import stat
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from mailgate.errors import MailgateError


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

    def __str__(self) -> str:
        what = "holds a secret" if self.secret else "decides what the gate does"
        taken = "o-w" if self.may == "change" else "o-r"
        return f"{self.path} {what}, and every user of this machine may {self.may} it; expected `chmod {taken}` there"


class ExposedFileError(MailgateError):
    """Others may read or change a file with a secret."""


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


def refuse_exposed(found: Iterable[ExposedFile]) -> None:
    """Raises ExposedFileError if a gate must not start with these."""
    refused = [str(each) for each in found if each.refused]
    if refused:
        raise ExposedFileError("; ".join(refused))


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
