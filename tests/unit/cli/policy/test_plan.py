"""``mailgate policy plan`` on a store with one phone that has a listed app."""

import csv
import io
import json
from pathlib import Path

import pytest
from tests.unit.cli.gate_files import in_store
from tests.unit.cli.policy.test_history import run
from tests.unit.rollout import people
from tests.unit.rollout.examples import APPS, rules
from tests.unit.rollout.test_planning import CASES, NEW, OLD
from tests.unit.store.examples import NOW

from mailgate.rollout import rule_texts_of
from mailgate.store import Act, Store


@pytest.fixture
def folder(config: Path) -> Path:
    """The folder of a gate whose files are those in force."""

    async def fill(store: Store) -> None:
        old = rules(OLD)
        await store.policies.activate(rule_texts_of(old), Act(NOW, "ada", "policy-activated"))
        await people.know(store, old.policy, [people.phone(1, "tiktok", owner="ada\x1b[1m")])

    in_store(fill)
    (config.parent / "apps.yaml").write_text(APPS)
    (config.parent / "policy.yaml").write_text(OLD)
    return config.parent


def test_the_files_that_are_in_force_change_nothing(folder: Path) -> None:
    shown = run("plan")
    assert shown.exit_code == 0
    assert "no difference that affects a decision" in shown.output
    assert "Nothing was changed. These rules are in force already" in " ".join(shown.output.split())


def test_a_plan_has_one_form_and_its_picture_a_writable_place(folder: Path) -> None:
    assert run("plan", "--json", "--csv").exit_code == 2
    missing = run("plan", "--svg", str(folder / "nowhere" / "plan.svg"))
    assert (missing.exit_code, "cannot be written" in missing.output) == (2, True)


def test_a_plan_says_whom_a_change_hits_and_why(folder: Path) -> None:
    (folder / "policy.yaml").write_text(NEW)
    shown = " ".join(run("plan").output.split())
    assert "~ rule app: keeps out now, warns before" in shown
    assert "newly kept out 1 1" in shown
    assert "warned by app now, then kept out by app (prohibited-app)" in shown
    assert "old-phone can never decide anything" in shown
    assert "\x1b[1m" not in shown
    assert json.loads(run("history", "--json").output)[0]["serial"] == 1


def test_another_file_may_be_looked_at(folder: Path, tmp_path: Path) -> None:
    (folder / "drafts").mkdir()
    (folder / "drafts" / "new.yaml").write_text(NEW)
    told = json.loads(run("plan", "drafts/new.yaml", "--json").output)
    assert told["newly"]["block"]["people"] == 1
    assert told["candidate"]["policy"] == rules(NEW).policy.version


def test_counts_go_into_a_spreadsheet_and_a_picture(folder: Path) -> None:
    (folder / "policy.yaml").write_text(NEW)
    made = run("plan", "--csv", "--svg", "plan.svg")
    rows = list(csv.DictReader(io.StringIO(made.output.removeprefix("\ufeff"))))
    assert {"newly": "block", "by": "rule", "value": "app", "people": "1", "devices": "1"} in rows
    assert rows[-1]["newly"] == "untouched"
    assert "1 person with 1 device kept out." in (folder / "plan.svg").read_text()


def test_a_case_that_does_not_hold_ends_it_with_1(folder: Path) -> None:
    (folder / "policy.tests.yaml").write_text(CASES)
    shown = run("plan")
    assert shown.exit_code == 1
    assert "Tests: 0 of 1 cases hold" in shown.output
    assert "FAILED a laptop gets in: effect is allow, not block" in shown.output


def test_mistakes_and_a_store_that_is_not_there_are_said(folder: Path) -> None:
    (folder / "policy.yaml").write_text("rules: []\n")
    refused = run("plan")
    assert refused.exit_code == 2
    assert "policy.yaml:1" in refused.output
    (folder / "policy.yaml").write_text(OLD)
    (folder / "mailgate.db").unlink()
    empty = run("plan")
    assert (empty.exit_code, empty.output) == (
        1,
        f"there is no store at {folder}/mailgate.db, which mailgate.yaml names; `mailgate run` makes it\n",
    )


@pytest.mark.parametrize(
    ("most", "policy", "code"), [(None, OLD, 0), (0, OLD, 0), (0, NEW, 4), (9, NEW, 3), (None, NEW, 3)]
)
def test_the_exit_code_tells_what_a_change_needs(
    folder: Path, most: int | None, policy: str, code: int
) -> None:
    if most is not None:
        settings = folder / "mailgate.yaml"
        settings.write_text(f"{settings.read_text()}guard: {{max_newly_blocked: {most}}}\n")
    (folder / "policy.yaml").write_text(policy)
    assert run("plan", "--exit-code").exit_code == code
    assert run("plan").exit_code == 0
