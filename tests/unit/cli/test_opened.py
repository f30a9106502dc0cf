"""Commands that are made of coroutines."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import pytest
import typer
from tests.admins import admins, token
from typer.main import get_command
from typer.testing import CliRunner, Result

from mailgate.cli.admin import VARIABLE
from mailgate.cli.exit_codes import say_errors
from mailgate.cli.opened import Opened, on_store

Times = Annotated[int, typer.Option(help="How often.")]


def command(made: Callable[..., None]) -> typer.Typer:
    app = typer.Typer()
    app.command()(made)
    say_errors(app)
    return app


def run(made: Callable[..., None], config: Path, *arguments: str) -> Result:
    return CliRunner().invoke(command(made), [*arguments, "--config", str(config)])


async def told(opened: Opened, times: Times = 1) -> None:
    opened.say(f"{times} rule", {"rules": [each.id for each in opened.bundle.policy.rules] * times})


@pytest.mark.parametrize(
    ("how", "options"),
    [
        ({}, ["times", "config", "as_json"]),
        ({"acts": True}, ["times", "token_file", "config", "as_json"]),
        ({"json": None}, ["times", "config"]),
    ],
)
def test_a_command_has_the_options_that_all_have_beside_its_own(
    how: dict[str, Any], options: list[str]
) -> None:
    assert [each.name for each in get_command(command(on_store(**how)(told))).params][:-2] == options


def test_a_command_is_given_the_store_and_answers_in_the_form_that_is_wanted(config: Path) -> None:
    assert run(on_store()(told), config).output == "1 rule\n"
    assert json.loads(run(on_store()(told), config, "--times", "2", "--json").output) == {
        "rules": ["all"] * 2
    }


@pytest.mark.parametrize(("role", "code"), [("approver", 0), ("operator", 1)])
def test_only_who_has_the_role_acts(
    role: str, code: int, config: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def act(opened: Opened) -> None:
        opened.say(opened.person("approver").name, {})

    config.write_text(config.read_text() + f"admins: {json.dumps(admins(ada=role))}\n")
    monkeypatch.setenv(VARIABLE, token("ada"))
    done = run(on_store(acts=True)(act), config)
    assert (done.exit_code, done.output.startswith("ada")) == (code, True)
