"""``mailgate policy drafts``."""

import json
from pathlib import Path

import pytest
from tests.unit.cli.gate_files import in_store
from tests.unit.cli.policy.test_history import run
from tests.unit.rollout.test_drafts import APPS, ON, POLICY
from tests.unit.rollout.versions import ADA
from tests.unit.store.examples import NOW

from mailgate.config import load_bundle
from mailgate.model.phrase import translate
from mailgate.rollout import rule_texts_of
from mailgate.rollout.drafts import make_draft
from mailgate.store import Act, Store
from mailgate.texts import console_languages


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
