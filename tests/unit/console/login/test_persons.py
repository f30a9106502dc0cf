"""Whom the provider names is an admin of the settings, or a member of a group, or nobody."""

from typing import Any

import pytest
from tests.unit.console.login.settings import GROUPS, LIN, settings

from mailgate.console.login.errors import LoginError, LoginTrouble
from mailgate.console.login.persons import KnownPerson, find_person, is_missing
from mailgate.console.login.rights import oidc_proof

ADA = {"sub": "1001", "email": "ada@example.com", "email_verified": True}
ZOE = {"sub": "1002", "email": "Zoe@Example.com", "email_verified": True, "groups": ["all", "ops"]}


def who(claims: dict[str, Any], **oidc: Any) -> KnownPerson:
    return find_person(settings(**oidc), claims)


def refused(claims: dict[str, Any], **oidc: Any) -> LoginTrouble:
    with pytest.raises(LoginError) as error:
        who(claims, **oidc)
    return error.value.trouble


def test_an_admin_is_known_by_what_the_settings_call_them_there() -> None:
    made = settings()
    assert made.console.login.oidc
    assert find_person(made, ADA) == KnownPerson(
        "ada", oidc_proof(made.console.login.oidc, "ADA@example.com")
    )


@pytest.mark.parametrize("mail", ["ada@example.com", "ADA@EXAMPLE.COM", "Ada@example.com"])
def test_mail_addresses_come_in_any_case(mail: str) -> None:
    assert who(ADA | {"email": mail}).name == "ada"


@pytest.mark.parametrize(
    "mail", ["ada@example.org", "ada+x@example.com", "ada@example.com.evil.example", "аda@example.com"]
)
def test_an_address_that_is_like_an_admins_is_another(mail: str) -> None:
    assert refused(ADA | {"email": mail}) is LoginTrouble.NOBODY


def test_letters_of_other_scripts_make_no_admin() -> None:
    """The Kelvin sign becomes a small k where letters of every script are made small."""
    people = {"kim": {"oidc": "kim@example.com", "roles": ["viewer"]}}
    with pytest.raises(LoginError):
        find_person(settings(people), ADA | {"email": "\N{KELVIN SIGN}im@example.com"})


@pytest.mark.parametrize("verified", [False, None, "false", "", 1, "yes"])
def test_a_mail_address_counts_only_as_verified(verified: object) -> None:
    assert refused(ADA | {"email_verified": verified}) is LoginTrouble.UNVERIFIED


def test_some_providers_write_true_as_a_text() -> None:
    assert who(ADA | {"email_verified": "true"}).name == "ada"


@pytest.mark.parametrize("said", [None, "", "  ", 1, ["ada@example.com"], "x" * 201, "ada@example.com\n"])
def test_a_claim_that_names_nobody_is_refused(said: object) -> None:
    assert refused(ADA | {"email": said}) is LoginTrouble.UNNAMED


def test_a_sub_is_compared_as_it_stands() -> None:
    people = {"ada": {"oidc": "Abc", "roles": ["viewer"]}}
    assert find_person(settings(people, claim="sub"), {"sub": "Abc"}).name == "ada"
    with pytest.raises(LoginError):
        find_person(settings(people, claim="sub"), {"sub": "abc"})


def test_an_admin_without_an_account_cannot_log_in_there() -> None:
    made = settings(LIN | {"lin": LIN["lin"] | {"oidc": False}}, claim="preferred_username")
    with pytest.raises(LoginError):
        find_person(made, {"preferred_username": "lin"})


def test_a_group_member_has_a_name_that_no_admin_has() -> None:
    found = who(ZOE, groups=GROUPS)
    assert (found.name, found.groups) == ("oidc:zoe@example.com", {"ops"})


def test_an_admin_stays_one_whatever_their_groups() -> None:
    assert who(ADA | {"groups": ["auditors"]}, groups=GROUPS) == who(ADA, groups=GROUPS)


@pytest.mark.parametrize(
    "groups", [None, [], ["all"], "all", ["OPS"], [["ops"]], {"ops": True}, 1, ["ops "], [None]]
)
def test_a_member_of_no_group_of_the_settings_is_nobody(groups: object) -> None:
    assert refused(ZOE | {"groups": groups}, groups=GROUPS) is LoginTrouble.NOBODY


def test_without_groups_in_the_settings_none_counts() -> None:
    assert refused(ZOE) is LoginTrouble.NOBODY


def test_a_single_group_may_come_as_a_text() -> None:
    assert who(ZOE | {"groups": "ops"}, groups=GROUPS).groups == {"ops"}


def test_too_many_groups_are_said_as_such() -> None:
    there = {"_claim_names": {"groups": "src1"}, "_claim_sources": {"src1": {"endpoint": "https://x"}}}
    zoe = {name: said for name, said in ZOE.items() if name != "groups"}
    assert refused(zoe | there, groups=GROUPS) is LoginTrouble.TOO_MANY_GROUPS
    assert refused(ZOE | {"groups": ["x"] * 2001}, groups=GROUPS) is LoginTrouble.TOO_MANY_GROUPS


def test_only_missing_claims_are_asked_for() -> None:
    plain, grouped = settings().console.login.oidc, settings(groups=GROUPS).console.login.oidc
    assert plain
    assert grouped
    assert not is_missing(plain, ADA)
    assert is_missing(plain, {"email": "ada@example.com"})
    assert is_missing(grouped, ADA)
    assert not is_missing(grouped, ZOE)
