"""Settings of Jamf Pro."""

from typing import Literal

from pydantic import Field

from mailgate.config.addresses import ServiceUrl
from mailgate.config.references import Secret
from mailgate.config.sources.every_source import ApiSourceSettings
from mailgate.config.sources.intune import ClientId

CompleteKind = Literal["Institutional", "AccountDrivenDeviceEnrollment"]
"""The words of Jamf's ``deviceOwnershipType`` under which Apple may show an MDM apps that it does not manage."""


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
    complete_kinds: tuple[CompleteKind, ...] = ("Institutional",)
    """The kinds of ownership whose devices show Jamf Pro all apps. Devices of other kinds are never clean. Apple does not
    say whether an account-driven device enrolment shows personal apps."""
