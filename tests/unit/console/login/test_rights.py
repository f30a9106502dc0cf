"""A login counts for as long as the settings say what it was checked against."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from tests.unit.console.browsing import NOW
from tests.unit.console.login.settings import GROUPS, LIN, settings

from mailgate.config import Settings
from mailgate.config.references import Sources
from mailgate.console.login.rights import (
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
