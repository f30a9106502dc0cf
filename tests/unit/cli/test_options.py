from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from typer.main import get_command
from typer.testing import CliRunner

from mailgate.cli import app
from mailgate.cli.exit_codes import UsageError
from mailgate.cli.options import CONFIG_VARIABLE, read_until


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2026-12-01", datetime(2026, 12, 1, tzinfo=UTC)),
        ("2026-12-01T09:00-08:00", datetime(2026, 12, 1, 17, tzinfo=UTC)),
    ],
)
def test_a_moment_is_written_as_in_the_files(text: str, moment: datetime) -> None:
    assert read_until(text) == moment


@pytest.mark.parametrize("text", ["tomorrow", "2026-12-01T09:00", "2026-13-01"])
def test_a_wrong_moment_ends_the_command(text: str) -> None:
    with pytest.raises(UsageError, match="--until: "):
        read_until(text)


def with_settings(command: Any = None, path: tuple[str, ...] = ()) -> Iterator[tuple[str, Any]]:
    """Every command that is told where the settings are, with the option."""
    command = command or get_command(app)
    for name, each in getattr(command, "commands", {}).items():
        yield from with_settings(each, (*path, name))
    yield from ((" ".join(path), each) for each in command.params if each.name == "config")


def test_every_command_is_told_in_one_way_where_the_settings_are() -> None:
    found = dict(with_settings())
    assert len(found) > 40
    ways = {(*each.opts, each.envvar, str(each.default), each.help) for each in found.values()}
    assert [way[:3] for way in ways] == [("--config", CONFIG_VARIABLE, "config/mailgate.yaml")]


@pytest.mark.parametrize("command", ["run", "check", "devices list", "policy history", "admin list"])
def test_the_environment_names_them_and_the_option_wins(
    command: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv(CONFIG_VARIABLE, "elsewhere.yaml")
    assert "elsewhere.yaml:1:1: cannot be read" in CliRunner().invoke(app, command.split()).output
    named = CliRunner().invoke(app, [*command.split(), "--config", "named.yaml"])
    assert "named.yaml:1:1: cannot be read" in named.output


@pytest.mark.parametrize("variable", [None, ""])
def test_without_settings_it_is_said_how_to_get_some(
    variable: str | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "empty").mkdir()
    monkeypatch.chdir(tmp_path / "empty")
    monkeypatch.delenv(CONFIG_VARIABLE, raising=False)
    if variable is not None:
        monkeypatch.setenv(CONFIG_VARIABLE, variable)
    result = CliRunner().invoke(app, ["run"])
    assert result.exit_code == 2
    assert result.stderr.startswith("config/mailgate.yaml does not exist")
    assert "`mailgate init`" in result.stderr


def test_a_file_that_check_is_given_needs_no_other(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "empty").mkdir()
    monkeypatch.chdir(tmp_path / "empty")
    assert "x.yaml:1:1: cannot be read" in CliRunner().invoke(app, ["check", "x.yaml"]).output


def test_the_shell_completes_commands() -> None:
    asked = {"_MAILGATE_COMPLETE": "complete_bash", "COMP_WORDS": "mailgate devi", "COMP_CWORD": "1"}
    result = CliRunner().invoke(app, [], prog_name="mailgate", env=asked)
    assert result.output.split() == ["devices"]
