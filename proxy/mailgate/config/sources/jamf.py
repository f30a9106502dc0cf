"""Settings of Jamf Pro."""

from typing import Literal

from pydantic import Field

from mailgate.config.addresses import ServiceUrl
from mailgate.config.references import Secret
from mailgate.config.sources.every_source import ApiSourceSettings
from mailgate.config.sources.intune import ClientId


class JamfSettings(ApiSourceSettings):
    """Jamf Pro."""

    type: Literal["jamf"]
    base_url: ServiceUrl
    """The address of Jamf Pro, like ``https://example.jamfcloud.com``."""
    client_id: ClientId
    client_secret: Secret
    page_size: int = Field(default=200, ge=1, le=2000)
    unmanaged_apps: bool = False
    """Whether Jamf Pro is set to collect apps that it does not manage. If not, no device is clean."""
