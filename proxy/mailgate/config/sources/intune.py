"""Settings of Microsoft Intune."""

from datetime import timedelta
from typing import Annotated, Literal, get_args

from pydantic import Field, StringConstraints

from mailgate.config.addresses import ServiceUrl
from mailgate.config.references import Secret
from mailgate.config.sources.every_source import ApiSourceSettings
from mailgate.config.values import Duration

Tenant = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9.-]*$", max_length=253)]
CompleteKind = Literal[
    "appleBulkWithUser", "appleBulkWithoutUser", "userEnrollment", "deviceEnrollmentManager"
]
"""The words of Graph's ``deviceEnrollmentType`` under which Intune can see every app of a company-owned device."""
ClientId = Annotated[str, StringConstraints(pattern=r"^\S+$", max_length=200)]


class IntuneSettings(ApiSourceSettings):
    """Microsoft Intune, through Microsoft Graph."""

    type: Literal["intune"]
    tenant: Tenant
    """The tenant's id, or one of its domains."""
    client_id: ClientId
    """The id of the application that is registered in Entra."""
    client_secret: Secret
    base_url: ServiceUrl = "https://graph.microsoft.com"
    """The address of Microsoft Graph; a national cloud has another."""
    login_url: ServiceUrl = "https://login.microsoftonline.com"
    """The address of the token endpoint; a national cloud has another."""
    seen_within: Duration | None = timedelta(days=7)
    """The time until a change is seen: Intune collects the apps of a device anew every seven days."""
    inventory_lag: Duration = timedelta(days=7)
    """How much older than a device's last call its app list may be. Graph has the time of the call alone."""
    complete_kinds: tuple[CompleteKind, ...] = get_args(CompleteKind)
    """The kinds of enrolment of company-owned devices of which Intune lists every app. Devices of other kinds are never
    clean."""
    witnesses: int = Field(default=25, ge=0, le=1000)
    """How many apps' device lists may be read to learn which devices have an inventory at all."""
