"""Settings of Fleet."""

from typing import Literal

from pydantic import Field

from mailgate.config.addresses import ServiceUrl
from mailgate.config.references import HeaderKey
from mailgate.config.sources.every_source import ApiSourceSettings


class FleetSettings(ApiSourceSettings):
    """Fleet (fleetdm)."""

    type: Literal["fleet"]
    base_url: ServiceUrl
    """The address of Fleet, like ``https://fleet.example.com``."""
    token: HeaderKey
    """The API token of an API-only user."""
    page_size: int = Field(default=50, ge=1, le=500)
    """The number of hosts in one answer. Each comes with all its software, so answers are long."""
