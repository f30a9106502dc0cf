import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from mailgate.cli import app

ROOT = Path(__file__).parents[3]
IPHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_6 like Mac OS X) AppleWebKit/605.1.15 Mobile/15E148"
RECORDED = {
    "method": "GET",
    "target": "/",
    "headers": {"User-Agent": IPHONE},
    "user": None,
    "device": {"apps": ["tiktok"], "managed": None},
    "now": "2026-11-24T12:00:00Z",
}


@pytest.fixture(autouse=True)
def at_home(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)


def run(*arguments: str, given: object = RECORDED):
    text = given if isinstance(given, str) else json.dumps(given)
    return CliRunner().invoke(app, ["explain", *arguments], input=text)


def test_every_rule_that_was_tried_is_told_with_the_values_it_saw() -> None:
    report = json.loads(run("--json", "-").stdout)
    assert [(rule["rule"], rule["matched"], rule["effect"]) for rule in report["rules"]] == [
        ("kind-contradicted", False, None),
        ("laptop-browser", False, None),
        ("prohibited-app", True, "block"),
    ]
    assert report["rules"][1]["values"] == {"client.kind": "phone"}
    assert report["not_reached"] == ["unproven-handheld", "clean-handheld"]
    assert (report["decision"]["effect"], report["decision"]["reason"]) == ("block", "prohibited-app")
    assert report["decision"]["apps"] == ["TikTok"]
    assert report["client"]["signals"][0]["says"] == "phone"


def test_the_shipped_example() -> None:
    report = json.loads(run("--json", "config/examples/phone-with-tiktok.request.json").stdout)
    assert report["decision"]["reason"] == "prohibited-app"


def test_yaml_in_two_levels_from_a_file(tmp_path: Path) -> None:
    path = tmp_path / "request.yaml"
    path.write_text(f"request: {{user_agent: '{IPHONE}'}}\ndevice: {{state: stale}}\n")
    assert json.loads(run("--json", str(path)).stdout)["decision"]["reason"] == "posture-stale"


def test_the_human_form() -> None:
    result = run()
    assert result.exit_code == 0
    for word in ("phone, handheld", "prohibited-app", "not reached", "block: prohibited-app"):
        assert word in result.stdout


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"methd": "GET"}, "<stdin>:1:2: the key `methd` is not known; did you mean `method`?"),
        ({"device": {"apps": ["nope"]}}, "<stdin>:1:22: `nope` is not known here"),
        ('{"a": 1', "<stdin>:1:8: "),
        ("", "<stdin>:1:1: the file is empty"),
    ],
)
def test_a_request_that_cannot_be_read(given: object, message: str) -> None:
    result = run("--json", "-", given=given)
    assert result.exit_code == 2
    assert message in result.stderr


def test_files_that_are_not_there() -> None:
    assert run("nowhere.json").exit_code == 2
    assert run("--config", "nowhere.yaml").exit_code == 2
