"""``mailgate extension policies``: the files for each system, and whose token stands in them."""

import json
import plistlib
import re
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from tests.unit.cli.calls import call

from mailgate.attest.sealing import MachineTokens
from mailgate.store.enrolments import new_token

MAIL, ID, FIREFOX = "https://mail.example.com", "abcdefghijklmnop" * 2, "mailgate@mail.example.com"
COMPANY = ("--origin", MAIL, "--chromium-id", ID)
JAMF = ("--machine", "$SERIALNUMBER", "--owner", "$USERNAME", "--token", "$EXTENSIONATTRIBUTE_7")
ONE, TWO = new_token(bytes(32)), MachineTokens(b"ours").token("LAPTOP-2", "")
SETTINGS = {
    "gate": MAIL,
    "machine": "$SERIALNUMBER",
    "owner": "$USERNAME",
    "enrolmentToken": "$EXTENSIONATTRIBUTE_7",
}
INSTALLED = f"{ID};{MAIL}/.mailgate/extension/update.xml"
IN_FIREFOX = {
    "installation_mode": "force_installed",
    "install_url": f"{MAIL}/.mailgate/extension/mailgate.xpi",
    "private_browsing": True,
}


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


run = partial(call, "extension", "policies", "--out", "out")


def written(folder: Path, *options: str) -> dict[str, bytes]:
    result = run(*options)
    assert result.exit_code == 0, result.output
    return {each.name: each.read_bytes() for each in (folder / "out").iterdir()}


def test_chromium_on_linux_installs_it_and_gets_its_settings(folder: Path) -> None:
    assert json.loads(written(folder, *COMPANY, *JAMF)["chromium.json"]) == {
        "ExtensionInstallForcelist": [INSTALLED],
        "3rdparty": {"extensions": {ID: SETTINGS}},
    }


def test_firefox_installs_it_and_gets_its_settings_also_in_private_windows(folder: Path) -> None:
    assert json.loads(written(folder, *COMPANY, *JAMF)["policies.json"])["policies"] == {
        "ExtensionSettings": {FIREFOX: IN_FIREFOX},
        "3rdparty": {"Extensions": {FIREFOX: SETTINGS}},
    }


def registry(file: bytes) -> dict[str, dict[str, str]]:
    """The keys of a registry file, each with its values as they are written."""
    text = file.decode("utf-16")
    assert text.startswith("Windows Registry Editor Version 5.00\r\n")
    keys: dict[str, dict[str, str]] = {}
    for line in text.split("\r\n")[1:]:
        if line.startswith("["):
            last = keys[line[1:-1]] = {}
        elif line:
            name, value = re.fullmatch(r'"([^"]+)"=(.+)', line).groups()  # type: ignore[union-attr]
            last[name] = value
    return keys


def test_windows_gets_a_key_for_each_browser(folder: Path) -> None:
    root = "HKEY_LOCAL_MACHINE\\SOFTWARE\\Policies"
    settings = {name: f'"{value}"' for name, value in SETTINGS.items()}
    keys = registry(written(folder, *COMPANY, *JAMF)["mailgate.reg"])
    for browser in ("Google\\Chrome", "Microsoft\\Edge"):
        assert keys.pop(f"{root}\\{browser}\\ExtensionInstallForcelist") == {"8090": f'"{INSTALLED}"'}
        assert keys.pop(f"{root}\\{browser}\\3rdparty\\extensions\\{ID}\\policy") == settings
    firefox = f"{root}\\Mozilla\\Firefox"
    assert keys == {
        f"{firefox}\\ExtensionSettings\\{FIREFOX}": {
            "installation_mode": '"force_installed"',
            "install_url": f'"{IN_FIREFOX["install_url"]}"',
            "private_browsing": "dword:00000001",
        },
        f"{firefox}\\3rdparty\\Extensions\\{FIREFOX}": settings,
    }


def test_a_name_with_quotes_stays_one_value_of_the_registry(folder: Path) -> None:
    file = written(folder, *COMPANY, "--machine", 'a\\b"c', "--owner", "ümit")["mailgate.reg"]
    settings = registry(file)[
        f"HKEY_LOCAL_MACHINE\\SOFTWARE\\Policies\\Mozilla\\Firefox\\3rdparty\\Extensions\\{FIREFOX}"
    ]
    assert (settings["machine"], settings["owner"]) == (r'"a\\b\"c"', '"ümit"')


def test_macos_gets_a_profile_with_a_domain_for_each_browser_and_its_extension(folder: Path) -> None:
    file = written(folder, *COMPANY, *JAMF, "--company", "Example")["mailgate.mobileconfig"]
    profile: Any = plistlib.loads(file)
    assert (profile["PayloadType"], profile["PayloadScope"]) == ("Configuration", "System")
    content = {each["PayloadType"]: each for each in profile["PayloadContent"]}
    assert len({each["PayloadUUID"] for each in (profile, *content.values())}) == 6
    assert {each["PayloadOrganization"] for each in (profile, *content.values())} == {"Example"}
    own = {
        kind: {name: value for name, value in each.items() if not name.startswith("Payload")}
        for kind, each in content.items()
    }
    assert own == {
        "com.google.Chrome": {"ExtensionInstallForcelist": [INSTALLED]},
        f"com.google.Chrome.extensions.{ID}": SETTINGS,
        "com.microsoft.Edge": {"ExtensionInstallForcelist": [INSTALLED]},
        f"com.microsoft.Edge.extensions.{ID}": SETTINGS,
        "org.mozilla.firefox": {
            "EnterprisePoliciesEnabled": True,
            "ExtensionSettings": {FIREFOX: IN_FIREFOX},
            "3rdparty": {"Extensions": {FIREFOX: SETTINGS}},
        },
    }


def test_the_same_files_come_again_since_another_profile_would_stand_beside_the_first(folder: Path) -> None:
    assert written(folder, *COMPANY, *JAMF) == written(folder, *COMPANY, *JAMF)


def test_files_with_a_token_are_for_nobody_else_to_read(folder: Path) -> None:
    written(folder, *COMPANY, *JAMF)
    assert {each.stat().st_mode & 0o777 for each in (folder / "out").iterdir()} == {0o600}


def test_without_an_id_of_chromium_there_is_nothing_for_it(folder: Path) -> None:
    files = written(folder, "--origin", MAIL)
    assert files.keys() == {"policies.json", "mailgate.reg", "mailgate.mobileconfig"}
    assert not [file for file in files.values() if b"hrom" in file or "hrom".encode("utf-16-le") in file]


def test_options_that_are_left_out_set_nothing(folder: Path) -> None:
    policies = json.loads(written(folder, "--origin", MAIL)["policies.json"])["policies"]
    assert policies["3rdparty"]["Extensions"][FIREFOX] == {"gate": MAIL}
    assert "Preferences" not in policies


def test_firefox_esr_can_be_told_to_ask_for_no_signature(folder: Path) -> None:
    files = written(folder, "--origin", MAIL, "--unsigned")
    asked = json.loads(files["policies.json"])["policies"]["Preferences"]
    assert asked == {"xpinstall.signatures.required": {"Value": False, "Status": "locked"}}
    key = (
        "HKEY_LOCAL_MACHINE\\SOFTWARE\\Policies\\Mozilla\\Firefox\\Preferences\\xpinstall.signatures.required"
    )
    assert registry(files["mailgate.reg"])[key] == {"Value": "dword:00000000", "Status": '"locked"'}


def test_each_computer_of_the_inventory_gets_files_of_its_own(folder: Path) -> None:
    (folder / "rows.csv").write_text(f"\ufeffmachine,owner,token\nLAPTOP-1,alice,{ONE}\nLAPTOP-2,,{TWO}\n")
    assert run(*COMPANY, "--tokens", "rows.csv").exit_code == 0
    found = {
        each.name: json.loads((each / "chromium.json").read_text())["3rdparty"]["extensions"][ID]
        for each in (folder / "out").iterdir()
    }
    assert found == {
        "LAPTOP-1": {"gate": MAIL, "machine": "LAPTOP-1", "owner": "alice", "enrolmentToken": ONE},
        "LAPTOP-2": {"gate": MAIL, "machine": "LAPTOP-2", "enrolmentToken": TWO},
    }


@pytest.mark.parametrize(
    ("rows", "why"),
    [
        ("machine,owner,token\n../up,,one\n", "rows.csv:2: "),
        ("machine,owner,token\nA,,one\nB,,\n", "rows.csv:3: "),
        ("machine,owner,token\nA,,one\nA,,two\n", "rows.csv:3: "),
        (f"machine,owner,token\nA,,{ONE}\nB,{'x' * 256},{TWO}\n", "owner: use at most 255"),
        (f"machine,owner,token\nA,,{ONE}\nB,,two\n", "enrolmentToken: use what"),
        ("name,token\nA,one\n", "rows.csv has other columns"),
        ("machine;owner;token\nA;;one\n", "rows.csv has other columns"),
        ('[{"machine": "A", "owner": "", "token": "one"}]', "rows.csv has other columns"),
        ("", "rows.csv has other columns"),
        ("\xff", "cannot be read"),
    ],
)
def test_rows_that_cannot_be_used_write_nothing(folder: Path, rows: str, why: str) -> None:
    (folder / "rows.csv").write_bytes(rows.encode("latin-1"))
    result = run(*COMPANY, "--tokens", "rows.csv")
    assert (result.exit_code, why in result.stderr) == (2, True), result.output
    assert not (folder / "out").exists()


@pytest.mark.parametrize(
    ("options", "why"),
    [
        (("--origin", ""), "--origin:"),
        (
            ("--origin", MAIL, "--tokens", "rows.csv", "--owner", "ada"),
            "--tokens: it has what is of each computer",
        ),
        (("--origin", MAIL, "--chromium-id", "ABC"), "--chromium-id: use 32 letters"),
        (("--origin", "http://mail.example.com"), "--origin: not https"),
        (("--origin", MAIL, "--machine", "x" * 256), "machine: use at most 255"),
        (("--origin", MAIL, "--token", "a\nb"), "enrolmentToken: use"),
        *(
            (("--origin", MAIL, "--token", text), "enrolmentToken: use what `mailgate enroll token`")
            for text in ("token-0123456789", ONE[:-1], f"{ONE} ", "7K3M-9XQ2", "mailgate-enrol-…")
        ),
    ],
)
def test_wrong_options_write_nothing(folder: Path, options: tuple[str, ...], why: str) -> None:
    result = run(*options)
    assert (result.exit_code, why in result.stderr) == (2, True), result.output
    assert not (folder / "out").exists()
