"""What the reporter on phones is built with."""

import json
from pathlib import Path
from xml.etree import ElementTree

import pytest
from tests.unit.cli.calls import call
from tests.unit.cli.gate_files import SETTINGS, write_config

from mailgate.attest.report import digest_of

ANDROID = "{http://schemas.android.com/apk/res/android}"
APPS = """\
apps:
  tiktok: {name: TikTok, android: [com.zhiliaoapp.musically, com.ss.android.ugc.trill]}
  wechat: {name: WeChat, android: [com.tencent.mm], ios: [com.tencent.xin]}
  chess: {name: Chess, ios: [org.example.chess]}
lists: {prohibited: [tiktok, wechat, chess]}
"""


@pytest.fixture
def config(tmp_path: Path) -> str:
    write_config(tmp_path, SETTINGS)
    (tmp_path / "config" / "apps.yaml").write_text(APPS)
    return str(tmp_path / "config" / "mailgate.yaml")


def run(*arguments: str):
    result = call("reporter", "queries", *arguments)
    assert result.exit_code == 0, result.output
    return result


def test_the_manifest_queries_every_package_of_every_listed_app_and_no_other(config: str) -> None:
    result = run("--config", config)
    manifest = ElementTree.fromstring(result.stdout)
    named = [each.get(f"{ANDROID}name") for each in manifest.findall("queries/package")]
    assert named == ["com.ss.android.ugc.trill", "com.tencent.mm", "com.zhiliaoapp.musically"]
    assert result.stderr.splitlines() == [
        "chess has no `android` id in apps.yaml: no reporter can look for it, and phones stay partial"
    ]


def test_the_app_reads_the_same_list(config: str) -> None:
    resource = ElementTree.fromstring(run("--resource", "--config", config).stdout)
    (listed,) = resource.findall("string-array")
    assert listed.get("name") == "askable"
    assert [each.text for each in listed] == [
        "com.ss.android.ugc.trill",
        "com.tencent.mm",
        "com.zhiliaoapp.musically",
    ]


def test_a_build_can_tell_which_question_it_answers(config: str) -> None:
    told = json.loads(run("--json", "--config", config).stdout)
    assert told["question"] == digest_of(told["apps"])
    assert told["apps"] == {
        "tiktok": ["com.ss.android.ugc.trill", "com.zhiliaoapp.musically"],
        "wechat": ["com.tencent.mm"],
    }
    assert told["without_id"] == ["chess"]
