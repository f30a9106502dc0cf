"""``mailgate extension``: tokens of computers from an inventory."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from tests.stored_bytes import stored_bytes
from tests.unit.cli.calls import call
from tests.unit.cli.gate_files import IN_CONFIG, SETTINGS_IN_CONFIG, in_store, write_config
from tests.unit.cli.test_devices import acts
from tests.unit.cli.test_devices import admins_ada_and_vic as admins_ada_and_vic
from tests.unit.cli.test_devices import folder as folder
from tests.unit.store.people import read_mail
from tests.unit.store.test_fleet import a_browser
from typer.testing import CliRunner, Result

from mailgate.attest.sealing import MachineTokens
from mailgate.cli import app, extension
from mailgate.store import Store

SECRET = "a fleet secret of more than thirty-two letters"
FLEET = MachineTokens(SECRET.encode())


@pytest.fixture(autouse=True)
def fleet(folder: Path) -> None:
    """A gate with a fleet secret, in a file beside its settings."""
    (folder / "config").mkdir(exist_ok=True)
    (folder / "config/fleet.secret").write_text(SECRET + "\n")
    write_config(folder, SETTINGS_IN_CONFIG + "extension: {fleet_secret: {file: fleet.secret}}\n")


def tokens(text: str | bytes, *more: str) -> Result:
    return call("extension", "tokens", "--inventory", "-", *more, answer=text)


@pytest.mark.parametrize(
    "text",
    [
        "machine,owner\nLT-1,ada\nLT-2,\n",
        "\ufeffOwner;Model; MACHINE \r\nada;X1;LT-1\r\n;X1;LT-2\r\n\r\n",
        'machine\towner\n"LT-1"\tada\n LT-2 \t\n',
    ],
)
def test_each_computer_of_an_inventory_has_its_token(text: str) -> None:
    done = tokens(text)
    assert done.stdout.splitlines() == [
        "machine,owner,token",
        f"LT-1,ada,{FLEET.token('LT-1', 'ada')}",
        f"LT-2,,{FLEET.token('LT-2', '')}",
    ]
    assert tokens(text).stdout == done.stdout


def test_json_says_the_same() -> None:
    told = json.loads(tokens('machine\n"=LT-1, ""the old one"""\n', "--format", "json").stdout)
    name = '=LT-1, "the old one"'
    assert told == [{"machine": name, "owner": "", "token": FLEET.token(name, "")}]


def test_a_file_is_readable_by_its_writer_alone_and_nothing_is_kept(folder: Path) -> None:
    out = folder / "tokens.csv"
    out.write_text("before")
    out.chmod(0o644)
    done = tokens("machine,owner\nLT-1,ada\n", "--out", str(out))
    token = FLEET.token("LT-1", "ada")
    assert (done.stdout, out.stat().st_mode & 0o777) == ("", 0o600)
    assert token in out.read_text()
    assert token not in done.stderr
    kept = stored_bytes(Path("config/var"))
    assert not any(each.encode() in kept for each in (token, "LT-1", SECRET))
    assert [each[0] for each in acts()] == ["machine-tokens-made"]


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ("", "stdin: line 1: name the column machine once, and owner at most once"),
        ("name,owner\nLT-1,ada\n", "stdin: line 1: name the column machine once"),
        ("machine,machine\n", "stdin: line 1: name the column machine once"),
        ("machine\n", "stdin: line 2: there is no computer"),
        ("machine,owner\n,ada\n", "stdin: line 2, machine: it is empty; write the computer's name"),
        ("machine\nLT-1\nlt-1\n", "stdin: line 3, machine: lt-1 is in line 2 already"),
        ("machine,owner\nLT-1,a\x1b[2J\n", "stdin: line 2, owner: use one line of at most 255"),
        ("machine\n" + "x" * 256 + "\n", "stdin: line 2, machine: use one line of at most 255"),
        ("machine,owner\nLT-1,=1+1\n", "stdin: line 2, owner: a spreadsheet could take it for a formula"),
        ('machine\n"LT-1', "stdin: line 2: not CSV"),
        (b"machine\n\xff\n", "stdin: not UTF-8; save it as CSV in UTF-8"),
        ("machine,owner\n" + ",x\n" * 25, "and 5 more"),
    ],
)
def test_a_mistake_says_its_line_and_what_is_expected(text: str | bytes, wrong: str) -> None:
    done = tokens(text)
    assert (done.exit_code, done.stdout) == (2, "")
    assert wrong in done.stderr
    assert "\x1b" not in done.stderr


def test_a_file_that_is_not_there_is_named() -> None:
    done = call("extension", "tokens", "--inventory", "none.csv")
    assert (done.exit_code, done.stderr) == (
        2,
        "none.csv: no such file or directory; save it as CSV in UTF-8\n",
    )


def test_without_a_secret_there_are_no_tokens(folder: Path) -> None:
    write_config(folder, SETTINGS_IN_CONFIG)
    done = tokens("machine\nLT-1\n")
    assert (done.exit_code, done.stdout) == (1, "")
    assert "extension.fleet_secret" in done.stderr


@pytest.mark.usefixtures("admins_ada_and_vic")
def test_if_there_are_admins_an_operator_makes_tokens(folder: Path) -> None:
    settings = folder / "config/mailgate.yaml"
    settings.write_text(settings.read_text() + "extension: {fleet_secret: {file: fleet.secret}}\n")
    assert "role operator" in tokens("machine\nLT-1\n", "--token-file", "vic").output
    assert tokens("machine\nLT-1\n", "--token-file", "ada").exit_code == 0
    assert [(what, who) for what, who, _ in acts()] == [("machine-tokens-made", "ada")]


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
    monkeypatch.setattr(extension, "_ROWS", 1)
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
