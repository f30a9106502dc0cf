"""``mailgate extension list`` and ``people``: what is known of a company's browsers, for people and for machines."""

import json
from datetime import UTC, datetime, timedelta

import pytest
from tests.unit.cli.gate_files import IN_CONFIG, in_store
from tests.unit.cli.test_devices import folder as folder
from tests.unit.store.people import read_mail
from tests.unit.store.test_fleet import a_browser
from typer.testing import CliRunner, Result

from mailgate.cli import app, extension_list
from mailgate.store import Store

DAY = timedelta(days=1)


def run(*arguments: str) -> Result:
    return CliRunner().invoke(app, ["extension", *arguments], terminal_width=300, env={"COLUMNS": "300"})


@pytest.fixture
def some() -> None:
    async def filled(store: Store) -> None:
        now = datetime.now(UTC)
        await store.enrolments.take(
            [
                a_browser("ada", now, machine="LT-1"),
                a_browser("bob", now - DAY, machine="LT-2", proven=True),
                a_browser("cy", now - 9 * DAY, said=""),
            ]
        )
        await read_mail(store, "bob@example.com", now)
        await read_mail(store, "zoe", now, browser="Safari", os="macos")

    in_store(filled, IN_CONFIG)


def test_an_empty_store_has_no_browser() -> None:
    assert "No browser matches." in run("list").stdout
    assert json.loads(run("list", "--json").stdout)["browsers"] == []
    assert "Nobody of whom this is known." in run("people").stdout


def test_browsers_are_listed_with_what_is_known_of_each(some: None) -> None:
    head, states, *rows = run("list").stdout.splitlines()
    assert head == "3 enrolled, 1 reported within a day, 2 within a week"
    assert states.startswith("reports 1, asleep 0, missing 1, silent 1")
    ada, bob, cy = (next(row for row in rows if name in row) for name in ("Ada@", "Bob@", "Cy@"))
    assert "LT-1 (its own word)" in ada
    assert "Missing" in bob
    assert "its own word" not in bob
    assert cy.split()[:2] == ["Silent", "Cy@example.com"]


def test_all_that_match_are_told_to_machines(some: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(extension_list, "_ROWS", 1)
    told = json.loads(run("list", "--json").stdout)
    assert [each["key"] for each in told["browsers"]] == ["key-ada", "key-bob", "key-cy"]
    assert told["counts"]["readers"] == {"people": 2, "named": 2, "without": 1}
    missing = json.loads(run("list", "--json", "--state", "missing", "--browser", "Google Chrome 142").stdout)
    assert [each["computer"] for each in missing["browsers"]] == ["LT-2"]


def test_people_without_the_extension_are_named(some: None) -> None:
    assert [each["person"] for each in json.loads(run("people", "--json").stdout)] == ["zoe"]
    assert "Safari" in run("people").stdout


@pytest.mark.parametrize("option", ["--state", "--heard", "--installed"])
def test_a_word_that_is_not_known_is_refused(option: str) -> None:
    refused = run("list", option, "sleeping")
    assert refused.exit_code == 2
    assert f"{option}: it is not known here;" in refused.output
