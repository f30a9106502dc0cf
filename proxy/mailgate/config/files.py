"""Reads files so that every mistake of every file is reported at once."""

from collections.abc import Mapping
from errno import ENOENT
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel

from mailgate.config.document import MAX_BYTES, Document, DocumentError, read_document
from mailgate.config.mistakes import validated
from mailgate.errors import ConfigError, Mistake
from mailgate.model.phrase import phrase

Model = TypeVar("Model", bound=BaseModel)


class Reading:
    """One pass over some files. It collects mistakes, paths and the texts that were read, and raises nothing before the
    end.

    ``kept`` has texts in place of files. With it nothing is read from disk.
    """

    def __init__(self, kept: Mapping[Path, str] | None = None) -> None:
        self.mistakes: list[Mistake] = []
        self.paths: list[Path] = []
        self.absent: list[Path] = []
        """The files that were requested and do not exist."""
        self.texts: dict[Path, str] = {}
        self._kept = kept

    def has(self, path: Path) -> bool:
        """Whether a file exists at ``path``."""
        there = path.exists() if self._kept is None else path in self._kept
        if not there:
            self.absent.append(path)
        return there

    def document(self, path: Path) -> Document | None:
        """The document in a file; None if it has mistakes, which are noted."""
        self.paths.append(path)
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
                Mistake(str(path), 1, 1, phrase("cannot be read: %(why)s; expected a YAML file", why=reason))
            )
        return None

    def _bytes(self, path: Path) -> bytes:
        if self._kept is None:
            with path.open("rb") as file:
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


Stamp = tuple[int, int, int]
"""The inode, the time of the last change in nanoseconds, and the size."""


def stamp_of(path: Path) -> Stamp | None:
    """A stamp of the file, which differs after every change that the file system notes; None if there is no such
    file."""
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_ino, found.st_mtime_ns, found.st_size
