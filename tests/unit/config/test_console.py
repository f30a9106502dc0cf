"""How people come in to the console: what is refused, where, and all of it at once."""

import json
from pathlib import Path
from typing import Any

import pytest
from tests.admins import admins
from tests.pki import root
from tests.unit.console.login.settings import GROUPS

from mailgate.config import load_settings
from mailgate.errors import ConfigError

OIDC = {"issuer": "https://login.example.com/tenant", "client_id": "mailgate"}
PROXY = {"header": "X-Forwarded-User", "from_proxies": ["10.0.0.0/8"]}
URL = "https://console.example.com"
AUTHORITY = root().pem
TOKEN = dict(admins(ada="operator"))["ada"]


def load(folder: Path, console: Any = None, people: Any = None) -> Any:
    known = {
        "listen": "127.0.0.1:0",
        "public_url": "https://mail.example.com",
        "upstream": "http://127.0.0.1:9",
        "admin_listen": "127.0.0.1:0",
        "store": "sqlite:///x.db",
    }
    path = folder / "mailgate.yaml"
    more = {"console": console} if console is not None else {}
    path.write_text(json.dumps(known | more | {"admins": people or {}}, indent=1))
    return load_settings(path, {"OIDC_SECRET": "hunter2"})


def mistakes(folder: Path, console: Any = None, people: Any = None) -> str:
    with pytest.raises(ConfigError) as error:
        load(folder, console, people)
    return str(error.value)


def test_without_settings_people_log_in_by_token_alone(tmp_path: Path) -> None:
    made = load(tmp_path).console
    assert (made.url, made.trusted_proxies, made.login.token) == (None, (), True)
    assert (made.login.oidc, made.login.proxy) == (None, None)


def test_every_setting_of_the_console_is_read(tmp_path: Path) -> None:
    oidc = OIDC | {
        "client_secret": {"env": "OIDC_SECRET"},
        "name": "Example ID",
        "claim": "preferred_username",
        "scopes": ["openid", "profile", "groups"],
        "groups": GROUPS | {"claim": "roles", "session": "30m"},
        "logout": False,
    }
    people = {"ada": TOKEN | {"oidc": "ada"}, "vic": {"proxy": "vic", "oidc": False, "roles": ["viewer"]}}
    made = load(
        tmp_path,
        {"url": URL, "trusted_proxies": ["::1"], "login": {"token": False, "oidc": oidc, "proxy": PROXY}},
        people,
    )
    assert made.console.login.oidc.client_secret.get_secret_value() == "hunter2"
    assert "hunter2" not in str(made) + made.model_dump_json()


@pytest.mark.parametrize(
    ("console", "says"),
    [
        ({"login": {"token": False}}, "nobody could log in"),
        ({"login": {"oidc": OIDC}}, "set `url` in `console`"),
        ({"url": URL + "/console", "login": {}}, "the URL has a path, query or fragment"),
        ({"login": {"proxy": PROXY | {"from_proxies": []}}}, "it is empty; add at least one"),
        ({"login": {"proxy": {"header": "X-User"}}}, "`from_proxies` is missing"),
        ({"login": {"proxy": PROXY | {"header": "X_User"}}}, "use letters, digits and hyphens"),
        ({"login": {"header": "X-User"}}, "`header` is not known"),
    ],
)
def test_a_way_that_leads_nowhere_is_refused(tmp_path: Path, console: Any, says: str) -> None:
    assert says in mistakes(tmp_path, console)


@pytest.mark.parametrize(
    ("oidc", "says"),
    [
        ({"issuer": "http://login.example.com"}, "use https, or http on loopback"),
        ({"issuer": "login.example.com"}, "not the URL of an issuer"),
        ({"issuer": "https://login.example.com/?x=1"}, "leave them out"),
        ({"issuer": "https://ada:x@login.example.com"}, "the URL contains credentials"),
        ({"client_secret": "hunter2"}, "use {env: NAME} or {file: PATH}"),
        ({"client_secret": {"env": "NOT_SET"}}, "the environment variable NOT_SET is missing or empty"),
        ({"claim": "name"}, "use one of `email`, `sub`, `preferred_username`"),
        ({"scopes": ["email"]}, "the scope `openid` is missing"),
        ({"groups": {"roles": {}}}, "it is empty; add at least one"),
        ({"groups": {"roles": {"ops": ["approver"]}}}, "use one of `analyst`, `viewer`, `operator`"),
        ({"groups": GROUPS | {"session": "13h"}}, "out of range"),
        ({"ca": "none.pem"}, "no such file"),
        (
            {"issuer": "http://127.0.0.1:9", "ca": "ca.pem"},
            "`issuer` is not https, so no certificate is checked",
        ),
    ],
)
def test_a_provider_that_could_not_be_believed_is_refused(
    tmp_path: Path, oidc: dict[str, Any], says: str
) -> None:
    (tmp_path / "ca.pem").write_bytes(AUTHORITY)
    said = mistakes(tmp_path, {"url": URL, "login": {"oidc": OIDC | oidc}})
    assert says in said
    assert "hunter2" not in said


@pytest.mark.parametrize(
    "issuer", ["https://login.example.com", "http://localhost:8080/x", "http://[::1]:8080"]
)
def test_an_issuer_is_taken_exactly_as_it_stands(tmp_path: Path, issuer: str) -> None:
    made = load(tmp_path, {"url": URL, "login": {"oidc": OIDC | {"issuer": issuer}}})
    assert made.console.login.oidc.issuer == issuer


@pytest.mark.parametrize(
    ("people", "says"),
    [
        ({"ada": {"roles": ["viewer"]}}, "this admin has no way to log in"),
        ({"ada": {"oidc": False, "roles": ["viewer"]}}, "this admin has no way to log in"),
        ({"ada": {"oidc": "ada", "roles": ["viewer"]}}, "`console.login.oidc` is not set"),
        ({"ada": {"proxy": "ada", "roles": ["viewer"]}}, "`console.login.proxy` is not set"),
    ],
)
def test_an_admin_has_a_way_in_that_is_open(tmp_path: Path, people: Any, says: str) -> None:
    assert says in mistakes(tmp_path, None, people)


@pytest.mark.parametrize("way", ["oidc", "proxy"])
@pytest.mark.parametrize(("one", "other"), [("ada", "ada"), ("ada@example.com", "Ada@Example.com")])
def test_no_two_admins_are_one_person(tmp_path: Path, way: str, one: str, other: str) -> None:
    people = {"ada": {way: one, "roles": ["operator"]}, "lin": {way: other, "roles": ["approver"]}}
    said = mistakes(tmp_path, {"url": URL, "login": {"oidc": OIDC, "proxy": PROXY}}, people)
    assert "ada has the same name there; give each person another one" in said


def test_if_the_provider_has_groups_each_admin_needs_a_name_there(tmp_path: Path) -> None:
    """Else an admin could log in under a second name, and approve their own plan."""
    ways = {"url": URL, "login": {"oidc": OIDC | {"groups": GROUPS}}}
    said = mistakes(tmp_path, ways, {"ada": TOKEN})
    assert "this admin could log in under a second name" in said
    assert said.count("\n") == 0


@pytest.mark.parametrize("there", ["ada@example.com", False])
def test_an_admin_with_a_name_there_is_taken(tmp_path: Path, there: str | bool) -> None:
    ways = {"url": URL, "login": {"oidc": OIDC | {"groups": GROUPS}}}
    assert load(tmp_path, ways, {"ada": TOKEN | {"oidc": there}})


def test_every_mistake_is_said_at_once_with_its_place(tmp_path: Path) -> None:
    said = mistakes(
        tmp_path,
        {"url": "x", "login": {"oidc": OIDC | {"issuer": "x"}, "proxy": PROXY | {"from_proxies": ["x"]}}},
        {"ada": {"roles": ["viewer"]}},
    ).splitlines()
    assert len(said) == 4
    assert all(line.partition("mailgate.yaml:")[2][0].isdigit() for line in said)
