"""The transport by which the postman sends a message, in two steps: the first can be aborted, the second cannot."""

from email.message import EmailMessage
from typing import Protocol

from mailgate.errors import MailgateError


class RejectedMailError(MailgateError):
    """This message is refused for good: a 5xx answer about it or its recipient."""


class DeferredError(MailgateError):
    """This message is not taken now: a 4xx answer."""


class TransportDownError(MailgateError):
    """No message can be sent now, to any recipient. The text is one word."""


class UnknownOutcomeError(MailgateError):
    """No answer came, so it is unknown whether the message was taken."""


class MailTransport(Protocol):
    """Sends one message at a time."""

    async def prepare(self, message: EmailMessage, key: str) -> None:
        """Do everything that can be aborted. Raises RejectedMailError, DeferredError or TransportDownError.

        :param key: the id of the mail, in letters and digits; the same at every try.
        """
        ...

    async def abort(self, key: str) -> None:
        """Drop the prepared message. Never raises."""
        ...

    async def commit_delivery(self, key: str) -> None:
        """Deliver the prepared message. Raises RejectedMailError, DeferredError or UnknownOutcomeError."""
        ...

    async def was_delivered(self, key: str) -> bool | None:
        """Whether another process delivered this message before it died; None if unknown."""
        ...

    async def close(self) -> None:
        """Close the connection, if there is one. Never raises."""
        ...
