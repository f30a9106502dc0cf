"""Settings of Google Workspace's directory of mobile devices."""

from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from mailgate.config.addresses import ServiceUrl
from mailgate.config.sources.google import GoogleAccount

Customer = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_]+$", max_length=100)]
Mail = Annotated[str, StringConstraints(pattern=r"^\S+@\S+$", max_length=320)]


class GoogleDirectorySettings(GoogleAccount):
    """Mobile devices of Google Workspace, through the Admin SDK."""

    type: Literal["google-directory"]
    delegate: Mail
    """The administrator on whose behalf the service account acts."""
    customer: Customer = "my_customer"
    """The customer's id; by default the delegate's own."""
    base_url: ServiceUrl = "https://admin.googleapis.com"
    page_size: int = Field(default=100, ge=1, le=100)
    unmanaged_apps: bool = False
    """Whether application auditing is on, so that Android devices report all apps. If not, no device is clean."""
