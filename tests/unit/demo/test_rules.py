"""The demo's own rules: a copy of those in `config`, with one that warns first."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from mailgate.config import compile_rules
from mailgate.demo.rules import demo_rules
from mailgate.model import Stage

ROOT = Path(__file__).parents[3]
NOW = datetime(2026, 11, 27, 22, 30, tzinfo=UTC)


@pytest.fixture(autouse=True)
def beside_config(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)


def test_it_has_one_rule_more_which_warns_now_and_keeps_out_in_days(tmp_path: Path) -> None:
    folder = demo_rules(tmp_path, NOW)
    texts = {str(path.relative_to(folder)): path.read_text() for path in folder.rglob("*.yaml")}
    before = (ROOT / "config" / "policy.yaml").read_text().count("- id:")
    rules = compile_rules(texts).policy.rules
    assert [each.id for each in rules].index("app-soon") == len(rules) - 2 == before - 1
    stages = rules[-2].stages
    assert stages is not None
    assert stages.at(NOW) is Stage.WARN
    assert stages.next_start(NOW) == datetime(2026, 12, 3, 9, tzinfo=UTC)


def test_what_was_changed_in_it_stays(tmp_path: Path) -> None:
    policy = demo_rules(tmp_path, NOW) / "policy.yaml"
    policy.write_text("mine")
    assert (demo_rules(tmp_path, NOW) / "policy.yaml").read_text() == "mine"


def test_where_there_is_nothing_to_copy_it_has_what_init_writes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    there = {path.name: path.read_text() for path in demo_rules(tmp_path / "one", NOW).rglob("*.yaml")}
    monkeypatch.chdir(tmp_path)
    folder = demo_rules(tmp_path / "other", NOW)
    assert {path.name: path.read_text() for path in folder.rglob("*.yaml")} == there
