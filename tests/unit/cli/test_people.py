"""``mailgate devices export`` and ``forget --person`` on a store with two people in it."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

import pytest
from tests.unit.cli.calls import call
from tests.unit.cli.gate_files import IN_CONFIG, SETTINGS_IN_CONFIG, in_store, write_config
from tests.unit.store.examples import BLOCK, BROWSER, access
from tests.unit.store.test_help_requests import ADA

from mailgate.devices.trust import report_by
from mailgate.model import AppsReport, Kind
from mailgate.policy.reliefs import Cause, Relief
from mailgate.store import Act, HelpRequest, Store

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


devices = partial(call, "devices")


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
    left = exported("ada")
    assert [look["what"] for look in left.pop("looks")] == ["devices export"]  # this one
    assert not any(left.values())
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
    assert "give a " in done.stderr


@pytest.mark.parametrize("person", [(), ("--person", "")])
def test_an_export_is_of_somebody(person: tuple[str, ...]) -> None:
    assert devices("export", *person).exit_code == 2


find = partial(call, "find", config=True)


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


NOW_PERSON = datetime.now(UTC).replace(microsecond=0)
DAY = timedelta(days=1)

person = partial(call, "person", config=True)


@pytest.fixture
def ada(config: Path) -> None:
    async def fill(store: Store) -> None:
        seen = AppsReport(frozenset(), True, NOW_PERSON)
        await store.devices.ingest(
            [report_by("jamf", f"C0{n}", "ada", Kind.PHONE, "ios", apps=seen) for n in range(21)], NOW_PERSON
        )
        store.ledger.record(access(client=BROWSER, user="ada", now=NOW_PERSON), BLOCK, "REF7")
        await store.help_requests.note(
            HelpRequest(
                "shut", "ada", "ada", "", "prohibited-app", "REF7", "p", True, 1, NOW_PERSON, NOW_PERSON
            )
        )
        relief = Relief(
            0, Cause.EXEMPTION, "shut", "a \x1b[2Jtest", "grace", NOW_PERSON, NOW_PERSON + DAY, "ada"
        )
        await store.reliefs.grant(relief, Act(NOW_PERSON, "grace", "exemption-given"))

    in_store(fill)


def test_everything_about_a_person_is_shown(ada: None) -> None:
    shown = person(" ADA ").output
    for part in (
        "Asked for help",
        "help number REF7",
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


run = partial(call, "help-requests", config=True)


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
