"""``mailgate admin``."""

import json
from pathlib import Path

import pytest
from ruamel.yaml import YAML
from typer.testing import CliRunner, Result

from mailgate.cli import app
from mailgate.config import load_settings
from mailgate.rollout.person import proven


def run(*arguments: str) -> Result:
    return CliRunner().invoke(app, ["admin", *arguments])


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
        (["ada", "--role", "boss"], "`boss` is not a role; expected viewer, operator, approver"),
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
    shown = CliRunner().invoke(
        app, ["admin", "add", "ada", "--password", "--role", "operator"], input=f"{typed}\n"
    )
    assert shown.exit_code == 0
    assert typed not in shown.output
    config.write_text(f"{config.read_text()}admins:\n{shown.stdout.partition('admins:')[2]}")
    assert proven(load_settings(config).admins, f"ada:{typed}") == "ada"
    told = CliRunner().invoke(app, ["admin", "add", "ada", "--password", "--json"], input=typed)
    assert json.loads(told.stdout).keys() == {"name", "token_hash", "roles"}


def test_a_weak_password_is_refused_and_not_repeated() -> None:
    refused = CliRunner().invoke(app, ["admin", "add", "ada", "--password"], input="hunter2\n")
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
