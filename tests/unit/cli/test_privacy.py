"""``mailgate privacy report`` before and after rules came in force."""

from functools import partial
from pathlib import Path

import pytest
from tests.unit.cli.calls import call
from tests.unit.cli.gate_files import in_store
from tests.unit.rollout.examples import rules
from tests.unit.store.examples import NOW

from mailgate.rollout.stored_rules import rule_texts_of
from mailgate.store import Act, Store

run = partial(call, "privacy", "report", config=True)


@pytest.fixture
def two_versions(config: Path) -> None:
    async def fill(store: Store) -> None:
        for condition in ("true", "client.handheld"):
            texts = rule_texts_of(rules(f"rules: [{{id: all, when: '{condition}', effect: block}}]"))
            await store.policies.activate(texts, Act(NOW, "ada", "policy-activated", "", "why"))

    in_store(fill)


def test_before_the_first_start_the_report_is_about_the_files(config: Path) -> None:
    told = run().output
    assert told.startswith("# Data protection report on Mailgate\n")
    assert "not running yet" in told
    assert "Annex: changes" not in told
    assert run("--since", "1").exit_code == 1


def test_the_report_is_about_the_rules_in_force_and_what_changed(two_versions: None) -> None:
    told = run("--language", "DE").output
    assert "Anlage: Änderungen von Version 1 zu Version 2" in told
    assert "`client.handheld`" in told
    assert "Zu ergänzen" in told
    assert "to version 2" in run("--since", "2").output
    assert run("--format", "html").output.startswith("<!doctype html>")


def test_a_language_without_texts_is_named(config: Path) -> None:
    refused = run("--language", "fr")
    assert refused.exit_code == 2
    assert "use one of de, en" in refused.output
