"""``mailgate help-requests``."""

import asyncio
import json
from dataclasses import replace
from pathlib import Path

import pytest
from tests.unit.cli.test_open_store import config as config
from tests.unit.store.test_help_requests import ADA
from typer.testing import CliRunner, Result

from mailgate.cli import app
from mailgate.store import HelpRequest, Store


def run(*arguments: str) -> Result:
    return CliRunner().invoke(app, ["help-requests", *arguments, "--config", "mailgate.yaml"])


@pytest.fixture
def asked(config: Path) -> None:
    async def fill() -> None:
        store = await Store.open("sqlite:///mailgate.db")
        nobody = HelpRequest("other", "REF9", "", "", "r", "REF9", "p", False, 1, ADA.first_at, ADA.last_at)
        await store.help_requests.note(ADA)
        await store.help_requests.note(nobody)
        await store.close()

    asyncio.run(fill())


def test_who_asked_is_listed(asked: None) -> None:
    shown = " ".join(run().output.split())
    assert "waiting ada" in shown
    assert "waiting not known" in shown
    assert "REF9" in shown
    told = json.loads(run("--rule", "shut", "--json").output)
    assert [(each["person"], each["reference"], each["times"], each["state"]) for each in told] == [
        ("ada", "REF1", 1, "waiting")
    ]


def test_where_nobody_asked_that_is_said(config: Path) -> None:
    assert run().output == "Nobody has asked for help.\n"
    assert run("--rule", "nope").output == "Nobody has asked for help against `nope`.\n"


def test_a_reference_is_never_cut_however_long_the_rest_is(
    config: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fill() -> None:
        store = await Store.open("sqlite:///mailgate.db")
        long = replace(
            ADA,
            person="a-very-long-name-of-somebody@branch.of.the.company.example.com",
            reference="U3RHDUDQAB2",
        )
        await store.help_requests.note(long)
        await store.close()

    asyncio.run(fill())
    monkeypatch.setenv("COLUMNS", "80")
    assert "U3RHDUDQAB2" in run().output
