"""The demo's settings file: what is written is what a gate reads."""

from datetime import UTC, datetime
from pathlib import Path

import pytest
from tests.unit.demo.examples import written_settings

from mailgate.attest.mint import TEST_ISSUER
from mailgate.config import compile_rules, load_bundle
from mailgate.demo.settings import demo_rules
from mailgate.model import Stage


def test_a_gate_can_be_started_with_it(tmp_path: Path) -> None:
    settings = load_bundle(written_settings(tmp_path / "a: directory" / "demo", tmp_path)).settings
    assert (str(settings.listen), settings.public_url) == ("127.0.0.1:8123", "http://localhost:8123")
    assert (str(settings.admin_listen), settings.probe) == ("127.0.0.1:8124", "require")
    assert [issuer.issuer for issuer in settings.attestation.issuers] == [TEST_ISSUER]


def test_a_store_of_one_s_own_may_hold_a_password(tmp_path: Path) -> None:
    url = "postgresql://mailgate:not-to-be-seen@db.example.com/mailgate"
    path = written_settings(tmp_path, tmp_path, store=url)
    assert load_bundle(path).settings.store.get_secret_value() == url
    assert "not-to-be-seen" not in path.read_text()
    assert (tmp_path / "store.url").stat().st_mode & 0o777 == 0o600


def test_the_settings_say_that_changes_are_lost(tmp_path: Path) -> None:
    assert written_settings(tmp_path, tmp_path).read_text().startswith("# Written anew at every start")


ROOT = Path(__file__).parents[3]
NOW = datetime(2026, 11, 27, 22, 30, tzinfo=UTC)


@pytest.fixture(autouse=True)
def beside_config(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)


def test_one_more_rule_warns_now_and_refuses_in_days(tmp_path: Path) -> None:
    folder = demo_rules(tmp_path, NOW)
    texts = {str(path.relative_to(folder)): path.read_text() for path in folder.rglob("*.yaml")}
    before = (ROOT / "config" / "policy.yaml").read_text().count("- id:")
    rules = compile_rules(texts).policy.rules
    assert [each.id for each in rules].index("app-soon") == len(rules) - 2 == before - 1
    stages = rules[-2].stages
    assert stages is not None
    assert stages.at(NOW) is Stage.WARN
    assert stages.next_start(NOW) == datetime(2026, 12, 3, 9, tzinfo=UTC)


def test_a_changed_policy_is_not_overwritten(tmp_path: Path) -> None:
    policy = demo_rules(tmp_path, NOW) / "policy.yaml"
    policy.write_text("mine")
    assert (demo_rules(tmp_path, NOW) / "policy.yaml").read_text() == "mine"


def test_without_files_to_copy_it_has_those_of_init(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    there = {path.name: path.read_text() for path in demo_rules(tmp_path / "one", NOW).rglob("*.yaml")}
    monkeypatch.chdir(tmp_path)
    folder = demo_rules(tmp_path / "other", NOW)
    assert {path.name: path.read_text() for path in folder.rglob("*.yaml")} == there
