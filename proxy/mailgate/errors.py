"""Errors, typed inside and translated once at the edge (``gateway/refusals/failure.py``, ``cli``)."""

from dataclasses import dataclass

from mailgate.model import Trouble
from mailgate.model.phrase import Phrase, joined


class MailgateError(Exception):
    """The root of every error that Mailgate raises on purpose.

    Its text is for the command line; pages and the API show its ``words``.
    """

    by_command: str = ""
    """A text that only the command line adds after the words, such as the command that helps."""

    def __str__(self) -> str:
        return f"{super().__str__()}{self.by_command}"

    @property
    def words(self) -> str:
        """The message. A phrase, which can be translated, if it was raised with one."""
        return next((each for each in self.args if isinstance(each, Phrase)), super().__str__())


@dataclass(frozen=True, slots=True, order=True)
class Mistake:
    """One thing wrong in a file that a person wrote: where, what, and what was expected."""

    file: str
    line: int
    column: int
    message: str

    def __str__(self) -> str:
        return str(self.text)

    @property
    def place(self) -> str:
        """The place in words."""
        return f"{self.file}:{self.line}:{self.column}"

    @property
    def text(self) -> str:
        """The whole mistake in words; a phrase if its message is one."""
        return joined((self.place, self.message), ": ")


class ConfigError(MailgateError):
    """Files that cannot be used. Carries every mistake found, never only the first."""

    def __init__(self, mistakes: list[Mistake]) -> None:
        self.mistakes = sorted(mistakes)
        super().__init__(joined((each.text for each in self.mistakes), "\n"))


class SourceError(MailgateError):
    """A source could not be read. ``hint`` is in Mailgate's own words; ``status`` is the HTTP status, if there was
    one."""

    def __init__(self, trouble: Trouble, hint: str = "", status: int = 0) -> None:
        self.trouble = trouble
        self.hint = hint
        self.status = status
        self.details: tuple[str, ...] = ()
        """The exact errors, for the person who asked. They may quote the source, so they are never logged."""
        super().__init__(f"{trouble}: {hint}" if hint else str(trouble))
