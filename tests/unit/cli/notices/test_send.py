import json
from pathlib import Path

from tests.unit.cli.notices.desk import folder as folder
from tests.unit.cli.notices.desk import mails, run

ENFORCED = ("app", "--kind", "enforced")


def test_it_counts_asks_and_sends_once(folder: Path) -> None:
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


def test_what_is_only_queued_waits_for_a_gate(folder: Path) -> None:
    told = json.loads(run("send", *ENFORCED, "--yes", "--no-wait", "--json").output)
    assert (told["queued"], told["states"], mails(folder)) == (1, {"queued": 1}, 0)


def test_what_is_not_so_is_refused(folder: Path) -> None:
    refused = run("send", "app", "--kind", "upcoming", "--yes")
    assert refused.exit_code == 1
    assert "rule `app` has no later stage that people notice" in refused.output


def test_without_settings_nothing_is_sent(folder: Path, config: Path) -> None:
    config.write_text(config.read_text().partition("notices:")[0])
    refused = run("send", *ENFORCED)
    assert (refused.exit_code, "expected `notices`" in refused.output) == (2, True)
