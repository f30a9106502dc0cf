"""Every example in ``config/examples/`` is one that a gate starts with, and its cases hold."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

from mailgate.cli import app

EXAMPLES = Path(__file__).parents[2] / "config" / "examples"
SETTINGS = [*sorted(EXAMPLES.glob("*.yaml")), *sorted(EXAMPLES.glob("*/mailgate.yaml"))]


@pytest.mark.parametrize("path", SETTINGS, ids=lambda path: str(path.relative_to(EXAMPLES)))
def test_an_example_passes_its_own_check(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MAILGATE_STORE", "sqlite:///:memory:")
    checked = CliRunner().invoke(app, ["check", str(path)])
    assert checked.exit_code == 0, checked.output
