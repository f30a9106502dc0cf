"""Admins in the settings."""

from pathlib import Path
from typing import Any

import pytest
from argon2 import PasswordHasher, Type
from ruamel.yaml import YAML
from tests.admins import admins

from mailgate.config import Settings, load_settings
from mailgate.errors import ConfigError

ROOT = Path(__file__).parents[3]


def loaded(tmp_path: Path, known: Any, **more: Any) -> Settings:
    """The shipped settings with these admins."""
    path = tmp_path / "mailgate.yaml"
    with path.open("w") as file:
        file.write((ROOT / "config/mailgate.yaml").read_text() + "\n")
        YAML().dump({"admins": known, **more}, file)
    return load_settings(path, {})


def test_settings_without_admins_have_none() -> None:
    assert load_settings(ROOT / "config/mailgate.yaml", {}).admins == {}


def test_an_admin_has_roles_and_a_hash_that_is_not_shown(tmp_path: Path) -> None:
    known = {**admins(ada="operator approver"), "lin@example.com": admins(lin="viewer")["lin"]}
    settings = loaded(tmp_path, known)
    assert settings.admins["ada"].roles == ("operator", "approver")
    assert settings.admins["lin@example.com"].roles == ("viewer",)
    assert settings.admins["ada"].token_hash.get_secret_value() == known["ada"]["token_hash"]
    assert "argon2" not in f"{settings!r} {settings.model_dump_json()}"


WEAK = PasswordHasher(time_cost=1, memory_cost=1024, parallelism=1).hash("x")
ANOTHER_KIND = PasswordHasher(time_cost=1, memory_cost=8192, parallelism=1, type=Type.I).hash("x")


@pytest.mark.parametrize(
    "value",
    ["ada:hunter2", WEAK, ANOTHER_KIND, "$argon2id$v=19$m=999999999,t=1,p=1$c2FsdHNhbHQ$" + "a" * 43, 7],
)
def test_a_weak_hash_is_refused_and_not_repeated(tmp_path: Path, value: Any) -> None:
    with pytest.raises(
        ConfigError, match="it is not an argon2id hash; use one as `mailgate admin add`"
    ) as refused:
        loaded(tmp_path, {"ada": {"token_hash": value, "roles": ["viewer"]}})
    assert "hunter2" not in str(refused.value)
    assert "argon2id$" not in str(refused.value)


@pytest.mark.parametrize("known", ["ada:hunter2", {"ada": "ada:hunter2"}])
def test_a_token_in_place_of_an_admin_is_not_repeated(tmp_path: Path, known: Any) -> None:
    with pytest.raises(ConfigError, match="it is not the entry of an admin; use a mapping") as refused:
        loaded(tmp_path, known)
    assert "hunter2" not in str(refused.value)


@pytest.mark.parametrize(
    ("changed", "mistake"),
    [
        ({"roles": []}, "it is empty; add at least one"),
        (
            {"roles": ["boss"]},
            "`boss` is not known here; use one of `analyst`, `viewer`, `operator`, `approver`",
        ),
        ({"roles": ["viewer", "viewer"]}, "the role is listed twice; keep one"),
        ({"token": "x"}, "the key `token` is not known"),
    ],
)
def test_mistakes_are_said(tmp_path: Path, changed: Any, mistake: str) -> None:
    with pytest.raises(ConfigError) as refused:
        loaded(tmp_path, {"ada": admins(ada="viewer")["ada"] | changed})
    assert mistake in str(refused.value)


@pytest.mark.parametrize("name", ["Ada", "a b", "ada:x", ".ada", ""])
def test_a_name_is_in_small_letters(tmp_path: Path, name: str) -> None:
    with pytest.raises(ConfigError, match="small letters and digits"):
        loaded(tmp_path, {name: admins(ada="viewer")["ada"]})


def test_no_admin_has_the_name_of_changed_files(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="the audit log gives this name to changed files"):
        loaded(tmp_path, {"file": admins(ada="viewer")["ada"]})


def test_one_token_under_two_names_is_refused(tmp_path: Path) -> None:
    """One person could approve what they have planned themselves."""
    ada = admins(ada="operator approver")["ada"]
    with pytest.raises(ConfigError, match="ada has the same token; give each person another one"):
        loaded(tmp_path, {"ada": ada, "lin": ada})
