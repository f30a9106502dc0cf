"""``mailgate policy apply|retract``."""

import json
from pathlib import Path

import pytest
from tests.unit.cli.policy.test_history import run
from tests.unit.cli.policy.test_plan import folder as folder
from tests.unit.rollout.test_planning import NEW, OLD

from mailgate.cli import identity
from mailgate.rollout.person import Person


@pytest.fixture
def digest(folder: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A plan that keeps one phone out."""
    monkeypatch.setattr(identity, "system_user", lambda: Person("ada", "desk"))
    (folder / "policy.yaml").write_text(NEW)
    return str(json.loads(run("plan", "--json").output)["digest"])


def test_a_plan_is_started_and_rolled_back(digest: str) -> None:
    put = run("apply", digest[:12], "--note", "agreed")
    assert (put.exit_code, put.output.split(" (")[0]) == (0, "version 2")
    told = json.loads(run("retract", "--note", "sent in error", "--json").output)
    assert (told["serial"], told["number"], told["author"], told["note"]) == (3, 1, "ada", "sent in error")
    refused = run("retract", "--to", "2", "--note", "after all")
    assert (refused.exit_code, "version 2 was taken back" in refused.output) == (1, True)
    plan = json.loads(run("plan", "--version", "2", "--json").output)
    assert plan["candidate"]["digest"] != plan["active"]["digest"]
    assert run("apply", plan["digest"], "--note", "after all").output.startswith("version 2 (")


def test_a_plan_is_of_a_file_or_of_a_version(digest: str, folder: Path) -> None:
    both = run("plan", str(folder / "policy.yaml"), "--version", "1")
    assert (both.exit_code, "not both" in both.output) == (2, True)
    assert run("plan", "--version", "7").exit_code == 1


def test_a_repeated_change_is_said_to_be_done(digest: str) -> None:
    run("apply", digest, "--note", "agreed")
    again = run("apply", digest, "--note", "agreed")
    assert (again.exit_code, "nothing was changed, activation 2" in again.output) == (0, True)
    assert not json.loads(run("retract", "--note", "sent in error", "--json").output)["already"]
    assert json.loads(run("retract", "--note", "sent in error", "--json").output)["already"]


def test_a_guard_in_the_settings_refuses_until_it_is_overridden(digest: str, config: Path) -> None:
    config.write_text(config.read_text() + "guard: {max_newly_blocked: 0}\n")
    refused = run("apply", digest, "--note", "now")
    assert refused.exit_code == 1
    assert "the guard lets 0 pass" in refused.output
    assert run("apply", digest, "--note", "now", "--override").exit_code == 0


def test_a_plan_is_called_by_enough_of_its_digest(digest: str) -> None:
    short = run("apply", digest[:5], "--note", "agreed")
    assert (short.exit_code, "give at least 6 letters" in short.output) == (1, True)


@pytest.mark.parametrize("command", ["apply", "retract"])
def test_a_reason_has_to_be_given(digest: str, command: str) -> None:
    arguments = [command, digest] if command == "apply" else [command]
    assert run(*arguments, "--note", " ").exit_code == 2
    assert json.loads(run("history", "--json").output)[0]["serial"] == 1
    assert run("retract").exit_code != 0


def test_after_a_retraction_a_plan_looks_at_the_files_again(digest: str, folder: Path) -> None:
    """What was taken back and is still on disk is compared with what is in force instead."""
    run("apply", digest, "--note", "agreed")
    run("retract", "--note", "sent in error")
    shown = json.loads(run("plan", "--json").output)
    assert shown["newly"]["block"]["people"] == 1
    (folder / "policy.yaml").write_text(OLD)
    assert json.loads(run("plan", "--json").output)["changes"] == []
