"""Reading files so that every mistake of every file comes out at once."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel

from mailgate.config.document import MAX_BYTES, Document, DocumentError, read_document
from mailgate.config.mistakes import validated
from mailgate.errors import ConfigError, Mistake

Model = TypeVar("Model", bound=BaseModel)


class Reading:
    """One pass over some files. Collects mistakes and the paths that were read; nothing is raised before the end."""

    def __init__(self) -> None:
        self.mistakes: list[Mistake] = []
        self.paths: list[Path] = []

    def document(self, path: Path) -> Document | None:
        """The document in a file, or None with its mistakes noted."""
        self.paths.append(path)
        try:
            with path.open("rb") as file:
                document = read_document(file.read(MAX_BYTES + 1), str(path))
            self.mistakes += document.mistakes
            return document
        except DocumentError as error:
            self.mistakes.append(error.mistake)
        except (OSError, ValueError) as error:  # ValueError: a name that no file can have
            reason = (getattr(error, "strerror", None) or str(error)).lower()
            self.mistakes.append(Mistake(str(path), 1, 1, f"cannot be read: {reason}; expected a YAML file"))
        return None

    def model(self, kind: type[Model], document: Document | None, context: Mapping[str, Any]) -> Model | None:
        """The document as a model, or None with its mistakes noted."""
        if document is None:
            return None
        result, mistakes = validated(kind, document, context)
        self.mistakes += mistakes
        return result

    def finish(self) -> None:
        """:raises ConfigError: where anything was noted."""
        if self.mistakes:
            raise ConfigError(list(dict.fromkeys(self.mistakes)))
