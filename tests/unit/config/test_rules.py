"""The rules of one version, from files and from the texts that are kept of them."""

from pathlib import Path

import pytest

from mailgate.config import compile_rules
from mailgate.config.files import Reading
from mailgate.config.rules import read_rules
from mailgate.config.settings import Files
from mailgate.errors import ConfigError

APPS = "apps: {tiktok: {name: TikTok}}\nlists: {banned: {file: lists/us.yaml}}\n"
LIST = "title: Banned\nsources: [a law]\napps: [tiktok]\n"
POLICY = "rules: [{id: all, when: '\"banned\" in device.lists', effect: block}]\n"
CASES = "tests: [{name: nobody, request: {}, expect: {effect: block}}]\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "rules" / "lists").mkdir(parents=True)
    for name, text in {
        "rules/a.yaml": APPS,
        "rules/lists/us.yaml": LIST,
        "p.yaml": POLICY,
        "t.yaml": CASES,
    }.items():
        (tmp_path / name).write_text(text)
    return tmp_path


NAMES = Files(apps="rules/a.yaml", policy="p.yaml", policy_tests="t.yaml")


def test_what_is_kept_is_the_same_rules_wherever_the_files_were(folder: Path) -> None:
    rules = read_rules(folder, NAMES, Reading())
    assert rules is not None
    assert rules.texts == {
        "apps.yaml": APPS,
        "lists/us.yaml": LIST,
        "policy.yaml": POLICY,
        "policy.tests.yaml": CASES,
    }
    again = compile_rules(rules.texts)
    assert (again.digest, again.policy.version) == (rules.digest, rules.policy.version)
    assert again.policy.catalog.lists == {"banned": ("tiktok",)}
    assert len(again.cases.tests) == 1


def test_a_comment_changes_the_digest_and_not_the_policy(folder: Path) -> None:
    before = read_rules(folder, NAMES, Reading())
    (folder / "p.yaml").write_text(POLICY + "# why\n")
    after = read_rules(folder, NAMES, Reading())
    assert before is not None
    assert after is not None
    assert before.digest != after.digest
    assert before.policy.version == after.policy.version


def test_what_is_kept_is_read_from_nowhere_else(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder / "rules")
    with pytest.raises(ConfigError, match=r"lists/us.yaml:1:1: cannot be read: not kept with this version"):
        compile_rules({"apps.yaml": APPS, "policy.yaml": POLICY})


def test_cases_may_be_left_out() -> None:
    rules = compile_rules({"apps.yaml": APPS, "lists/us.yaml": LIST, "policy.yaml": POLICY})
    assert rules.cases.tests == ()
