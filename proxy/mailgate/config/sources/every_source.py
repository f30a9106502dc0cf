"""The settings that every source has: the schedule, the time limits, and what is held back."""

from datetime import timedelta
from typing import NamedTuple

from pydantic import Field, SecretStr

from mailgate.config.references import AuthoritiesFile, HeaderKey
from mailgate.config.values import Duration, Origin, Size
from mailgate.model.device import VERDICT_AGE
from mailgate.policy.written import Strict

MiB = 1024 * 1024


class PostAccess(NamedTuple):
    """How a source that calls by itself authenticates, and how much it may send."""

    most: int
    """The largest body in bytes."""
    key: SecretStr | None
    """The API key; None if it authenticates in another way (``connectors/push.py``)."""


class EverySource(Strict):
    """Settings of every connector."""

    every: Duration = Field(default=timedelta(minutes=15), ge=timedelta(seconds=5))
    """How often it is asked, with up to a tenth more at random."""
    full_every: Duration = timedelta(hours=24)
    """How often everything is read, if the API can list changes; otherwise each run reads everything."""
    seen_within: Duration | None = None
    """How long the source usually takes to see a change, for people who are refused. If left out, nothing is said."""
    inventory_lag: Duration = timedelta()
    """How much older than the time that the source states its list of a device's apps may be."""
    max_age: Duration | None = None
    """How old its list of a device's apps may be, the lag included; ``posture.max_age`` if left out."""
    compliance_max_age: Duration = VERDICT_AGE
    """How old its verdict on a device may be before a good one counts as unknown."""
    most_gone: int = Field(default=10, ge=0, le=100)
    """The percentage of its devices that one run may find gone. More are kept until a person has looked."""

    def scheduled(self) -> bool:
        """Whether the gate asks the source on a schedule. One that only calls by itself is not asked."""
        return True

    def posting(self) -> PostAccess | None:
        """How the source may call; None if it does not call."""
        return None

    def gets_unlisted(self) -> bool:
        """Whether its answers may have apps that are not listed, which are dropped at once."""
        return True


class ApiSourceSettings(EverySource):
    """Settings of a connector that asks an API over HTTPS."""

    ca: AuthoritiesFile | None = None
    """The authorities of the API's certificate, PEM; by default those of the system."""
    proxy: Origin | None = None
    """An HTTP proxy on the way to the API, like ``http://proxy.example.com:3128``."""
    timeout: Duration = timedelta(seconds=60)
    """The time for one answer, from the connection to its last byte."""
    run_timeout: Duration = timedelta(hours=2)
    """The time for one run."""
    page_bytes: Size = Field(default=32 * MiB, ge=1024)
    """The largest answer."""
    run_bytes: Size = Field(default=8 * 1024 * MiB, ge=1024)
    """The size of all answers of one run together."""


class PostedSourceSettings(EverySource):
    """Settings of a connector whose source calls by itself, at ``/api/devices/NAME`` on the admin port."""

    api_key: HeaderKey
    """The key that the source has to send, as ``Authorization: Bearer KEY`` or ``X-API-Key: KEY``."""
    post_bytes: Size = Field(default=16 * MiB, ge=1024)
    """The largest body that is accepted."""

    def scheduled(self) -> bool:
        return False

    def posting(self) -> PostAccess:
        return PostAccess(self.post_bytes, self.api_key)
