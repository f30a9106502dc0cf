"""``mailgate help-requests``."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
from tests.unit.cli.gate_files import in_store
from tests.unit.store.test_help_requests import ADA
from typer.testing import CliRunner, Result

from mailgate.cli import app
from mailgate.store import HelpRequest, Store


def run(*arguments: str) -> Result:
    return CliRunner().invoke(app, ["help-requests", *arguments, "--config", "mailgate.yaml"])


@pytest.fixture
def asked(config: Path) -> None:
    async def fill(store: Store) -> None:
        nobody = HelpRequest("other", "REF9", "", "", "r", "REF9", "p", False, 1, ADA.first_at, ADA.last_at)
        await store.help_requests.note(ADA)
        await store.help_requests.note(nobody)

    in_store(fill)


def test_people_who_asked_for_help_are_listed(asked: None) -> None:
    shown = " ".join(run().output.split())
    assert "waiting ada" in shown
    assert "waiting not known" in shown
    assert "REF9" in shown
    told = json.loads(run("--rule", "shut", "--json").output)
    assert [(each["person"], each["reference"], each["times"], each["state"]) for each in told] == [
        ("ada", "REF1", 1, "waiting")
    ]


@pytest.mark.parametrize(
    ("rule", "said"),
    [
        ((), "Nobody has asked for help.\n"),
        (("--rule", "nope"), "Nobody has asked for help against `nope`.\n"),
    ],
)
def test_without_help_requests_that_is_said(config: Path, rule: tuple[str, ...], said: str) -> None:
    assert run(*rule).output == said


def test_a_reference_is_never_cut_however_long_the_rest_is(
    config: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fill(store: Store) -> None:
        long = replace(
            ADA,
            person="a-very-long-name-of-somebody@branch.of.the.company.example.com",
            reference="U3RHDUDQAB2",
        )
        await store.help_requests.note(long)

    in_store(fill)
    monkeypatch.setenv("COLUMNS", "80")
    assert "U3RHDUDQAB2" in run().output
