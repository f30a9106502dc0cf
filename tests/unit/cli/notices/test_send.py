import json
from pathlib import Path

from tests.unit.cli.notices.desk import folder as folder
from tests.unit.cli.notices.desk import mails, run
from typer.testing import CliRunner

from mailgate.cli import app

ENFORCED = ("app", "--kind", "enforced")


def test_the_command_counts_asks_and_sends_once(folder: Path) -> None:
    counted = run("send", *ENFORCED, "--dry-run")
    assert counted.output.split() == ["1", "people", "to", "write", "to", "(--to", "new)"]
    refused = run("send", *ENFORCED, answer="n\n")
    assert (refused.exit_code, mails(folder)) == (1, 0)
    sent = run("send", *ENFORCED, answer="y\n")
    assert (sent.exit_code, mails(folder)) == (0, 1)
    assert "1 sent" in sent.output
    again = json.loads(run("send", *ENFORCED, "--yes", "--json").output)
    assert (again["to_write"], again["written_before"], again["states"]) == (0, 1, {"sent": 1})
    assert mails(folder) == 1


def test_queued_mails_wait_for_a_gate(folder: Path) -> None:
    told = json.loads(run("send", *ENFORCED, "--yes", "--no-wait", "--json").output)
    assert (told["queued"], told["states"], mails(folder)) == (1, {"queued": 1}, 0)


def test_a_notice_without_a_matching_stage_is_refused(folder: Path) -> None:
    refused = run("send", "app", "--kind", "upcoming", "--yes")
    assert refused.exit_code == 1
    assert "rule `app` has no later stage that people notice" in refused.output


def test_without_settings_nothing_is_sent(folder: Path, config: Path) -> None:
    config.write_text(config.read_text().partition("notices:")[0])
    refused = run("send", *ENFORCED)
    assert (refused.exit_code, "expected `notices`" in refused.output) == (2, True)


def test_before_the_first_start_nothing_can_be_told(config: Path) -> None:
    refused = run("preview", "all", "--kind", "enforced")
    assert (refused.exit_code, "nothing is in force yet" in refused.output) == (1, True)


def test_a_transport_that_is_down_is_said_and_loses_nothing(folder: Path) -> None:
    (folder / "out").write_text("a file where the folder should be")
    failed = run("send", "app", "--kind", "enforced", "--yes")
    assert failed.exit_code == 1
    assert "no mail can be sent now" in failed.output
    (folder / "out").unlink()
    assert "1 sent" in run("send", "app", "--kind", "enforced", "--yes").output


def test_a_roll_back_writes_to_each_recipient_once_more(folder: Path) -> None:
    run("send", "app", "--kind", "enforced", "--yes")
    assert json.loads(run("correct", "--json").output) == {"queued": 0}
    back = CliRunner().invoke(app, ["policy", "retract", "--note", "error", "--config", "mailgate.yaml"])
    assert back.exit_code == 0
    assert json.loads(run("correct", "--json").output) == {"queued": 1}
    assert "0 corrections" in run("correct").output
    assert mails(folder) == 2
