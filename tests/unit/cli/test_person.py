"""``mailgate person``."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from tests.unit.cli.gate_files import in_store
from tests.unit.store.examples import BLOCK, BROWSER, access
from typer.testing import CliRunner, Result

from mailgate.cli import app
from mailgate.devices.trust import report_by
from mailgate.model import AppsReport, Kind
from mailgate.policy.reliefs import Cause, Relief
from mailgate.store import Act, HelpRequest, Store

NOW = datetime.now(UTC).replace(microsecond=0)
DAY = timedelta(days=1)


def person(*arguments: str) -> Result:
    return CliRunner().invoke(app, ["person", *arguments, "--config", "mailgate.yaml"])


@pytest.fixture
def ada(config: Path) -> None:
    async def fill(store: Store) -> None:
        seen = AppsReport(frozenset(), True, NOW)
        await store.devices.ingest(
            [report_by("jamf", f"C0{n}", "ada", Kind.PHONE, "ios", apps=seen) for n in range(21)], NOW
        )
        store.ledger.record(access(client=BROWSER, user="ada", now=NOW), BLOCK, "REF7")
        await store.help_requests.note(
            HelpRequest("shut", "ada", "ada", "", "prohibited-app", "REF7", "p", True, 1, NOW, NOW)
        )
        relief = Relief(0, Cause.EXEMPTION, "shut", "a \x1b[2Jtest", "grace", NOW, NOW + DAY, "ada")
        await store.reliefs.grant(relief, Act(NOW, "grace", "exemption-given"))

    in_store(fill)


def test_everything_about_a_person_is_shown(ada: None) -> None:
    shown = person(" ADA ").output
    for part in (
        "Asked for help",
        "reference REF7",
        "Phone, iOS",
        "and 1 more device",
        "exemptions",
        "counts now",
        "history",
    ):
        assert part in shown, part
    assert "\x1b" not in shown


def test_programs_get_what_the_api_says(ada: None) -> None:
    told = json.loads(person("ada", "--json").output)
    assert (told["login"], len(told["devices"]), told["more_devices"]) == ("ada", 20, 1)
    assert [each["rule"] for each in told["exemptions"]] == ["shut"]


def test_an_unknown_person_is_said_to_be_unknown(config: Path) -> None:
    missed = person("nob\x07dy")
    assert missed.exit_code == 1
    assert missed.output.startswith("nothing is known about nob\N{REPLACEMENT CHARACTER}dy;")
