"""Settings of Apple device management through NanoMDM or MicroMDM."""

from datetime import timedelta
from typing import Literal, Self

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from mailgate.config.addresses import ServiceUrl
from mailgate.config.references import HeaderKey, Secret
from mailgate.config.sources.every_source import ApiSourceSettings, MiB, PostAccess
from mailgate.config.values import Duration, Size
from mailgate.policy.apps import Strict


class NanoMdmApi(Strict):
    """The API of NanoMDM, which sends commands to devices."""

    base_url: ServiceUrl
    """The address of NanoMDM, like ``https://mdm.example.com``."""
    api_key: HeaderKey
    """The value of NanoMDM's ``-api``."""


class AppleMdmSettings(ApiSourceSettings):
    """Webhooks of NanoMDM or MicroMDM, at ``/api/devices/NAME`` on the admin port."""

    type: Literal["apple-mdm"]
    api_key: HeaderKey | None = None
    """The password in the webhook's URL, like ``http://mdm:KEY@127.0.0.1:8081/api/devices/NAME``."""
    hmac_key: Secret | None = None
    """Instead of the password: the value of NanoMDM's ``-webhook-hmac-key``."""
    post_bytes: Size = Field(default=16 * MiB, ge=1024)
    """The largest event that is accepted."""
    whole_lists: bool = False
    """Whether all lists of apps that others request from devices have all apps. Lists that the gate requests always
    do."""
    nanomdm: NanoMdmApi | None = None
    """NanoMDM's API, with which devices are asked every ``every``, when they enrol, and on request."""
    every: Duration = Field(default=timedelta(hours=4), ge=timedelta(minutes=1))
    """How often every device is asked, if ``nanomdm`` is set."""

    @model_validator(mode="after")
    def _one_proof(self) -> Self:
        if bool(self.api_key) == bool(self.hmac_key):
            raise PydanticCustomError(
                "proof",
                "an event needs exactly one way to prove its origin; expected either `api_key` or `hmac_key`",
            )
        return self

    def scheduled(self) -> bool:
        return self.nanomdm is not None

    def posting(self) -> PostAccess:
        return PostAccess(self.post_bytes, self.api_key)
