"""``mailgate policy history|show|diff`` on a store with two versions."""

import json
from pathlib import Path

import pytest
from tests.unit.cli.gate_files import in_store
from tests.unit.rollout.examples import OPEN, SHUT, rules
from tests.unit.store.examples import NOW
from typer.testing import CliRunner, Result

from mailgate.cli import app
from mailgate.rollout import rule_texts_of
from mailgate.store import Act, Store


def run(*arguments: str) -> Result:
    return CliRunner().invoke(app, ["policy", *arguments, "--config", "mailgate.yaml"])


@pytest.fixture
def versions(config: Path) -> None:
    async def fill(store: Store) -> None:
        for policy, note in ((OPEN, "to begin with"), (SHUT, "for \x1b[1mnow")):
            await store.policies.activate(
                rule_texts_of(rules(policy)), Act(NOW, "ada", "policy-activated", why=note)
            )

    in_store(fill)


def test_history_lists_the_newest_version_first(versions: None) -> None:
    shown = run("history").output
    assert shown.index("to begin with") > shown.index("now")
    assert "\x1b[1mnow" not in shown
    told = json.loads(run("history", "--json").output)
    assert [(each["serial"], each["number"], each["author"]) for each in told] == [
        (2, 2, "ada"),
        (1, 1, "ada"),
    ]


def test_a_new_store_says_so(config: Path) -> None:
    assert "Nothing has been in force yet" in run("history").output
    assert run("show").exit_code == 1


def test_a_version_is_shown_with_its_files(versions: None) -> None:
    shown = run("show", "1").output
    assert "made 2026-12-01 12:00 UTC by ada: to begin with" in shown
    assert f"# --- policy.yaml\n{OPEN}" in shown
    assert json.loads(run("show", "--json").output)["number"] == 2
    digest = rules(OPEN).digest
    assert json.loads(run("show", digest[:8], "--json").output)["digest"] == digest


def test_two_versions_are_compared_in_words_and_lines(versions: None) -> None:
    shown = run("diff", "1").output
    assert "+ rule shut: keeps out everybody who meets `true`; read last" in shown
    assert f"\n-{OPEN}+{SHUT}" in shown
    told = json.loads(run("diff", "2", "1", "--json").output)
    assert [each["about"] for each in told["changes"]] == ["rule open", "rule shut"]
    assert "no difference" in run("diff", "1", "1").output


@pytest.mark.parametrize("name", ["7", "nothing", "a"])
def test_a_version_that_is_none_is_said(versions: None, name: str) -> None:
    refused = run("show", name)
    assert refused.exit_code == 1
    assert f"no version is called `{name}`" in refused.output
