"""Finds the person and their roles from the provider's claims. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from mailgate.config import Settings
from mailgate.config.console import OidcSettings
from mailgate.console.login.errors import LoginError, LoginTrouble
from mailgate.console.login.rights import BY_GROUPS, compared, named_by_oidc, oidc_proof, roles_of_groups

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
    if oidc.claim == "email" and not _is_true(claims.get("email_verified")):
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
    return frozenset(each for each in listed if isinstance(each, str)) & oidc.groups.roles.keys()


def is_missing(oidc: OidcSettings, claims: Mapping[str, Any]) -> bool:
    """Whether the ID token lacks the claims that identify a person, so that the UserInfo endpoint has to be asked."""
    wanted = {oidc.claim} | ({"email_verified"} if oidc.claim == "email" else set())
    if oidc.groups and "_claim_names" not in claims:
        wanted.add(oidc.groups.claim)
    return not wanted <= claims.keys()


def _is_true(said: object) -> bool:
    """A boolean claim, which some providers write as a text."""
    return said is True or said == "true"
