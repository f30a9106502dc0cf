import json
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from tests.unit.cli.calls import call

from mailgate.cli.schema import SCHEMAS, schema_of
from mailgate.config.document import read_document

run = partial(call, "schema")


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


ROOT = Path(__file__).parents[3]
KINDS = {
    "mailgate.yaml": "settings",
    "strict.yaml": "settings",
    "apps.yaml": "apps",
    "policy.yaml": "policy",
    "policy.tests.yaml": "policy-tests",
}
SHIPPED = sorted(ROOT.glob("config/**/*.yaml"))


def plain(path: Path) -> Any:
    """As a JSON reader has it: lists are arrays."""
    return json.loads(json.dumps(read_document(path.read_bytes(), str(path)).value))


def errors(kind: str, value: Any) -> list[str]:
    return [error.message for error in Draft202012Validator(schema_of(kind)).iter_errors(value)]


@pytest.mark.parametrize("kind", SCHEMAS)
def test_the_schema_is_one(kind: str) -> None:
    Draft202012Validator.check_schema(schema_of(kind))


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_shipped_file_fits_its_schema(path: Path) -> None:
    assert errors(KINDS.get(path.name, "list"), plain(path)) == []


RULE = {"id": "a", "when": "true", "effect": "block"}
SETTINGS = {
    "listen": "h:1",
    "public_url": "http://h",
    "upstream": "http://u",
    "admin_listen": "h:2",
    "store": "sqlite://",
}


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("policy", {"rules": []}),
        ("policy", {"rules": [RULE | {"efect": "x"}]}),
        ("policy", {"rules": [RULE | {"id": "Not"}]}),
        ("policy", {"rules": [RULE | {"effect": "deny"}]}),
        ("policy", {"rules": [RULE | {"title": None}]}),
        ("policy", {"rules": [RULE | {"share": 50}]}),
        ("policy", {"rules": [RULE | {"notice": {"fix": "remove-ap"}}]}),
        ("policy", {"rules": [RULE | {"stages": {"warn": "2026-12-08T09:00:00"}}]}),
        ("apps", {"apps": {"Not": {"name": "x"}}}),
        ("apps", {"apps": {"a": {"name": "x"}}, "lists": {"l": {"fil": "x"}}}),
        ("settings", SETTINGS | {"listen": "8080"}),
        ("settings", SETTINGS | {"store": {"env": "X", "file": "y"}}),
        ("settings", SETTINGS | {"timeouts": {"connect": 5}}),
        ("settings", SETTINGS | {"limits": {"body_bytes": "25MB"}}),
        ("policy-tests", {"tests": [{"name": "x", "expect": {}}]}),
    ],
)  # fmt: skip
def test_the_schema_refuses_what_the_loader_refuses(kind: str, value: Any) -> None:
    assert errors(kind, value)


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("settings", SETTINGS),
        ("settings", SETTINGS | {"store": {"env": "X"}, "limits": {"body_bytes": 0}}),
        ("policy", {"rules": [RULE | {"stages": {"report_only": "2026-12-01"}, "share": "12.5%"}]}),
        ("policy", {"rules": [RULE | {"notice": {"fix": "请到三楼。"}}]}),
        ("policy-tests", {"tests": [{"name": "x", "request": {"user": "alice", "headers": {"A": ["1", "2"]}}, "expect": {"effect": "allow"}}]}),
    ],
)  # fmt: skip
def test_the_schema_takes_what_the_loader_takes(kind: str, value: Any) -> None:
    assert errors(kind, value) == []


def test_defaults_are_written_as_people_write_them() -> None:
    assert schema_of("settings")["$defs"]["Timeouts"]["properties"]["connect"]["default"] == "5s"
