"""How people log in to the console: its address, its trusted proxies, and the ways to log in."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Annotated, Literal, Self

from pydantic import Field, StringConstraints, model_validator

from mailgate.config.admins import AdminSettings
from mailgate.config.references import AuthoritiesFile, Secret
from mailgate.config.values import Duration, IssuerUrl, Network, Origin
from mailgate.model.phrase import wrong_value
from mailgate.policy.written import Strict

FieldName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z][A-Za-z0-9-]*$", max_length=100)]
Word = Annotated[str, StringConstraints(pattern=r"^\S+$", max_length=200)]
GroupName = Annotated[str, StringConstraints(min_length=1, max_length=200)]
OneLine = Annotated[str, StringConstraints(pattern=r"^[^\x00-\x1f\x7f]+$", max_length=60)]

HostName = Annotated[
    str, StringConstraints(pattern=r"^[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?$", max_length=253)
]

GroupRole = Literal["analyst", "viewer", "operator"]
"""The roles that groups can give. ``approver`` is missing: an approval counts only while its author is an approver,
which is known only for ``admins``."""


class GroupSettings(Strict):
    """The roles of people who are not in ``admins``, by their groups at the provider."""

    claim: Word = "groups"
    """The claim with the groups: a list of texts."""
    roles: Mapping[GroupName, tuple[GroupRole, ...]] = Field(min_length=1)
    """The roles of the members of each group, by its name at the provider. Approvers are in ``admins`` by name."""
    session: Duration = Field(default=timedelta(hours=1), ge=timedelta(minutes=5), le=timedelta(hours=12))
    """The longest session of such a login, since the provider is asked for groups only at a login."""


class OidcSettings(Strict):
    """A provider at which people log in (OpenID Connect Core 1.0: authorization code flow with PKCE)."""

    issuer: IssuerUrl
    """The provider, exactly as it writes its own name. Its metadata is fetched from
    ``/.well-known/openid-configuration`` below it."""
    client_id: Word
    """The client id of the console at the provider."""
    client_secret: Secret | None = None
    """The client secret of the console, only by reference; left out for a public client."""
    name: OneLine = "the company's login"
    """The text on the button, after *Log in with*."""
    claim: Literal["email", "sub", "preferred_username"] = "email"
    """The claim by which a person is known. An ``email`` counts only if it is verified."""
    scopes: tuple[Word, ...] = ("openid", "email", "profile")
    """The requested scopes."""
    groups: GroupSettings | None = None
    logout: bool = True
    """Whether *Log out* ends the session at the provider, where ``URL/console/login`` has to be registered."""
    ca: AuthoritiesFile | None = None
    """The authorities of the provider's certificate, PEM; by default those of the system."""

    @model_validator(mode="after")
    def _openid(self) -> Self:
        if "openid" not in self.scopes:
            why = "since without it the provider names nobody"
            raise wrong_value("scope", f"the scope `openid` is missing; add it here, {why}", key="scopes")
        return self

    @model_validator(mode="after")
    def _authorities_for_https(self) -> Self:
        if self.ca and not self.issuer.startswith("https:"):
            message = "`issuer` is not https, so no certificate is checked; use https there"
            raise wrong_value("file", message, key="ca")
        return self


class ProxyLogin(Strict):
    """A proxy that has logged people in and names them in a header."""

    header: FieldName
    """The header with the name, like ``X-Forwarded-User``."""
    from_proxies: tuple[Network, ...] = Field(min_length=1)
    """The addresses of connections to the admin port from which the header is believed, whatever other headers say."""


class LoginSettings(Strict):
    """The ways to log in."""

    token: bool = True
    """Whether people can log in by name and token or password. Commands and the API always need them."""
    oidc: OidcSettings | None = None
    proxy: ProxyLogin | None = None

    @model_validator(mode="after")
    def _some_way(self) -> Self:
        if not (self.token or self.oidc or self.proxy):
            message = "nobody could log in; set it to `true`, or add `oidc` or `proxy`"
            raise wrong_value("login", message, key="token")
        return self


class ConsoleSettings(Strict):
    """The console, which is served at ``admin_listen``."""

    url: Origin | None = None
    """Its address in a browser, like ``https://mailgate.example.com``: scheme, host and port."""
    hosts: tuple[HostName, ...] = Field(default=(), max_length=100)
    """Other host names of the admin port, without a port: like ``gate.internal``, for Prometheus. ``localhost``, this
    machine's own name and addresses, and the host of ``url`` are known; a request for any other name is refused."""
    trusted_proxies: tuple[Network, ...] = ()
    """The proxies whose ``X-Forwarded-For``, ``-Proto`` and ``-Host`` are believed at the admin port.
    ``trusted_proxies`` is only for the public port."""
    login: LoginSettings = LoginSettings()

    @model_validator(mode="after")
    def _place_to_come_back_to(self) -> Self:
        if self.login.oidc and self.url is None:
            message = "the provider needs an address to send people back to; set `url` in `console`"
            raise wrong_value("url", message, key=("login", "oidc"))
        return self


def check_login_ways(admins: Mapping[str, AdminSettings], ways: LoginSettings) -> None:
    """Check that each admin can log in by an enabled way, and as one person. Raises PydanticCustomError."""
    for name, each in admins.items():
        for key, way in (("oidc", ways.oidc), ("proxy", ways.proxy)):
            if getattr(each, key) and way is None:
                unset = f"nobody can log in this way, since `console.login.{key}` is not set"
                message = f"{unset}; set it there, or leave this out"
                raise wrong_value("admin", message, key=("admins", name, key))
        # a person with a group and a token would be two people who approve each other's plans
        if ways.oidc and ways.oidc.groups and each.oidc is None:
            expected = "add `oidc` here: who they are at the provider, or `false`"
            message = f"with `groups` this admin could log in under a second name; {expected}"
            raise wrong_value("admin", message, key=("admins", name))
