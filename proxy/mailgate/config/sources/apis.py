"""Settings of device managers that are asked by their API: Intune, Jamf Pro, Fleet, Workspace ONE, and NanoMDM or MicroMDM.
``SourceSettings`` lists them and all other sources."""

from datetime import timedelta
from typing import Annotated, Literal, Self, get_args

from pydantic import Discriminator, Field, StringConstraints, model_validator

from mailgate.config.references import HeaderKey, Secret
from mailgate.config.sources.every_source import ApiSourceSettings, MiB, PostAccess
from mailgate.config.sources.google import AndroidManagementSettings, GoogleDirectorySettings
from mailgate.config.sources.line import FileSettings, PostSettings
from mailgate.config.values import Duration, ServiceUrl, Size
from mailgate.model.phrase import wrong_value
from mailgate.policy.written import Identifier, Strict

Tenant = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9.-]*$", max_length=253)]
IntuneCompleteKind = Literal[
    "appleBulkWithUser", "appleBulkWithoutUser", "userEnrollment", "deviceEnrollmentManager"
]
"""The words of Graph's ``deviceEnrollmentType`` under which Intune can see every app of a company-owned device."""
ClientId = Annotated[str, StringConstraints(pattern=r"^\S+$", max_length=200)]

PolicyName = Annotated[str, StringConstraints(min_length=1, max_length=256)]


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
    complete_kinds: tuple[IntuneCompleteKind, ...] = get_args(IntuneCompleteKind)
    """The kinds of enrolment whose company-owned devices show Intune every app; others are never clean."""
    app_policies: tuple[PolicyName, ...] = ()
    """The display names of compliance policies that look for listed apps, as its setting "Restricted apps" does. They say
    for which apps the verdict on a device vouches. They need the right DeviceManagementConfiguration.Read.All."""
    hiding_profiles: tuple[PolicyName, ...] = ()
    """The display names of profiles that hide apps on supervised iPhones and iPads, or show only some. An app cannot run on a
    device that has applied them. They need the same right."""
    at_once: int = Field(default=4, ge=1, le=16)
    """How many devices' policies are requested at the same time, since Graph has them for one device at a time."""
    witnesses: int = Field(default=25, ge=0, le=1000)
    """How many apps' device lists may be read to learn which devices have an inventory at all."""


ServerToken = Annotated[str, StringConstraints(min_length=1, max_length=200)]


class Declaration(Strict):
    """The content of a declaration ``com.apple.configuration.app.settings`` (iOS 27), in the version that the management sends.
    A device says which version it has applied, but not what stands in it."""

    server_token: ServerToken
    """The ``ServerToken`` of this version. Any other version keeps no app out."""
    denied_apps: tuple[Identifier, ...] = ()
    """Its ``DeniedApps``."""
    allowed_apps: tuple[Identifier, ...] | None = None
    """Its ``AllowedApps``, if it has them: all other apps are denied."""


Declarations = dict[Annotated[str, StringConstraints(min_length=1, max_length=200)], Declaration]
"""Declarations by their ``Identifier``."""


class JamfGroup(Strict):
    """A smart group of mobile devices that is the verdict on each of them."""

    id: Annotated[str, StringConstraints(pattern=r"^[0-9]{1,18}$")]
    members_are: Literal["compliant", "noncompliant"]
    """The verdict on its members. On others it is the opposite."""


class JamfWebhook(Strict):
    """Webhooks of Jamf Pro about mobile devices, at ``/api/devices/NAME`` on the admin port."""

    api_key: HeaderKey
    """The key that Jamf Pro sends: the password of its basic authentication, or in a header ``X-API-Key``."""
    post_bytes: Size = Field(default=MiB, ge=1024)


JamfPath = Annotated[str, StringConstraints(pattern=r"^(/[A-Za-z0-9._~-]+)+$", max_length=200)]
JamfCompleteKind = Literal["Institutional", "AccountDrivenDeviceEnrollment"]
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
    complete_kinds: tuple[JamfCompleteKind, ...] = ("Institutional",)
    """The kinds of ownership whose devices show Jamf Pro all apps. Devices of other kinds are never clean. Apple does not
    say whether an account-driven device enrolment shows personal apps."""
    api_path: JamfPath = "/api"
    """The path of the Jamf Pro API at ``base_url``; on the gateway of the Jamf Platform API it is another."""
    login_path: JamfPath = "/api/oauth/token"
    """The path of the token endpoint there."""
    environment: ClientId | None = None
    """On that gateway: the id of the environment, sent as ``X-Environment-Id``."""
    platform_tenant: ClientId | None = None
    """On that gateway, instead: the id of the tenant, sent as ``X-Tenant-Id``."""
    compliance_group: JamfGroup | None = None
    """The smart group that is Jamf Pro's verdict. It needs the privilege Read Smart Mobile Device Groups."""
    device_compliance: bool = False
    """Whether the state that Jamf Pro holds for a compliance partner is asked for, of each device of which not every app
    is seen. It needs the privilege Read Device Compliance Information."""
    declarations: Declarations = Field(default_factory=dict)
    """The declarations that deny apps on supervised devices. The status that Jamf Pro keeps of each such device is then asked
    for, and makes it known that these apps cannot run."""
    at_once: int = Field(default=4, ge=1, le=16)
    """How many devices' states are requested at the same time."""
    webhook: JamfWebhook | None = None

    @model_validator(mode="after")
    def _one_context(self) -> Self:
        if self.environment and self.platform_tenant:
            raise wrong_value("context", "use either `environment` or `platform_tenant`, not both")
        return self

    def posting(self) -> PostAccess | None:
        return PostAccess(self.webhook.post_bytes, self.webhook.api_key) if self.webhook else None


FleetCompleteKind = Literal["On (automatic)", "On (company-owned)"]
"""Fleet's words, in its API and on its pages, for a company-owned device that enrolled automatically."""


class FleetSettings(ApiSourceSettings):
    """Fleet (fleetdm)."""

    type: Literal["fleet"]
    base_url: ServiceUrl
    """The address of Fleet, like ``https://fleet.example.com``."""
    token: HeaderKey
    """The API token of an API-only user."""
    page_size: int = Field(default=50, ge=1, le=500)
    """The number of hosts in one answer. Each comes with all its software, so answers are long."""
    complete_kinds: tuple[FleetCompleteKind, ...] = get_args(FleetCompleteKind)
    """The states of enrolment of iPhones and iPads that show Fleet every app; others are never clean."""


WorkspaceOneCompleteKind = Literal["C", "S"]
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
    complete_kinds: tuple[WorkspaceOneCompleteKind, ...] = get_args(WorkspaceOneCompleteKind)
    """The kinds of ownership of iPhones and iPads of which the console then has every app: ``C`` for one person, ``S``
    shared. Devices of other kinds are never clean."""

    @model_validator(mode="after")
    def _one_login(self) -> Self:
        oauth = (self.client_id, self.client_secret, self.login_url)
        basic = (self.username, self.password, self.tenant_code)
        whole = [all(each) for each in (oauth, basic)]
        if sum(whole) != 1 or (any(oauth) and any(basic)):
            ways = "either `client_id`, `client_secret` and `login_url`, or `username`, `password` and `tenant_code`"
            raise wrong_value("login", f"exactly one way to log in is needed; use {ways}")
        return self


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
    declarations: Declarations = Field(default_factory=dict)
    """The declarations that deny apps on supervised devices: what a device reports as applied makes it known that these apps
    cannot run."""
    restrictions: bool = False
    """Whether devices are asked which apps their restrictions block, and believed in it. Needs ``nanomdm``."""
    whole_lists: bool = False
    """Whether all lists of apps that others request from devices have all apps."""
    ask_for_all: bool = False
    """Whether devices are asked for all of their apps if some listed app has no iOS identifier. Otherwise they are asked
    for listed apps with an identifier alone, and an app without one is never seen absent."""
    nanomdm: NanoMdmApi | None = None
    """NanoMDM's API, with which devices are asked every ``every``, when they enrol, and on request."""
    every: Duration = Field(default=timedelta(hours=4), ge=timedelta(minutes=1))
    """How often every device is asked, if ``nanomdm`` is set."""

    @model_validator(mode="after")
    def _one_proof(self) -> Self:
        if bool(self.api_key) == bool(self.hmac_key):
            expected = "use either `api_key` or `hmac_key`"
            raise wrong_value("proof", f"an event needs exactly one way to prove its origin; {expected}")
        return self

    @model_validator(mode="after")
    def _one_word_on_denied_apps(self) -> Self:
        if self.restrictions and (self.declarations or self.nanomdm is None):
            message = (
                "cannot be asked for; use `nanomdm` and no `declarations`, whose word would contradict it"
            )
            raise wrong_value("restrictions", message, key="restrictions")
        return self

    def scheduled(self) -> bool:
        return self.nanomdm is not None

    def posting(self) -> PostAccess:
        return PostAccess(self.post_bytes, self.api_key)

    def gets_unlisted(self) -> bool:
        return self.ask_for_all or self.whole_lists or self.nanomdm is None


SourceSettings = Annotated[
    AndroidManagementSettings
    | AppleMdmSettings
    | FileSettings
    | FleetSettings
    | GoogleDirectorySettings
    | IntuneSettings
    | JamfSettings
    | PostSettings
    | WorkspaceOneSettings,
    Discriminator("type"),
]
"""The settings of one connector, selected by ``type``."""
