"""Who is in which groups, from ``groups.yaml``."""

from pathlib import Path

import pytest

from mailgate.config import compile_rules, load_bundle
from mailgate.errors import ConfigError
from mailgate.policy.groups import NO_GROUPS

SETTINGS = """
listen: 127.0.0.1:0
public_url: http://mail.example.com
upstream: http://127.0.0.1:9080
admin_listen: 127.0.0.1:0
store: "sqlite:///gate.db"
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "mailgate.yaml").write_text(SETTINGS)
    (tmp_path / "apps.yaml").write_text("apps: {tiktok: {name: TikTok}}\nlists: {}\n")
    (tmp_path / "policy.yaml").write_text(
        "rules: [{id: pilot, when: 'true', effect: block, groups: [pilot]}]\n"
    )
    return tmp_path


def load(folder: Path):
    return load_bundle(folder / "mailgate.yaml", {})


def test_the_file_may_be_left_out(folder: Path) -> None:
    bundle = load(folder)
    assert bundle.groups == NO_GROUPS
    assert set(bundle.absent) == {folder / "groups.yaml", folder / "policy.tests.yaml"}, "and may come later"
    assert not set(bundle.absent) & set(bundle.paths)


def test_who_is_in_a_group_and_a_change_is_seen(folder: Path) -> None:
    (folder / "groups.yaml").write_text("groups: {pilot: [Ada@example.com]}\n")
    bundle = load(folder)
    assert bundle.groups.user("ada@example.com").groups == ("pilot",)
    assert folder / "groups.yaml" in bundle.paths


def test_a_version_has_the_groups_and_nobodys_name(folder: Path) -> None:
    (folder / "groups.yaml").write_text("groups: {pilot: [Ada@example.com, lin]}\n")
    rules = load(folder).rules
    assert all("ada" not in text.lower() for text in rules.texts.values())
    again = compile_rules(rules.texts)
    assert (again.groups, again.digest, again.texts) == (rules.groups, rules.digest, rules.texts)
    (folder / "groups.yaml").write_text("# the same\ngroups:\n  pilot: [LIN, ada@example.com, lin]\n")
    assert load(folder).rules.digest == rules.digest
    (folder / "groups.yaml").write_text("groups: {pilot: [lin]}\n")
    assert load(folder).rules.digest != rules.digest


def test_a_file_that_is_named_has_to_be_there(folder: Path) -> None:
    (folder / "mailgate.yaml").write_text(SETTINGS + "files: {groups: staff.yaml}\n")
    with pytest.raises(ConfigError, match=r"staff\.yaml:1:1: cannot be read"):
        load(folder)


@pytest.mark.parametrize(
    ("written", "message"),
    [
        ("groups: {board: [ada]}\n", "pilot"),
        ("groups: {pilot: ada}\n", "groups"),
        ("groups: {pilot: ['']}\n", "groups"),
        ("people: {}\n", "groups"),
    ],
)
def test_what_is_refused(folder: Path, written: str, message: str) -> None:
    (folder / "groups.yaml").write_text(written)
    with pytest.raises(ConfigError, match=message):
        load(folder)


def test_a_condition_cannot_name_a_group_that_nobody_is_in(folder: Path) -> None:
    (folder / "groups.yaml").write_text("groups: {pilot: [ada]}\n")
    (folder / "policy.yaml").write_text("rules: [{id: a, when: '\"pilto\" in user.groups', effect: block}]\n")
    with pytest.raises(ConfigError, match='is never "pilto"'):
        load(folder)


def test_members_are_written_with_or_without_a_domain_of_ours(folder: Path) -> None:
    (folder / "mailgate.yaml").write_text(SETTINGS + "login_domains: [EXAMPLE, example.com]\n")
    (folder / "groups.yaml").write_text("groups: {pilot: ['EXAMPLE\\ada', 'OTHER\\lin']}\n")
    groups = load(folder).groups
    assert groups.user("ada").groups == ("pilot",)
    assert not groups.user("lin").groups_known, "of another domain: it might be the member"
