"""``mailgate admin``."""

import json
import sys
from functools import partial
from pathlib import Path

import pytest
import typer
from ruamel.yaml import YAML
from tests.admins import token
from tests.unit.cli.calls import call
from tests.unit.rollout.test_person import known

from mailgate.cli import admin
from mailgate.cli.admin import VARIABLE, acting_person, acting_person_if_given, system_user
from mailgate.cli.exit_codes import UsageError
from mailgate.config import Settings, load_settings
from mailgate.rollout.person import RefusedError, proven

run = partial(call, "admin")


def test_the_printed_block_works_in_the_settings(config: Path) -> None:
    shown = run("add", "ada", "--role", "operator", "--role", "approver").output
    before, _, block = shown.partition("\nadmins:\n")
    (token,) = [line.strip() for line in before.splitlines() if line.startswith("  ")]
    config.write_text(f"{config.read_text()}admins:\n{block}")
    settings = load_settings(config)
    assert proven(settings.admins, token) == "ada"
    assert settings.admins["ada"].roles == ("operator", "approver")


def test_a_program_gets_the_same(config: Path) -> None:
    told = json.loads(run("add", "lin@example.com", "--json").output)
    assert (told["name"], told["roles"]) == ("lin@example.com", ["viewer"])
    with config.open("a") as file:
        YAML().dump({"admins": {told["name"]: {name: told[name] for name in ("token_hash", "roles")}}}, file)
    assert proven(load_settings(config).admins, told["token"]) == "lin@example.com"


def test_no_two_tokens_are_one() -> None:
    one, other = (json.loads(run("add", "ada", "--json").output) for _ in range(2))
    assert one["token"] != other["token"]
    assert one["token_hash"].rsplit("$", 2)[1] != other["token_hash"].rsplit("$", 2)[1]


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        (["Ada"], "`Ada` is not a name for an admin"),
        (["ada:x"], "is not a name for an admin"),
        (["file"], "stands for changed files"),
        (["ada", "--role", "boss"], "`boss` is not a role; use analyst, viewer, operator, approver"),
    ],
)
def test_a_name_or_role_that_settings_refuse_is_refused(arguments: list[str], why: str) -> None:
    refused = run("add", *arguments)
    assert refused.exit_code == 2
    assert why in refused.output


def test_admins_are_listed_without_their_hashes(config: Path) -> None:
    assert "The settings have no admins" in run("list", "--config", str(config)).output
    assert json.loads(run("list", "--config", str(config), "--json").output) == []
    block = run("add", "ada", "--role", "approver").output.partition("\nadmins:\n")[2]
    config.write_text(f"{config.read_text()}admins:\n{block}")
    shown = run("list", "--config", str(config)).output
    assert "ada" in shown
    assert "approver" in shown
    assert "argon2" not in shown
    listed = json.loads(run("list", "--config", str(config), "--json").output)
    assert listed == [{"name": "ada", "roles": ["approver"], "ways": ["token"]}]


def test_a_password_of_ones_own_is_typed_and_printed_nowhere(config: Path) -> None:
    typed = "correct horse battery: staple"
    shown = call("admin", "add", "ada", "--password", "--role", "operator", answer=f"{typed}\n")
    assert shown.exit_code == 0
    assert typed not in shown.output
    config.write_text(f"{config.read_text()}admins:\n{shown.stdout.partition('admins:')[2]}")
    assert proven(load_settings(config).admins, f"ada:{typed}") == "ada"
    told = call("admin", "add", "ada", "--password", "--json", answer=typed)
    assert json.loads(told.stdout).keys() == {"name", "token_hash", "roles"}


def test_a_weak_password_is_refused_and_not_repeated() -> None:
    refused = call("admin", "add", "ada", "--password", answer="hunter2\n")
    assert refused.exit_code == 2
    assert "easy to guess" in refused.output
    assert "hunter2" not in refused.output


def test_the_way_of_each_admin_to_log_in_is_listed(config: Path) -> None:
    ways = {"proxy": {"header": "X-User", "from_proxies": ["::1"]}}
    people = {"ada": {"proxy": "ada", "roles": ["viewer"]}}
    with config.open("a") as file:
        YAML().dump({"admins": people, "console": {"login": ways}}, file)
    listed = json.loads(run("list", "--config", str(config), "--json").output)
    assert listed == [{"name": "ada", "roles": ["viewer"], "ways": ["proxy"]}]


def test_mistakes_in_the_settings_are_said(config: Path) -> None:
    config.write_text("listen: 7\n")
    refused = run("list", "--config", str(config))
    assert refused.exit_code == 2
    assert "mailgate.yaml:1" in refused.output


NOBODY = Settings.model_construct()
SETTINGS = Settings.model_construct(admins=known(ada="operator", lin="viewer approver"))


@pytest.fixture(autouse=True)
def bare(monkeypatch: pytest.MonkeyPatch) -> None:
    """No token in the environment, and no terminal."""
    monkeypatch.delenv(VARIABLE, raising=False)
    monkeypatch.setattr(sys.stdin, "isatty", lambda: False)


@pytest.fixture
def typed(monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """What is typed at a terminal."""
    what = {"token": "", "asked": ""}

    def prompt(text: str, *, hide_input: bool, err: bool, **_: object) -> str:
        assert hide_input
        assert err
        what["asked"] = text
        return what["token"]

    monkeypatch.setattr(sys.stdin, "isatty", lambda: True)
    monkeypatch.setattr(typer, "prompt", prompt)
    return what


def test_without_admins_the_system_user_acts() -> None:
    who = acting_person(NOBODY, "operator")
    assert who == acting_person_if_given(NOBODY, "operator") == system_user()
    assert who.name
    assert who.origin


def test_a_token_says_who_it_is(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, typed: dict[str, str]
) -> None:
    typed["token"] = token("ada")
    assert acting_person(SETTINGS, "operator").name == "ada"
    monkeypatch.setenv(VARIABLE, token("lin"))
    assert acting_person(SETTINGS, "operator", "approver").name == "lin"
    (tmp_path / "token").write_text(token("ada") + "\n")
    assert acting_person(SETTINGS, "operator", token_file=tmp_path / "token").name == "ada"
    assert acting_person(SETTINGS, "operator", token_file=tmp_path / "token").origin == system_user().origin


@pytest.mark.parametrize(
    ("given", "role", "why"),
    [
        ("", "operator", "the settings have admins: give your token in MAILGATE_ADMIN_TOKEN"),
        ("ada:wrong", "operator", "the admin token is not valid"),
        (token("nobody"), "operator", "the admin token is not valid"),
        (token("lin"), "operator", "lin may not do this: it takes the role operator"),
    ],
)
def test_a_person_without_a_proof_or_the_role_is_refused(
    monkeypatch: pytest.MonkeyPatch, given: str, role: str, why: str
) -> None:
    monkeypatch.setenv(VARIABLE, given)
    with pytest.raises(RefusedError) as ended:
        acting_person(SETTINGS, role)  # type: ignore[arg-type]
    assert why in str(ended.value)
    assert "secret" not in str(ended.value)


def test_a_missing_token_file_is_said(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="cannot be read"):
        acting_person(SETTINGS, "operator", token_file=tmp_path / "none")


def test_a_look_alone_needs_no_token(monkeypatch: pytest.MonkeyPatch, typed: dict[str, str]) -> None:
    assert acting_person_if_given(SETTINGS, "operator") is None
    assert typed["asked"] == "Admin token (Enter to look only)"
    monkeypatch.setenv(VARIABLE, "ada:wrong")
    with pytest.raises(RefusedError):
        acting_person_if_given(SETTINGS, "operator")
    monkeypatch.setenv(VARIABLE, token("ada"))
    found = acting_person_if_given(SETTINGS, "operator")
    assert found is not None
    assert found.name == "ada"


def test_without_a_terminal_nothing_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(admin.typer, "prompt", lambda *_, **__: pytest.fail("nobody is there"))
    assert acting_person_if_given(SETTINGS, "operator") is None
