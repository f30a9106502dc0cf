"""``mailgate policy history|show|diff`` on a store with two versions."""

import json
from functools import partial
from pathlib import Path

import pytest
from tests.unit.cli.calls import call
from tests.unit.cli.gate_files import in_store
from tests.unit.rollout.examples import OPEN, SHUT, rules
from tests.unit.rollout.test_stored_rules import APPS, ON, POLICY
from tests.unit.rollout.versions import ADA
from tests.unit.store.examples import NOW

from mailgate.config import load_bundle
from mailgate.model.phrase import translate
from mailgate.rollout import rule_texts_of
from mailgate.rollout.stored_rules import make_draft
from mailgate.store import Act, Store
from mailgate.texts import console_languages

run = partial(call, "policy", config=True)


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
    assert "No version has run yet" in run("history").output
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
    assert "+ rule shut: blocks everybody who meets `true`; read last" in shown
    assert f"\n-{OPEN}+{SHUT}" in shown
    told = json.loads(run("diff", "2", "1", "--json").output)
    assert [each["about"] for each in told["changes"]] == ["rule open", "rule shut"]
    assert "no difference" in run("diff", "1", "1").output


@pytest.mark.parametrize("name", ["7", "nothing", "a"])
def test_a_version_that_is_none_is_said(versions: None, name: str) -> None:
    refused = run("show", name)
    assert refused.exit_code == 1
    assert f"no version is called `{name}`" in refused.output


@pytest.fixture
def drafted(config: Path) -> None:
    (config.parent / "apps.yaml").write_text(APPS)
    (config.parent / "policy.yaml").write_text(POLICY)

    async def fill(store: Store) -> None:
        act = Act(NOW, "file", "policy-activated")
        await store.policies.activate(rule_texts_of(load_bundle(config).rules), act)
        await make_draft(store, ON, ADA, NOW)

    in_store(fill)


def test_drafts_are_listed_with_what_to_commit(drafted: None) -> None:
    assert "WeChat joins the prohibited list" in run("drafts").output
    (told,) = json.loads(run("drafts", "--json").output)
    assert (told["state"], told["changes"][0]["file"]) == ("draft", "apps.yaml")
    patch = run("drafts", told["digest"][:8], "--patch").output
    assert patch.startswith("--- a/apps.yaml\n")
    assert "+lists: {prohibited: [tiktok, wechat]}" in patch


def test_one_row_is_english_on_the_command_line_and_german_in_the_console(drafted: None) -> None:
    assert "WeChat joins the prohibited list" in run("drafts").output
    (kept,) = in_store(lambda store: store.drafts.latest(9))
    assert translate(kept.title, console_languages()["de"]) == "WeChat kommt auf die Liste prohibited"


def test_without_drafts_that_is_said(config: Path) -> None:
    assert run("drafts").output == "Nothing was drafted.\n"


@pytest.mark.parametrize(("asked", "code"), [("--patch", 2), ("abcdef", 1)])
def test_without_drafts_there_is_no_patch_and_no_name(config: Path, asked: str, code: int) -> None:
    assert run("drafts", asked).exit_code == code
