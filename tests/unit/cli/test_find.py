"""``mailgate find``."""

import json
from pathlib import Path

import pytest
from tests.unit.cli.gate_files import in_store
from tests.unit.store.examples import BLOCK, BROWSER, access
from typer.testing import CliRunner, Result

from mailgate.cli import app
from mailgate.devices.trust import report_by
from mailgate.model import Kind
from mailgate.store import Store


def find(*arguments: str) -> Result:
    return CliRunner().invoke(app, ["find", *arguments, "--config", "mailgate.yaml"])


@pytest.fixture
def stored(config: Path) -> None:
    async def fill(store: Store) -> None:
        reports = [
            report_by("jamf", f"C0{name}", name, Kind.PHONE, "ios") for name in ("ada", "adam", "Bo's \x1b")
        ]
        await store.devices.ingest(reports, access().now)
        store.ledger.record(access(client=BROWSER, user="ada"), BLOCK, "REF7")

    in_store(fill)


def items(*arguments: str) -> list[tuple[str, str]]:
    return [(each["what"], each["id"]) for each in json.loads(find(*arguments, "--json").output)["items"]]


def test_a_part_of_a_name_finds_everybody_who_has_it(stored: None) -> None:
    assert [name for what, name in items("ad") if what == "person"] == ["ada", "adam"]
    shown = find("ad").output
    assert "adam" in shown
    assert "More: mailgate person ada" in shown


def test_a_name_at_its_source_finds_the_device_and_a_reference_the_refusal(stored: None) -> None:
    assert [what for what, _ in items("C0adam")] == ["device"]
    assert items("ref7") == [("refusal", "REF7")]
    assert "More: mailgate explain --reference REF7" in find("ref7").output


def test_a_name_that_a_shell_or_a_terminal_would_read_is_harmless(stored: None) -> None:
    shown = find("bo").output
    assert "\x1b" not in shown
    assert "mailgate person 'bo'\"'\"'s" in shown


def test_a_search_without_a_match_says_so(stored: None) -> None:
    missed = find("nobody\x07")
    assert missed.exit_code == 1
    assert (
        missed.output == "nothing is called nobody\N{REPLACEMENT CHARACTER}, and no login name contains it\n"
    )
    assert json.loads(find("nobody", "--json").output) == {"items": [], "next": None}


def test_an_empty_search_finds_nothing(config: Path) -> None:
    assert find(" ").exit_code == 2


def test_many_are_shown_in_pages(config: Path) -> None:
    async def fill(store: Store) -> None:
        reports = [report_by("jamf", f"serial-{n}", f"anna{n:02}", Kind.PHONE, "ios") for n in range(45)]
        await store.devices.ingest(reports, access().now)

    in_store(fill)
    found, after = list[str](), ""
    while after is not None:
        told = json.loads(find("anna", *(["--after", after] if after else []), "--json").output)
        found += [each["id"] for each in told["items"]]
        after = told["next"]
    assert sorted(set(found)) == [f"anna{n:02}" for n in range(45)]
    assert "go on with --after anna" in find("anna").output
