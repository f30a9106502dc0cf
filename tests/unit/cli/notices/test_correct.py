import json
from pathlib import Path

from tests.unit.cli.notices.desk import folder as folder
from tests.unit.cli.notices.desk import mails, run
from typer.testing import CliRunner

from mailgate.cli import app


def test_who_was_written_to_is_written_to_once_more_when_it_is_taken_back(folder: Path) -> None:
    run("send", "app", "--kind", "enforced", "--yes")
    assert json.loads(run("correct", "--json").output) == {"queued": 0}
    back = CliRunner().invoke(app, ["policy", "retract", "--note", "error", "--config", "mailgate.yaml"])
    assert back.exit_code == 0
    assert json.loads(run("correct", "--json").output) == {"queued": 1}
    assert "0 corrections" in run("correct").output
    assert mails(folder) == 2
