"""Settings of the Android Management API."""

from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from mailgate.config.addresses import ServiceUrl
from mailgate.config.sources.every_source import PostAccess
from mailgate.config.sources.google import GoogleAccount
from mailgate.config.sources.push import PushSettings

Enterprise = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9]+$", max_length=100)]


class AndroidManagementSettings(GoogleAccount):
    """Devices of one enterprise in the Android Management API."""

    type: Literal["android-management"]
    enterprise: Enterprise
    """The enterprise's id, like ``LC02de1hmx``: its resource name without ``enterprises/``."""
    enrollment_data_is_owner: bool = False
    """Whether the additional data of enrolment tokens is the login name of the device's owner."""
    push: PushSettings | None = None
    """A Pub/Sub subscription to the enterprise's notifications, pushed to ``/api/devices/NAME`` on the admin port."""
    base_url: ServiceUrl = "https://androidmanagement.googleapis.com"
    page_size: int = Field(default=100, ge=1, le=100)

    def posting(self) -> PostAccess | None:
        return self.push.posting() if self.push else None
