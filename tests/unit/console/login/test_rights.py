"""A login counts for as long as the settings say what it was checked against."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from tests.unit.console.browsing import NOW
from tests.unit.console.login.settings import GROUPS, LIN, settings

from mailgate.config import Settings
from mailgate.config.references import Sources
from mailgate.console.login.errors import LoginError, LoginTrouble
from mailgate.console.login.rights import (
    KnownPerson,
    find_person,
    is_missing,
    named_by_proxy,
    oidc_proof,
    proxy_proof,
    roles_now,
    token_proof,
)
from mailgate.console.login.sessions import Session

PROXY = {"header": "X-Forwarded-User", "from_proxies": ["127.0.0.1"]}
ADA = {"ada": {"oidc": "ada@example.com", "roles": ["operator"]}}


def session(name: str, proved_by: str, *groups: str) -> Session:
    return Session(name, proved_by, "csrf", NOW, NOW, frozenset(groups))


def by_oidc(made: Settings, known: str) -> str:
    assert made.console.login.oidc
    return oidc_proof(made.console.login.oidc, known)


def with_ways(**ways: Any) -> Settings:
    made = settings(ADA)
    login = made.console.login.model_copy(update=ways)
    return made.model_copy(update={"console": made.console.model_copy(update={"login": login})})


def test_an_admin_by_the_provider_has_the_roles_of_now() -> None:
    before = settings(ADA)
    ada = session("ada", by_oidc(before, "ADA@example.com"))
    assert roles_now(before, ada) == {"operator"}
    assert roles_now(settings({"ada": ADA["ada"] | {"roles": ["viewer"]}}), ada) == {"viewer"}


@pytest.mark.parametrize(
    "after",
    [
        settings({}),
        settings({"ada": {"oidc": "ada@example.org", "roles": ["operator"]}}),
        settings(ADA, client_id="another"),
        settings(ADA, issuer="https://other.example.com"),
        settings(ADA, claim="preferred_username"),
        with_ways(oidc=None),
    ],
)
def test_a_login_ends_when_the_provider_setting_changes(after: Settings) -> None:
    assert roles_now(after, session("ada", by_oidc(settings(ADA), "ada@example.com"))) is None


def test_a_token_counts_only_while_tokens_do() -> None:
    made = settings(LIN)
    lin = session("lin", token_proof(made.admins["lin"]))
    assert roles_now(made, lin) == {"approver"}
    ways = made.console.login.model_copy(update={"token": False})
    closed = made.model_copy(update={"console": made.console.model_copy(update={"login": ways})})
    assert roles_now(closed, lin) is None


def test_a_login_without_a_proof_has_no_roles() -> None:
    assert roles_now(settings(ADA), session("ada", "")) is None
    assert token_proof(settings(ADA).admins["ada"]) == ""


def test_groups_give_the_roles_that_the_settings_give_them_now() -> None:
    made = settings({}, groups=GROUPS)
    zoe = session("oidc:zoe@example.com", by_oidc(made, "zoe@example.com"), "ops", "auditors")
    assert roles_now(made, zoe) == {"operator", "viewer"}
    fewer = settings({}, groups={"roles": {"auditors": ["viewer"]}})
    assert roles_now(fewer, zoe) == {"viewer"}
    assert roles_now(settings({}, groups={"roles": {"others": ["viewer"]}}), zoe) is None
    assert roles_now(settings({}), zoe) is None


def test_a_group_member_who_becomes_an_admin_loses_the_old_session() -> None:
    before = settings({}, groups=GROUPS)
    zoe = session("oidc:zoe@example.com", by_oidc(before, "zoe@example.com"), "ops")
    people = {"zoe": {"oidc": "Zoe@example.com", "roles": ["approver"]}}
    assert roles_now(settings(people, groups=GROUPS), zoe) is None
    assert roles_now(before, replace(zoe, name="oidc:lin@example.com")) is None


def test_a_proxy_names_admins_as_the_settings_call_them_there() -> None:
    way = settings(ADA).model_dump()["console"]["login"]
    assert way["proxy"] is None
    people = {"ada": {"proxy": "Ada", "oidc": False, "roles": ["viewer"]}}
    made = Settings.model_validate(
        {
            "listen": "127.0.0.1:0",
            "public_url": "https://mail.example.com",
            "upstream": "http://127.0.0.1:9",
            "admin_listen": "127.0.0.1:0",
            "store": "sqlite:///x.db",
            "admins": people,
            "console": {"login": {"proxy": PROXY}},
        },
        strict=False,
        context={"sources": Sources(Path("/nonexistent"), {})},
    )
    assert named_by_proxy(made, "ADA") == "ada"
    assert named_by_proxy(made, "eve") is None
    assert roles_now(made, session("ada", proxy_proof("ada"))) == {"viewer"}


CLAIMS_OF_ADA = {"sub": "1001", "email": "ada@example.com", "email_verified": True}
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
    assert find_person(made, CLAIMS_OF_ADA) == KnownPerson(
        "ada", oidc_proof(made.console.login.oidc, "ADA@example.com")
    )


@pytest.mark.parametrize("mail", ["ada@example.com", "ADA@EXAMPLE.COM", "Ada@example.com"])
def test_mail_addresses_come_in_any_case(mail: str) -> None:
    assert who(CLAIMS_OF_ADA | {"email": mail}).name == "ada"


@pytest.mark.parametrize(
    "mail", ["ada@example.org", "ada+x@example.com", "ada@example.com.evil.example", "аda@example.com"]
)
def test_an_address_that_is_like_an_admins_is_another(mail: str) -> None:
    assert refused(CLAIMS_OF_ADA | {"email": mail}) is LoginTrouble.NOBODY


def test_letters_of_other_scripts_make_no_admin() -> None:
    """The Kelvin sign becomes a small k where letters of every script are made small."""
    people = {"kim": {"oidc": "kim@example.com", "roles": ["viewer"]}}
    with pytest.raises(LoginError):
        find_person(settings(people), CLAIMS_OF_ADA | {"email": "\N{KELVIN SIGN}im@example.com"})


@pytest.mark.parametrize("verified", [False, None, "false", "", 1, "yes"])
def test_a_mail_address_counts_only_as_verified(verified: object) -> None:
    assert refused(CLAIMS_OF_ADA | {"email_verified": verified}) is LoginTrouble.UNVERIFIED


def test_some_providers_write_true_as_a_text() -> None:
    assert who(CLAIMS_OF_ADA | {"email_verified": "true"}).name == "ada"


@pytest.mark.parametrize("said", [None, "", "  ", 1, ["ada@example.com"], "x" * 201, "ada@example.com\n"])
def test_a_claim_that_names_nobody_is_refused(said: object) -> None:
    assert refused(CLAIMS_OF_ADA | {"email": said}) is LoginTrouble.UNNAMED


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
    assert who(CLAIMS_OF_ADA | {"groups": ["auditors"]}, groups=GROUPS) == who(CLAIMS_OF_ADA, groups=GROUPS)


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
    assert not is_missing(plain, CLAIMS_OF_ADA)
    assert is_missing(plain, {"email": "ada@example.com"})
    assert is_missing(grouped, CLAIMS_OF_ADA)
    assert not is_missing(grouped, ZOE)
