"""Which version somebody means."""

import shutil
import subprocess
from pathlib import Path

import pytest
from tests.unit.rollout.examples import rules
from tests.unit.store.examples import NOW

from mailgate.config import compile_rules
from mailgate.config.settings import Files
from mailgate.console.policy.versions import (
    NoVersionError,
    RuleFilesLocation,
    file_changes,
    lines_between,
    patch,
    version_of,
)
from mailgate.store import Act, RuleTexts, Store


async def test_a_version_is_found_by_number_digest_or_nothing(store: Store) -> None:
    with pytest.raises(NoVersionError, match="no rules run yet"):
        await version_of(store, "")
    drafts = [RuleTexts(f"abcd-{text[:3]}", {"policy.yaml": text}) for text in ("one\nsame", "two\nsame")]
    for draft in drafts:
        await store.policies.activate(draft, Act(NOW, "ada", "x"))
    names = ("", "1", drafts[0].digest[:12], "abcd-two")
    assert [(await version_of(store, name)).number for name in names] == [2, 1, 1, 2]
    with pytest.raises(NoVersionError, match="no version is called `9`") as none:
        await version_of(store, "9")
    with pytest.raises(NoVersionError, match="may be version 2 or 1") as several:
        await version_of(store, "abcd")
    assert (none.value.several, several.value.several) == (False, True)
    one, two = [await version_of(store, name) for name in ("1", "2")]
    assert list(lines_between(one, two)) == [
        "--- 1/policy.yaml",
        "+++ 2/policy.yaml",
        "@@ -1,2 +1,2 @@",
        "-one",
        "+two",
        " same",
    ]
    assert list(lines_between(one, one)) == []


POLICY = "rules: [{id: shut, when: 'true', effect: block}]"
APPS = "# our apps\napps: {tiktok: {name: TikTok}, wechat: {name: WeChat}}\nlists:\n  prohibited: [tiktok]"
WITH = APPS.replace("[tiktok]", "[tiktok, wechat]")
PLACES = RuleFilesLocation(Files(apps="rules/listed.yaml"), Path("/srv/gate"))


def test_a_changed_file_shows_its_name_and_changed_lines() -> None:
    (change,) = file_changes(rules(POLICY, APPS), rules(POLICY, WITH), PLACES)
    assert (change.file, change.text) == ("rules/listed.yaml", WITH)
    assert change.lines[0].startswith("@@ ")
    assert change.lines[-2:] == ["-  prohibited: [tiktok]", "+  prohibited: [tiktok, wechat]"]


def test_a_list_stands_beside_the_apps() -> None:
    own = "title: Ours\nsources: [us]\napps: [tiktok]\n"
    lists = APPS.replace("[tiktok]", "{file: lists/ours.yaml}")
    texts = {"apps.yaml": lists, "policy.yaml": POLICY, "lists/ours.yaml": own}
    after = {**texts, "lists/ours.yaml": own.replace("[tiktok]", "[tiktok, wechat]")}
    (change,) = file_changes(compile_rules(texts), compile_rules(after), PLACES)
    assert change.file == "rules/lists/ours.yaml"


@pytest.mark.skipif(shutil.which("git") is None, reason="there is no git to take it")
@pytest.mark.parametrize("end", ["", "\n"])
def test_git_makes_exactly_the_file_of_it(tmp_path: Path, end: str) -> None:
    before, after = rules(POLICY, APPS + end), rules(POLICY, WITH + end)
    (tmp_path / "rules").mkdir()
    (tmp_path / "rules/listed.yaml").write_text(APPS + end)
    text = patch(before, after, PLACES)
    subprocess.run(["git", "apply", "-"], input=text.encode(), cwd=tmp_path, check=True)
    assert (tmp_path / "rules/listed.yaml").read_text() == WITH + end


@pytest.mark.parametrize(
    ("written", "folder", "file"),
    [
        ("/srv/gate/rules/apps.yaml", "", "rules/apps.yaml"),
        ("./rules/../apps.yaml", "", "apps.yaml"),
        ("/etc/rules/apps.yaml", "/etc/rules", "apps.yaml"),
        ("../rules/apps.yaml", "/srv/rules", "apps.yaml"),
    ],
)
def test_a_patch_names_a_file_as_its_folder_does(written: str, folder: str, file: str) -> None:
    places = RuleFilesLocation(Files(apps=written), Path("/srv/gate"))
    (change,) = file_changes(rules(POLICY, APPS), rules(POLICY, WITH), places)
    assert (change.folder, change.file) == (folder, file)
    text = patch(rules(POLICY, APPS), rules(POLICY, WITH), places)
    assert f"--- a/{file}\n+++ b/{file}\n" in text
    assert text.startswith(f"Apply this in {folder}\n" if folder else "--- ")


@pytest.mark.parametrize(
    "command", [command for command in (["git", "apply", "-"], ["patch", "-p1"]) if shutil.which(command[0])]
)
def test_a_file_outside_of_the_folder_takes_its_patch_where_it_lies(
    tmp_path: Path, command: list[str]
) -> None:
    places = RuleFilesLocation(Files(apps=str(tmp_path / "apps.yaml")), Path("/srv/gate"))
    (tmp_path / "apps.yaml").write_text(APPS)
    text = patch(rules(POLICY, APPS), rules(POLICY, WITH), places)
    subprocess.run(command, input=text.encode(), cwd=tmp_path, check=True)
    assert (tmp_path / "apps.yaml").read_text() == WITH
