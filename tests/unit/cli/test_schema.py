import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from mailgate.cli import app
from mailgate.config.schemas import SCHEMAS


def run(*arguments: str):
    return CliRunner().invoke(app, ["schema", *arguments])


def test_one_schema_is_printed() -> None:
    assert json.loads(run("policy").stdout)["properties"].keys() == {"default", "rules"}


def test_all_schemas_are_written(tmp_path: Path) -> None:
    assert run("--all", str(tmp_path / "schema")).exit_code == 0
    assert {path.name for path in (tmp_path / "schema").iterdir()} == {
        f"{name}.schema.json" for name in SCHEMAS
    }


@pytest.mark.parametrize(
    "arguments",
    [[], ["nonsense"], ["policy", "--all", "."], ["--all", "file"]],
    ids=["nothing", "no name of one", "one and all", "into a file"],
)
def test_wrong_usage_is_exit_code_2(
    arguments: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "file").touch()
    assert run(*arguments).exit_code == 2
