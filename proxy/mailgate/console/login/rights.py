"""Decides who may log in by the claims of a provider, whether a login is still valid by the current settings, and what its person may do. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from mailgate.config import Settings
from mailgate.config.admins import AdminSettings, Role, comparable
from mailgate.config.console import OidcSettings
from mailgate.console.login.errors import LoginError, LoginTrouble
from mailgate.console.login.sessions import Session

MAX_NAME = 200
MAX_GROUPS = 2000


@dataclass(frozen=True, slots=True)
class KnownPerson:
    """A person who may log in."""

    name: str
    proved_by: str
    groups: frozenset[str] = frozenset()
    """The groups of the person that the settings name, if these give the roles."""


def find_person(settings: Settings, claims: Mapping[str, Any]) -> KnownPerson:
    """The admin whom the provider names; otherwise a member of a group with roles. Raises LoginError."""
    oidc = settings.console.login.oidc
    assert oidc
    called = name_in(oidc, claims)
    if admin := named_by_oidc(settings, called):
        return KnownPerson(admin, oidc_proof(oidc, called))
    groups = groups_in(oidc, claims)
    if not roles_of_groups(oidc, groups):
        raise LoginError(LoginTrouble.NOBODY)
    return KnownPerson(BY_GROUPS + compared(oidc, called), oidc_proof(oidc, called), groups)


def name_in(oidc: OidcSettings, claims: Mapping[str, Any]) -> str:
    """The name of the person at the provider, in the claim of the settings. Raises LoginError."""
    said = claims.get(oidc.claim)
    if not isinstance(said, str) or not said.strip() or len(said) > MAX_NAME or not said.isprintable():
        raise LoginError(LoginTrouble.UNNAMED)
    verified = claims.get("email_verified")  # some providers write it as a text
    if oidc.claim == "email" and not (verified is True or verified == "true"):
        raise LoginError(LoginTrouble.UNVERIFIED)
    return said


def groups_in(oidc: OidcSettings, claims: Mapping[str, Any]) -> frozenset[str]:
    """The provider's groups of the person that have a role in the settings. Raises LoginError.

    A provider with too many groups for a token names an address for them instead (Core 1.0, section 5.6.2); Entra does
    so beyond 200.
    """
    if oidc.groups is None:
        return frozenset()
    said = claims.get(oidc.groups.claim)
    elsewhere = claims.get("_claim_names")
    if said is None and isinstance(elsewhere, Mapping) and oidc.groups.claim in elsewhere:
        raise LoginError(LoginTrouble.TOO_MANY_GROUPS)
    listed = [said] if isinstance(said, str) else said if isinstance(said, list) else []
    if len(listed) > MAX_GROUPS:
        raise LoginError(LoginTrouble.TOO_MANY_GROUPS)
    return frozenset(each for each in listed if isinstance(each, str)).intersection(oidc.groups.roles)


def is_missing(oidc: OidcSettings, claims: Mapping[str, Any]) -> bool:
    """Whether the ID token lacks the claims that identify a person, so that the UserInfo endpoint has to be asked."""
    wanted = {oidc.claim} | ({"email_verified"} if oidc.claim == "email" else set())
    if oidc.groups and "_claim_names" not in claims:
        wanted.add(oidc.groups.claim)
    return not wanted <= claims.keys()


BY_PROXY = "proxy "
"""The beginning of the proof of a login by a proxy. It is valid only while the proxy names the person with every request."""
BY_GROUPS = "oidc:"
"""The beginning of the name of a person whom the settings do not name. Names of admins and accounts have no colon."""


def token_proof(admin: AdminSettings) -> str:
    """The proof of an admin by their token, its hash; empty if they have none, so that no token is accepted for them."""
    return admin.token_hash.get_secret_value() if admin.token_hash else ""


def oidc_proof(oidc: OidcSettings, known: str) -> str:
    """The proof of a person by their name at this provider, for this client."""
    return f"oidc {oidc.issuer} {oidc.client_id} {oidc.claim} {compared(oidc, known)}"


def proxy_proof(known: str) -> str:
    """The proof of a person by their name at the proxy."""
    return BY_PROXY + comparable(known)


def compared(oidc: OidcSettings, known: str) -> str:
    """A name at the provider in the form for comparison: a ``sub`` as it is (Core 1.0, section 2), others without case."""
    return known if oidc.claim == "sub" else comparable(known)


def named_by_oidc(settings: Settings, known: str) -> str | None:
    """The admin with this name at the provider."""
    oidc = settings.console.login.oidc
    assert oidc
    wanted = compared(oidc, known)
    people = settings.admins.items()
    return next((name for name, each in people if each.oidc and compared(oidc, each.oidc) == wanted), None)


def named_by_proxy(settings: Settings, known: str) -> str | None:
    """The admin with this name at the proxy."""
    wanted, people = comparable(known), settings.admins.items()
    return next((name for name, each in people if each.proxy and comparable(each.proxy) == wanted), None)


def roles_of_groups(oidc: OidcSettings, groups: frozenset[str]) -> frozenset[Role]:
    """The roles of members of these groups."""
    roles = oidc.groups.roles if oidc.groups else {}
    return frozenset(role for group in groups for role in roles.get(group, ()))


def roles_now(settings: Settings, session: Session) -> frozenset[Role] | None:
    """The roles of the person of a session; None if the login is no longer valid."""
    if session.name.startswith(BY_GROUPS):
        return _by_groups(settings, session)
    admin = settings.admins.get(session.name)
    return frozenset(admin.roles) if admin and session.proved_by in _proofs(settings, admin) else None


def _proofs(settings: Settings, admin: AdminSettings) -> set[str]:
    """All proofs of this admin with the ways to log in that are enabled."""
    ways = settings.console.login
    found = {token_proof(admin)} if ways.token else set()
    if ways.oidc and admin.oidc:
        found.add(oidc_proof(ways.oidc, admin.oidc))
    if ways.proxy and admin.proxy:
        found.add(proxy_proof(admin.proxy))
    return found - {""}


def _by_groups(settings: Settings, session: Session) -> frozenset[Role] | None:
    oidc, known = settings.console.login.oidc, session.name.removeprefix(BY_GROUPS)
    if oidc is None or session.proved_by != oidc_proof(oidc, known) or named_by_oidc(settings, known):
        return None
    return roles_of_groups(oidc, session.groups) or None
