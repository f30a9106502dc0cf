"""The reasons why a source could not be read, each with its own word for logs, metrics and people."""

from enum import StrEnum

from mailgate.errors import MailgateError


class Trouble(StrEnum):
    """The closed set of words. None of them quotes the source."""

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
    """A source could not be read. ``hint`` is in Mailgate's own words; ``status`` is the HTTP status, if there was
    one."""

    def __init__(self, trouble: Trouble, hint: str = "", status: int = 0) -> None:
        self.trouble = trouble
        self.hint = hint
        self.status = status
        self.details: tuple[str, ...] = ()
        """The exact errors, for the person who asked. They may quote the source, so they are never logged."""
        super().__init__(f"{trouble}: {hint}" if hint else str(trouble))
