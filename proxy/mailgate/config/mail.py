"""The settings of the gate's mails, and of the way to send them."""

from datetime import timedelta
from typing import Annotated, Literal, Self

from pydantic import Field, StringConstraints, model_validator

from mailgate.config.references import FilePath, Secret
from mailgate.config.values import Duration, Listen
from mailgate.model.phrase import wrong_value
from mailgate.policy.written import Strict

ShortText = Annotated[str, StringConstraints(pattern=r"^\S.*$", max_length=500)]
MailAddress = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9._%+-]+@[A-Za-z0-9.-]+$", max_length=254)]
DomainName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)*$", max_length=253)]


class MailSettings(Strict):
    """The mail server, the sender, and the domain of the recipients."""

    security: Literal["starttls", "tls", "none"] = "starttls"
    """The security of the connection. ``none`` only within one machine or a trusted network."""
    username: ShortText | None = None
    password: Secret | None = None
    sender: MailAddress
    """The sender: an address that somebody reads."""
    domain: DomainName
    """The company's mail domain. It is added to login names without one, and nobody outside it gets mails. Logins of
    another domain (``OTHER\\alice``) get no mail, unless ``login_domains`` has that domain."""

    @model_validator(mode="after")
    def _whole_login(self) -> Self:
        if (self.username is None) != (self.password is None):
            message = "`username` and `password` go together; set both or neither"
            raise wrong_value("login", message, key="username")
        return self


class NoticeSettings(MailSettings):
    """Mails about rules: one is coming, is enforced, or was rolled back. If left out, none are sent."""

    smtp: Listen | None = None
    """The mail server that accepts these mails, like ``smtp.example.com:587``."""
    outbox: FilePath | None = None
    """A folder in place of a mail server, relative to the settings: every mail becomes an ``.eml`` file there."""
    rate: int = Field(default=300, ge=1, le=100_000)
    """The most mails per minute, of all gates together."""

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        if (self.smtp is None) == (self.outbox is None):
            message = "mail goes out by `smtp` or into `outbox`; set exactly one of them"
            raise wrong_value("way", message, key="smtp")
        return self


class QuarantineMailSettings(MailSettings):
    """A mail to the person whose mail app is refused, since the app can show no page."""

    smtp: Listen
    """The mail server that accepts this mail, like ``smtp.example.com:587``."""
    pause: Duration = timedelta(days=7)
    """How long a person does not get the same mail about the same device again."""
    at_most: int = Field(default=3, ge=1, le=100)
    """The most mails to one person within ``pause``, for all their devices together."""
    per_hour: int = Field(default=100, ge=1, le=100_000)
    """The most mails per hour, to everybody and by all gates together."""
