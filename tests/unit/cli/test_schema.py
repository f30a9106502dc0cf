import json
from pathlib import Path

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


def test_usage(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    for arguments in (
        [],
        ["nonsense"],
        ["policy", "--all", str(tmp_path)],
        ["--all", str(tmp_path / "file")],
    ):
        assert run(*arguments).exit_code == 2
