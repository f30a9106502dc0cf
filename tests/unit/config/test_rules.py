"""The rules of one version, from files and from the texts that are kept of them."""

from pathlib import Path

import pytest

from mailgate.config import compile_rules, load_bundle
from mailgate.config.files import FilesReading
from mailgate.config.rules import read_rules
from mailgate.config.settings import Files
from mailgate.errors import ConfigError
from mailgate.policy.people import NO_GROUPS

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


def test_kept_texts_compile_to_the_same_rules(folder: Path) -> None:
    rules = read_rules(folder, NAMES, FilesReading())
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
    before = read_rules(folder, NAMES, FilesReading())
    (folder / "p.yaml").write_text(POLICY + "# why\n")
    after = read_rules(folder, NAMES, FilesReading())
    assert before is not None
    assert after is not None
    assert before.digest != after.digest
    assert before.policy.version == after.policy.version


def test_kept_texts_read_no_other_file(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder / "rules")
    with pytest.raises(ConfigError, match=r"lists/us.yaml:1:1: cannot be read: not kept with this version"):
        compile_rules({"apps.yaml": APPS, "policy.yaml": POLICY})


def test_cases_may_be_left_out() -> None:
    rules = compile_rules({"apps.yaml": APPS, "lists/us.yaml": LIST, "policy.yaml": POLICY})
    assert rules.cases.tests == ()


SETTINGS = """
listen: 127.0.0.1:0
public_url: http://mail.example.com
upstream: http://127.0.0.1:9080
admin_listen: 127.0.0.1:0
store: "sqlite:///gate.db"
"""


@pytest.fixture
def groups_folder(tmp_path: Path) -> Path:
    (tmp_path / "mailgate.yaml").write_text(SETTINGS)
    (tmp_path / "apps.yaml").write_text("apps: {tiktok: {name: TikTok}}\nlists: {}\n")
    (tmp_path / "policy.yaml").write_text(
        "rules: [{id: pilot, when: 'true', effect: block, groups: [pilot]}]\n"
    )
    return tmp_path


def load(groups_folder: Path):
    return load_bundle(groups_folder / "mailgate.yaml", {})


def test_the_file_may_be_left_out(groups_folder: Path) -> None:
    bundle = load(groups_folder)
    assert bundle.groups == NO_GROUPS
    absent = {*bundle.stamps} - {*bundle.paths}
    assert absent == {groups_folder / "groups.yaml", groups_folder / "policy.tests.yaml"}, (
        "and may come later"
    )


def test_groups_are_read_from_their_file(groups_folder: Path) -> None:
    (groups_folder / "groups.yaml").write_text("groups: {pilot: [Ada@example.com]}\n")
    bundle = load(groups_folder)
    assert bundle.groups.user("ada@example.com").groups == ("pilot",)
    assert groups_folder / "groups.yaml" in bundle.paths


def test_a_version_has_the_groups_and_nobodys_name(groups_folder: Path) -> None:
    (groups_folder / "groups.yaml").write_text("groups: {pilot: [Ada@example.com, lin]}\n")
    rules = load(groups_folder).rules
    assert all("ada" not in text.lower() for text in rules.texts.values())
    again = compile_rules(rules.texts)
    assert (again.groups, again.digest, again.texts) == (rules.groups, rules.digest, rules.texts)
    (groups_folder / "groups.yaml").write_text("# the same\ngroups:\n  pilot: [LIN, ada@example.com, lin]\n")
    assert load(groups_folder).rules.digest == rules.digest
    (groups_folder / "groups.yaml").write_text("groups: {pilot: [lin]}\n")
    assert load(groups_folder).rules.digest != rules.digest


def test_a_file_that_is_named_has_to_be_there(groups_folder: Path) -> None:
    (groups_folder / "mailgate.yaml").write_text(SETTINGS + "files: {groups: staff.yaml}\n")
    with pytest.raises(ConfigError, match=r"staff\.yaml:1:1: cannot be read"):
        load(groups_folder)


@pytest.mark.parametrize(
    ("written", "message"),
    [
        ("groups: {board: [ada]}\n", "pilot"),
        ("groups: {pilot: ada}\n", "groups"),
        ("groups: {pilot: ['']}\n", "groups"),
        ("people: {}\n", "groups"),
    ],
)
def test_malformed_groups_are_refused(groups_folder: Path, written: str, message: str) -> None:
    (groups_folder / "groups.yaml").write_text(written)
    with pytest.raises(ConfigError, match=message):
        load(groups_folder)


def test_a_condition_cannot_name_a_group_that_nobody_is_in(groups_folder: Path) -> None:
    (groups_folder / "groups.yaml").write_text("groups: {pilot: [ada]}\n")
    (groups_folder / "policy.yaml").write_text(
        "rules: [{id: a, when: '\"pilto\" in user.groups', effect: block}]\n"
    )
    with pytest.raises(ConfigError, match='is never "pilto"'):
        load(groups_folder)


def test_members_are_written_with_or_without_a_domain_of_ours(groups_folder: Path) -> None:
    (groups_folder / "mailgate.yaml").write_text(SETTINGS + "login_domains: [EXAMPLE, example.com]\n")
    (groups_folder / "groups.yaml").write_text("groups: {pilot: ['EXAMPLE\\ada', 'OTHER\\lin']}\n")
    groups = load(groups_folder).groups
    assert groups.user("ada").groups == ("pilot",)
    assert not groups.user("lin").groups_known, "of another domain: it might be the member"
