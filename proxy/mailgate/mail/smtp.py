"""The way to a mail server (aiosmtplib)."""

from dataclasses import dataclass, field
from email.message import EmailMessage
from typing import Any, Literal

import aiosmtplib

TIME = 10.0
"""Seconds for each step."""


class MailRefused(OSError):
    """The mail server did not take a mail."""


@dataclass(frozen=True, slots=True)
class MailServer:
    """One mail server. Its certificate is checked wherever there is one."""

    host: str
    port: int
    security: Literal["starttls", "tls", "none"]
    username: str | None = None
    password: str | None = field(default=None, repr=False)

    def reached(self) -> dict[str, Any]:
        """How aiosmtplib reaches it: arguments of its client, and of its ``send``."""
        return {
            "hostname": self.host,
            "port": self.port,
            "username": self.username,
            "password": self.password,
            "use_tls": self.security == "tls",
            "start_tls": self.security == "starttls",
            "timeout": TIME,
        }

    async def send(self, mail: EmailMessage) -> None:
        """Hand one mail over. Raises OSError."""
        try:
            await aiosmtplib.send(mail, **self.reached())
        except aiosmtplib.SMTPException as error:
            raise MailRefused(type(error).__name__) from None
