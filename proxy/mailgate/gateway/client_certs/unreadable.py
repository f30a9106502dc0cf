"""The one exception of the parsers here."""

from mailgate.errors import MailgateError


class UnreadableError(MailgateError):
    """A header that is not the one form it must have. Says what is expected, and never repeats the header."""
