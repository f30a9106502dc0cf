"""``mailgate policy apply|rollback``."""

import json
from pathlib import Path

import pytest
from ruamel.yaml import YAML
from tests.admins import admins, token
from tests.unit.cli.policy.test_history import run
from tests.unit.cli.policy.test_plan import folder as folder
from tests.unit.rollout.test_planning import NEW, OLD
from typer.testing import Result

from mailgate.cli import admin
from mailgate.cli.admin import VARIABLE
from mailgate.rollout.person import Person


@pytest.fixture
def digest(folder: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A plan that keeps one phone out."""
    monkeypatch.setattr(admin, "system_user", lambda: Person("ada", "desk"))
    (folder / "policy.yaml").write_text(NEW)
    return str(json.loads(run("plan", "--json").output)["digest"])


def test_a_plan_is_started_and_rolled_back(digest: str) -> None:
    put = run("apply", digest[:12], "--note", "agreed")
    assert (put.exit_code, put.output.split(" (")[0]) == (0, "version 2")
    told = json.loads(run("rollback", "--note", "sent in error", "--json").output)
    assert (told["serial"], told["number"], told["author"], told["note"]) == (3, 1, "ada", "sent in error")
    refused = run("retract", "--to", "2", "--note", "after all")
    assert (refused.exit_code, "version 2 was rolled back" in refused.output) == (1, True)
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
    assert not json.loads(run("rollback", "--note", "sent in error", "--json").output)["already"]
    assert json.loads(run("rollback", "--note", "sent in error", "--json").output)["already"]


def test_a_guard_in_the_settings_refuses_until_it_is_overridden(digest: str, config: Path) -> None:
    config.write_text(config.read_text() + "guard: {max_newly_blocked: 0}\n")
    refused = run("apply", digest, "--note", "now")
    assert refused.exit_code == 1
    assert "more than 0 needs approval" in refused.output
    assert run("apply", digest, "--note", "now", "--override").exit_code == 0


def test_a_plan_is_called_by_enough_of_its_digest(digest: str) -> None:
    short = run("apply", digest[:5], "--note", "agreed")
    assert (short.exit_code, "give at least 6 letters" in short.output) == (1, True)


@pytest.mark.parametrize("command", ["apply", "rollback"])
def test_a_reason_has_to_be_given(digest: str, command: str) -> None:
    arguments = [command, digest] if command == "apply" else [command]
    assert run(*arguments, "--note", " ").exit_code == 2
    assert json.loads(run("history", "--json").output)[0]["serial"] == 1
    assert run("rollback").exit_code != 0


def test_after_a_retraction_a_plan_looks_at_the_files_again(digest: str, folder: Path) -> None:
    """What was taken back and is still on disk is compared with what is in force instead."""
    run("apply", digest, "--note", "agreed")
    run("rollback", "--note", "sent in error")
    shown = json.loads(run("plan", "--json").output)
    assert shown["newly"]["block"]["people"] == 1
    (folder / "policy.yaml").write_text(OLD)
    assert json.loads(run("plan", "--json").output)["changes"] == []


@pytest.fixture
def guarded(folder: Path, config: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Files that keep one phone out, under a guard that lets nobody be kept out."""
    monkeypatch.delenv(VARIABLE, raising=False)
    (folder / "policy.yaml").write_text(NEW)
    known = admins(ada="operator approver", lin="approver", kim="operator", joe="viewer")
    with config.open("a") as file:
        YAML().dump({"guard": {"max_newly_blocked": 0}, "admins": known}, file)


@pytest.fixture
def act(guarded: None, monkeypatch: pytest.MonkeyPatch):  # type: ignore[no-untyped-def]
    """Runs a command as this admin."""

    def acted(name: str, *arguments: str) -> Result:
        monkeypatch.setenv(VARIABLE, token(name) if name else "")
        return run(*arguments)

    return acted


def planned(act) -> str:  # type: ignore[no-untyped-def]
    return str(json.loads(act("ada", "plan", "--json").output)["digest"])[:12]


def test_a_change_beyond_the_guard_takes_two_persons(act) -> None:  # type: ignore[no-untyped-def]
    digest = planned(act)
    refused = act("ada", "apply", digest, "--note", "now")
    assert refused.exit_code == 1
    assert "it needs 1 more approval: `mailgate policy approve" in refused.output
    told = json.loads(act("ada", "apply", digest, "--note", "now", "--json").stdout)
    assert (told["missing"], told["plan"], told["why"] + "\n") == (1, told["plan"], refused.stderr)
    assert told["plan"].startswith(digest)
    assert "`mailgate policy approve PLAN`" in act("ada", "plans").output
    given = act("lin", "approve", digest, "--note", "agreed")
    assert given.output == f"plan {digest} is approved by lin; it has the approvals that it needs\n"
    applied = json.loads(act("ada", "apply", digest, "--note", "now", "--json").output)
    assert (applied["serial"], applied["author"]) == (2, "ada")
    taken_back = json.loads(act("lin", "rollback", "--note", "sent in error", "--json").output)
    assert taken_back["author"] == "lin"


@pytest.mark.parametrize(
    ("who", "what", "why"),
    [
        ("ada", "approve", "you made this plan"),
        ("kim", "approve", "kim may not do this: it takes the role approver"),
        ("lin", "apply", "lin may not do this: it takes the role operator"),
        ("joe", "apply", "joe may not do this: it takes the role operator"),
        ("joe", "rollback", "joe may not do this: it takes the role operator or approver"),
        ("", "apply", "the settings have admins: give your token"),
        ("nobody", "approve", "the admin token is not valid"),
    ],
)
def test_a_person_without_the_role_is_refused(act, who: str, what: str, why: str) -> None:  # type: ignore[no-untyped-def]
    arguments = [] if what == "rollback" else [planned(act)]
    refused = act(who, what, *arguments, "--note", "x")
    assert refused.exit_code == 1
    assert why in refused.output


def test_a_plan_that_nobody_answers_for_is_shown_and_not_kept(act) -> None:  # type: ignore[no-untyped-def]
    shown = act("", "plan")
    assert shown.exit_code == 0
    assert "newly without mail" in shown.output
    assert "To apply this plan, make it with your admin token." in shown.output
    assert json.loads(act("", "plans", "--json").output) == []
    assert act("joe", "plan").exit_code == 1


def test_plans_are_listed_with_what_they_need(act) -> None:  # type: ignore[no-untyped-def]
    assert "There is no plan" in act("", "plans").output
    digest = planned(act)
    (told,) = json.loads(act("", "plans", "--json").output)
    assert told["newly"]["block"] == {"people": 1, "devices": 1}
    assert (told["author"], told["state"], told["needed"], told["missing"]) == ("ada", "open", 1, 1)
    act("lin", "approve", digest, "--note", "agreed")
    shown = act("", "plans").output
    assert digest in shown
    assert "lin" in shown
    (told,) = json.loads(act("", "plans", "--json").output)
    assert (told["approved_by"], told["missing"], told["against"]) == (["lin"], 0, [])


def test_the_number_of_missing_approvals_is_said(act, config: Path) -> None:  # type: ignore[no-untyped-def]
    config.write_text(
        config.read_text().replace("max_newly_blocked: 0", "max_newly_blocked: 0\n  approvals: 2")
    )
    told = json.loads(act("lin", "approve", planned(act), "--note", "agreed", "--json").output)
    assert (told["approved_by"], told["needed"], told["missing"]) == (["lin"], 2, 1)
    assert "more than there are approvers other than its author (1)" in act("", "plans").output


def test_without_admins_nobody_can_approve(folder: Path, config: Path) -> None:
    (folder / "policy.yaml").write_text(NEW)
    digest = json.loads(run("plan", "--json").output)["digest"]
    config.write_text(config.read_text() + "guard: {max_newly_blocked: 0}\n")
    refused = run("approve", digest, "--note", "agreed")
    assert refused.exit_code == 1
    assert (
        "nobody may approve anything: no admin has the role approver; `mailgate admin add NAME"
        in refused.output
    )


def test_a_small_change_needs_no_approval(act, config: Path) -> None:  # type: ignore[no-untyped-def]
    config.write_text(config.read_text().replace("max_newly_blocked: 0", "max_newly_blocked: 9"))
    digest = planned(act)
    assert "it stays within the guard" in act("lin", "approve", digest, "--note", "fine").output
    assert act("kim", "apply", digest, "--note", "now").exit_code == 0
