"""What differs between two sets of texts, as lines and as a patch that git takes."""

import shutil
import subprocess
from pathlib import Path

import pytest
from tests.unit.rollout.examples import rules

from mailgate.config import compile_rules
from mailgate.config.settings import Files
from mailgate.views.patches import file_changes, patch

POLICY = "rules: [{id: shut, when: 'true', effect: block}]"
APPS = "# our apps\napps: {tiktok: {name: TikTok}, wechat: {name: WeChat}}\nlists:\n  prohibited: [tiktok]"
WITH = APPS.replace("[tiktok]", "[tiktok, wechat]")
NAMES = Files(apps="rules/listed.yaml")


def test_a_file_has_its_own_name_and_only_the_lines_that_differ_with_those_around() -> None:
    (change,) = file_changes(rules(POLICY, APPS), rules(POLICY, WITH), NAMES)
    assert (change.file, change.text) == ("rules/listed.yaml", WITH)
    assert change.lines[0].startswith("@@ ")
    assert change.lines[-2:] == ["-  prohibited: [tiktok]", "+  prohibited: [tiktok, wechat]"]


def test_a_list_stands_beside_the_apps() -> None:
    own = "title: Ours\nsources: [us]\napps: [tiktok]\n"
    lists = APPS.replace("[tiktok]", "{file: lists/ours.yaml}")
    texts = {"apps.yaml": lists, "policy.yaml": POLICY, "lists/ours.yaml": own}
    after = {**texts, "lists/ours.yaml": own.replace("[tiktok]", "[tiktok, wechat]")}
    (change,) = file_changes(compile_rules(texts), compile_rules(after), NAMES)
    assert change.file == "rules/lists/ours.yaml"


@pytest.mark.skipif(shutil.which("git") is None, reason="there is no git to take it")
@pytest.mark.parametrize("end", ["", "\n"])
def test_git_makes_exactly_the_file_of_it(tmp_path: Path, end: str) -> None:
    before, after = rules(POLICY, APPS + end), rules(POLICY, WITH + end)
    (tmp_path / "rules").mkdir()
    (tmp_path / "rules/listed.yaml").write_text(APPS + end)
    text = patch(before, after, NAMES)
    subprocess.run(["git", "apply", "-"], input=text.encode(), cwd=tmp_path, check=True)
    assert (tmp_path / "rules/listed.yaml").read_text() == WITH + end
