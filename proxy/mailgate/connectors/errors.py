"""What keeps a source from being read, each with a word of its own for logs, metrics and people."""

from enum import StrEnum

from mailgate.errors import MailgateError


class Trouble(StrEnum):
    """The closed set of words. None of them quotes what the source said."""

    UNREACHABLE = "unreachable"
    """No connection."""
    TIMEOUT = "timeout"
    """An answer, or a run, took longer than it may."""
    CERTIFICATE = "certificate"
    """The server's certificate is not one that is trusted."""
    LOGIN = "login-refused"
    """The account or its secret is not accepted."""
    RIGHT = "right-missing"
    """The account may not read this."""
    THROTTLED = "throttled"
    """Asked to wait again and again."""
    STATUS = "unexpected-status"
    """An HTTP status that no other word is for."""
    TOO_BIG = "too-big"
    """One answer, or all of a run, is bigger than it may be."""
    SHAPE = "unexpected-shape"
    """An answer that is not what the API's documentation says."""
    ELSEWHERE = "leads-elsewhere"
    """A redirect or a next page at another host."""
    CUT = "cut-short"
    """The list changed while it was read, so that a device may have been missed."""
    CURSOR = "cursor-refused"
    """What changed since then cannot be told any more; everything has to be read."""
    GONE = "too-many-gone"
    """More devices would be gone than one run may find gone."""
    FILE = "file-unreadable"
    STORE = "store-unavailable"
    STOPPED = "stopped"
    FAULT = "fault"
    """A mistake in Mailgate itself; the log says where."""


class SourceError(MailgateError):
    """A source that could not be read. ``hint`` is in our own words; ``status`` the HTTP status where there was one."""

    def __init__(self, trouble: Trouble, hint: str = "", status: int = 0) -> None:
        self.trouble = trouble
        self.hint = hint
        self.status = status
        self.details: tuple[str, ...] = ()
        """What exactly is wrong, for who asked: it may quote the source, so it is never logged."""
        super().__init__(f"{trouble}: {hint}" if hint else str(trouble))
