"""Settings of Workspace ONE UEM."""

from typing import Annotated, Literal, Self

from pydantic import Field, StringConstraints, model_validator
from pydantic_core import PydanticCustomError

from mailgate.config.addresses import ServiceUrl
from mailgate.config.references import HeaderKey, Secret
from mailgate.config.sources.every_source import ApiSourceSettings

Account = Annotated[str, StringConstraints(pattern=r"^[^:\s][^:]*$", max_length=200)]


class WorkspaceOneSettings(ApiSourceSettings):
    """Workspace ONE UEM, formerly AirWatch. It is asked as an OAuth client, or as an administrator with a tenant code."""

    type: Literal["workspace-one"]
    base_url: ServiceUrl
    """The REST API URL of the console, like ``https://as1.awmdm.com``."""
    client_id: Account | None = None
    """The id of an OAuth client, with ``client_secret`` and ``login_url``."""
    client_secret: Secret | None = None
    login_url: ServiceUrl | None = None
    """The address of the region's tokens, like ``https://na.uemauth.workspaceone.com``."""
    username: Account | None = None
    """The name of an administrator, who logs in with ``password`` and ``tenant_code``."""
    password: Secret | None = None
    tenant_code: HeaderKey | None = None
    """The key of the REST API, sent as ``aw-tenant-code``."""
    page_size: int = Field(default=500, ge=1, le=500)
    at_once: int = Field(default=4, ge=1, le=16)
    """How many devices' apps are requested at the same time, since the API returns them for one device at a time."""
    unmanaged_apps: bool = False
    """Whether the console's privacy settings collect personal apps. If not, no device is clean."""

    @model_validator(mode="after")
    def _one_login(self) -> Self:
        oauth = (self.client_id, self.client_secret, self.login_url)
        basic = (self.username, self.password, self.tenant_code)
        whole = [all(each) for each in (oauth, basic)]
        if sum(whole) != 1 or (any(oauth) and any(basic)):
            raise PydanticCustomError(
                "login",
                "exactly one way to log in is needed; expected either `client_id`, `client_secret` and `login_url`, "
                "or `username`, `password` and `tenant_code`",
            )
        return self
