"""Every folder of ``tests/vectors/broken-configs`` and the exact words of ``mailgate check`` about it."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

from mailgate.cli import app
from mailgate.config import load_bundle
from mailgate.errors import ConfigError, Mistake
from mailgate.model.phrase import Phrase

ROOT = Path(__file__).parents[2]
BROKEN = sorted(path.parent for path in ROOT.glob("tests/vectors/broken-configs/*/expected.txt"))


@pytest.mark.parametrize("folder", BROKEN, ids=lambda folder: folder.name)
def test_the_check_says_where_and_what(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    result = CliRunner().invoke(app, ["check", str(folder.relative_to(ROOT) / "mailgate.yaml")])
    assert result.stdout == (folder / "expected.txt").read_text(encoding="utf-8")
    assert result.exit_code == 1


def test_mistakes_in_what_a_console_plans_can_be_said_in_its_languages() -> None:
    """Settings are no part of a plan: their mistakes are quoted as they are."""
    found = list[Mistake]()
    for folder in BROKEN:
        try:
            load_bundle(folder / "mailgate.yaml")
        except ConfigError as error:
            found += (each for each in error.mistakes if not each.file.endswith("mailgate.yaml"))
    assert len(found) > 20
    assert [each for each in found if not isinstance(each.text, Phrase)] == []


def test_broken_configs_exist_and_the_good_one_passes(monkeypatch: pytest.MonkeyPatch) -> None:
    assert len(BROKEN) >= 12
    good = BROKEN[0].parent / "good/mailgate.yaml"
    assert CliRunner().invoke(app, ["check", str(good)]).exit_code == 0
