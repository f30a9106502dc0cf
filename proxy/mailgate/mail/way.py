"""The way of a mail out of the house, as the postman knows it: what can be called back, and what cannot."""

from email.message import EmailMessage
from typing import Protocol

from mailgate.errors import MailgateError


class RefusedMailError(MailgateError):
    """This mail is not taken and never will be: a 5xx answer about it or its recipient."""


class LaterError(MailgateError):
    """This mail is not taken now: a 4xx answer."""


class WayDownError(MailgateError):
    """No mail goes this way now, whoever it is for. The text is one word."""


class LostError(MailgateError):
    """The answer did not come: nobody knows whether the mail was taken."""


class MailWay(Protocol):
    """A way for one mail at a time."""

    async def offer(self, mail: EmailMessage, key: str) -> None:
        """Everything that can be called back. Raises RefusedMailError, LaterError or WayDownError.

        :param key: names the mail, letters and digits; the same whenever it is tried.
        """
        ...

    async def call_back(self, key: str) -> None:
        """The mail that was offered is not to go. Never raises."""
        ...

    async def hand_over(self, key: str) -> None:
        """Let go of the mail that was offered. Raises RefusedMailError, LaterError or LostError."""
        ...

    async def was_taken(self, key: str) -> bool | None:
        """Of a mail that another process was about to hand over: whether it did; None where that cannot be told."""
        ...

    async def close(self) -> None:
        """Nothing more comes for now. Never raises."""
        ...
