"""Reads the files of the package: texts, tables, catalogs, styles. They are a part of the program, and whoever packages or changes one reads
what is wrong with it, where, and what is expected, as of a mistake in the settings."""

import re
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import TypeVar

from pydantic import BaseModel, ValidationError

from mailgate.errors import ConfigError, Mistake

Shape = TypeVar("Shape", bound=BaseModel)
_AT = re.compile(r" \(at line (\d+), column (\d+)\)$")
_KINDS = {
    "missing": "the key is missing; add it",
    "extra_forbidden": "this key has no meaning here; remove it",
}


@dataclass(frozen=True, slots=True)
class OwnFile:
    """One file of the package."""

    package: str
    name: str
    """Its place in the folder of the package, with slashes."""

    @property
    def path(self) -> Traversable:
        return files(self.package).joinpath(*self.name.split("/"))

    def text(self) -> str:
        """Raises ConfigError."""
        with self.mistakes():
            return self.path.read_text("utf-8")

    def table(self, shape: type[Shape]) -> Shape:
        """What a TOML file says. Raises ConfigError with every mistake."""
        text = self.text()
        with self.mistakes():
            read = tomllib.loads(text)
        try:
            return shape.model_validate(read)
        except ValidationError as error:
            wrong = (
                self.wrong(each["loc"], _KINDS.get(each["type"], each["msg"])) for each in error.errors()
            )
            raise ConfigError([mistake for each in wrong for mistake in each.mistakes]) from error

    def wrong(self, keys: tuple[int | str, ...], message: str) -> ConfigError:
        """What is wrong at the innermost of these keys that the file has."""
        place = (_line(self.text(), keys), 1)
        return self._unusable(place, f"{'.'.join(map(str, keys))}: {message}")

    @contextmanager
    def mistakes(self, *unreadable: type[Exception], first_line: int = 1) -> Iterator[None]:
        """While the file is read: what is wrong with it becomes a ConfigError, also the errors of a library that reads it, which may
        know the line as ``lineno``, counted from ``first_line``."""
        try:
            yield
        except OSError as error:
            raise self._unusable(
                (1, 1), f"cannot be read: {error.strerror}; expected is a file of the release"
            ) from error
        except UnicodeDecodeError as error:
            line = error.object.count(b"\n", 0, error.start) + 1
            raise self._unusable((line, 1), "is not UTF-8; write it in UTF-8") from error
        except tomllib.TOMLDecodeError as error:
            at = _AT.search(str(error))
            where = (int(at[1]), int(at[2])) if at else (1, 1)
            raise self._unusable(where, f"is not TOML; {_AT.sub('', str(error))}") from error
        except unreadable as error:
            raise self._unusable(
                ((getattr(error, "lineno", None) or first_line) + 1 - first_line, 1), str(error)
            ) from error

    def _unusable(self, place: tuple[int, int], message: str) -> ConfigError:
        about = f"{message}; a file of Mailgate: install it again, or mend what was changed"
        return ConfigError([Mistake(str(self.path), *place, about)])


def _line(text: str, keys: tuple[int | str, ...]) -> int:
    """The line of the innermost of these keys that the text has, each looked for behind the one around it; 1 if it has none."""
    at = 0
    for key in keys:
        found = re.compile(rf"(?<![\w-]){re.escape(str(key))}(?![\w-])").search(text, at)
        at = found.start() if found else at
    return text.count("\n", 0, at) + 1
