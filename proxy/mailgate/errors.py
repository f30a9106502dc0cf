"""Errors, typed inside and translated once at the edge (``gateway/refusals/failure.py``, ``cli``)."""

from dataclasses import dataclass
from enum import StrEnum

from mailgate.model.phrase import Phrase, joined


class MailgateError(Exception):
    """The root of every error that Mailgate raises on purpose.

    Its text is for the command line; pages and the API show its ``words``.
    """

    by_command: str = ""
    """A text that only the command line adds after the words, such as the command that helps."""

    def __init__(self, *args: object, by_command: str = "") -> None:
        super().__init__(*args)
        if by_command:
            self.by_command = by_command

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


class Trouble(StrEnum):
    """Why a source could not be read, in a word for logs, metrics and people. None of them quotes the source."""

    UNREACHABLE = "unreachable"
    """No connection."""
    TIMEOUT = "timeout"
    """An answer or a run took too long."""
    CERTIFICATE = "certificate"
    """The server's certificate is not trusted."""
    LOGIN = "login-refused"
    """The account or its secret is not accepted."""
    RIGHT = "right-missing"
    """The account may not read this."""
    THROTTLED = "throttled"
    """The source asks to wait repeatedly."""
    STATUS = "unexpected-status"
    """An HTTP status for which there is no other word."""
    TOO_BIG = "too-big"
    """One answer, or a whole run, is too big."""
    SHAPE = "unexpected-shape"
    """An answer does not have the form that the API documents."""
    NAME = "not-its-name"
    """A device was requested by a name that this source never uses."""
    ELSEWHERE = "leads-elsewhere"
    """A redirect or a next page at another host."""
    CUT = "cut-short"
    """The list changed while it was read, so that a device may have been missed."""
    CURSOR = "cursor-refused"
    """The source no longer knows the changes since then, so everything has to be read."""
    GONE = "too-many-gone"
    """More devices are gone than one run may find gone."""
    FILE = "file-unreadable"
    STORE = "store-unavailable"
    STOPPED = "stopped"
    FAULT = "fault"
    """A mistake in Mailgate itself; the log says where."""


class SourceError(MailgateError):
    """A source could not be read. ``hint``: in Mailgate's own words; ``status``: of HTTP, if there was one."""

    def __init__(self, trouble: Trouble, hint: str = "", status: int = 0) -> None:
        self.trouble = trouble
        self.hint = hint
        self.status = status
        self.details: tuple[str, ...] = ()
        """The exact errors, for the person who asked. They may quote the source, so they are never logged."""
        super().__init__(f"{trouble}: {hint}" if hint else str(trouble))


@dataclass(frozen=True, slots=True)
class LineMistake:
    """One mistake in one line: the place, what is wrong, and what was expected."""

    line: int
    field: str
    """The key or column; empty if the mistake is about the whole line."""
    message: str

    def __str__(self) -> str:
        return f"line {self.line}{f', {self.field}' if self.field else ''}: {self.message}"


class LinesRefusedError(SourceError):
    """Some lines are wrong, so none was taken: ``count`` mistakes, of which ``mistakes`` are the first."""

    def __init__(self, mistakes: list[LineMistake], count: int) -> None:
        self.mistakes = mistakes
        self.count = count
        super().__init__(Trouble.FILE, f"{count} mistakes; nothing was imported")
        self.details = tuple(map(str, mistakes))
