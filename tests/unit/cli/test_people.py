"""``mailgate devices export`` and ``forget --person`` on a store with two people in it."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from tests.unit.cli.gate_files import IN_CONFIG, SETTINGS_IN_CONFIG, in_store, write_config
from typer.testing import CliRunner, Result

from mailgate.cli import app
from mailgate.devices.trust import report_by
from mailgate.model import AppsReport, Kind
from mailgate.store import Store

NOW = datetime.now(UTC)
MAIL = """\
activesync:
  quarantine_mail: {smtp: "127.0.0.1:25", security: none, sender: help@example.com, domain: example.com}
"""


async def fill(store: Store) -> None:
    apps = AppsReport(frozenset({"tiktok"}), True, NOW)
    records = [
        report_by("intune", f"phone-of-{owner}", owner, Kind.PHONE, "ios", apps=apps)
        for owner in ("ada", "bo")
    ]
    await store.devices.ingest(records, NOW)
    week = timedelta(days=7)
    for owner in ("ada", "bo"):
        await store.quarantine_mails.claim(
            f"{owner}@example.com", owner, "r", NOW, pause=week, at_most=3, per_hour=99
        )


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    write_config(tmp_path, SETTINGS_IN_CONFIG + MAIL)
    in_store(fill, IN_CONFIG)
    return tmp_path


def devices(*arguments: str, answer: str = "") -> Result:
    return CliRunner().invoke(app, ["devices", *arguments], input=answer)


def exported(person: str) -> dict[str, list[dict[str, object]]]:
    told: dict[str, list[dict[str, object]]] = json.loads(
        devices("export", "--person", person, "--json").stdout
    )
    return told


def test_an_export_has_every_table_and_nothing_of_another() -> None:
    told = exported("Ada")
    assert [row["id"] for row in told["reports"]] == ["phone-of-ada"]
    assert [row["person"] for row in told["quarantine_mails"]] == ["ada@example.com"]
    assert "bo@example.com" not in json.dumps(told)


def test_an_export_is_read_by_people_too() -> None:
    shown = devices("export", "--person", "ada").stdout
    assert "reports: 1" in shown
    assert "phone-of-ada" in shown
    assert "sightings: 0" in shown


def test_a_person_is_forgotten_after_a_question() -> None:
    refused = devices("forget", "--person", "ada", answer="n\n")
    assert refused.exit_code == 1
    assert "Forget everything stored about ada: 1 in devices, 1 in reports" in refused.stderr
    assert exported("ada")["reports"]
    done = devices("forget", "--person", "ada", answer="y\n")
    assert done.exit_code == 0
    assert not any(exported("ada").values())
    assert exported("bo")["reports"]


def test_forgetting_says_what_went_to_machines_too() -> None:
    done = json.loads(devices("forget", "--person", "ada", "--yes", "--json").stdout)
    assert done == {"person": "ada", "rows": 3}


def test_forgetting_an_unknown_person_is_an_error() -> None:
    done = devices("forget", "--person", "nobody", "--yes")
    assert (done.exit_code, done.stderr) == (1, "nothing is stored about nobody\n")


@pytest.mark.parametrize(
    "arguments", [("forget",), ("forget", "phone-of-ada", "--person", "ada"), ("forget", "--person", " ")]
)
def test_forget_takes_a_device_or_a_person(arguments: tuple[str, ...]) -> None:
    done = devices(*arguments, "--yes")
    assert done.exit_code == 2
    assert "expected" in done.stderr


@pytest.mark.parametrize("person", [(), ("--person", "")])
def test_an_export_is_of_somebody(person: tuple[str, ...]) -> None:
    assert devices("export", *person).exit_code == 2
