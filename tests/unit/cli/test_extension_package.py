"""``mailgate extension package``: what it writes, and what it refuses to write."""

import json
from functools import partial
from io import BytesIO
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    KeySerializationEncryption,
    NoEncryption,
    PrivateFormat,
)
from tests.unit.cli.calls import call

from mailgate.cli import extension_package as module

MAIL = "https://mail.example.com"
RSA = rsa.generate_private_key(public_exponent=65_537, key_size=2048)


def pem(
    key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey, how: KeySerializationEncryption | None = None
) -> bytes:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, how or NoEncryption())


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "key.pem").write_bytes(pem(RSA))
    return tmp_path


run = partial(call, "extension", "package", "--out", "out")


def made(*options: str) -> Any:
    result = run(*options, "--json")
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


def refused(code: int, *options: str) -> str:
    result = run(*options)
    assert result.exit_code == code, result.output
    return result.stderr


def names(folder: Path) -> set[str]:
    return {each.name for each in (folder / "out").iterdir()} if (folder / "out").exists() else set()


COMPANY = ("--origin", MAIL, "--key", "key.pem")


def test_packages_for_the_stores_need_neither_key_nor_address(folder: Path) -> None:
    told = made()
    assert names(folder) == {"mailgate-chromium.zip", "mailgate.xpi"}
    assert (told["chromium_id"], told["firefox_id"]) == ("", "companion@mailgate.example")


def test_packages_of_a_company_come_with_the_files_that_announce_them(folder: Path) -> None:
    told = made(*COMPANY)
    assert names(folder) == {"mailgate.crx", "mailgate.xpi", "update.xml", "updates.json"}
    assert told["chromium_id"] in (folder / "out/update.xml").read_text()
    assert told["firefox_id"] in (folder / "out/updates.json").read_text()
    assert f"{MAIL}/.mailgate/extension/mailgate.crx" in (folder / "out/update.xml").read_text()
    first = {name: (folder / "out" / name).read_bytes() for name in names(folder)}
    assert made(*COMPANY) == told
    assert {name: (folder / "out" / name).read_bytes() for name in names(folder)} == first


def test_a_company_that_signs_in_a_store_gets_no_address_for_updates(folder: Path) -> None:
    made("--origin", MAIL)
    with ZipFile(folder / "out/mailgate-chromium.zip") as archive:
        manifest = json.loads(archive.read("manifest.json"))
    assert "update_url" not in manifest
    assert manifest["host_permissions"] == [f"{MAIL}/*"]


def test_another_server_can_have_the_files(folder: Path) -> None:
    made(*COMPANY, "--update-url", "https://files.example.com/mailgate/")
    assert "https://files.example.com/mailgate/mailgate.crx?" in (folder / "out/update.xml").read_text()


def test_a_key_is_made_once_for_its_owner_alone_and_keeps_the_id(folder: Path) -> None:
    own = folder / "own.pem"
    options = ("--origin", MAIL, "--key", "own.pem")
    assert "--new-key makes one" in refused(2, *options)
    first = made(*options, "--new-key")
    assert own.stat().st_mode & 0o777 == 0o600
    kept = own.read_bytes()
    assert "another extension" in refused(1, *options, "--new-key")
    assert own.read_bytes() == kept
    assert made(*options)["chromium_id"] == first["chromium_id"]


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"no key", "cannot be read"),
        (pem(RSA, BestAvailableEncryption(b"password")), "without a password"),
        (pem(ec.generate_private_key(ec.SECP256R1())), "no RSA key"),
        (pem(rsa.generate_private_key(public_exponent=65_537, key_size=1024)), "no RSA key"),
    ],
)
def test_a_key_that_chromium_would_not_take_is_refused(folder: Path, content: bytes, why: str) -> None:
    (folder / "key.pem").write_bytes(content)
    assert why in refused(2, *COMPANY)
    assert names(folder) == set()


NO_FOLDERS = (
    "https://",
    "https://ada:pw@files.example.com",
    "https://files.example.com:99999",
    "https://f/a\nb",
    "https://f/\\b",
)


@pytest.mark.parametrize(
    ("options", "why"),
    [
        (("--key", "key.pem"), "--key: a company"),
        (("--origin", MAIL, "--new-key"), "--key: a company"),
        (("--origin", "http://mail.example.com"), "--origin: not https"),
        (("--origin", "mail.example.com"), "--origin: not https"),
        (("--origin", f"{MAIL}/webmail"), "--origin: the URL has a path"),
        (("--update-url", "https://files.example.com"), "--update-url:"),
        (("--origin", MAIL, "--update-url", "http://files.example.com"), "--update-url: not https"),
        (("--origin", MAIL, "--update-url", "https://files.example.com/?a"), "--update-url:"),
        *((("--origin", MAIL, "--update-url", url), "--update-url:") for url in NO_FOLDERS),
        (("--version", "1.beta"), "--version:"),
        (("--version", "1.65536"), "--version:"),
        (("--company", "x" * 41), "--company:"),
        (("--company", "two\nlines"), "--company:"),
        (("--company", "__MSG_other__"), "--company:"),  # which browsers would look for among their texts
    ],
)
def test_wrong_options_write_nothing(folder: Path, options: tuple[str, ...], why: str) -> None:
    assert why in refused(2, *options)
    assert names(folder) == set()


@pytest.mark.parametrize("version", ["2.0", "1.99", "2", "2.0.0"])
def test_browsers_that_have_a_version_take_no_other_of_its_number(folder: Path, version: str) -> None:
    made(*COMPANY, "--version", "2.0")
    before = (folder / "out/mailgate.crx").read_bytes()
    assert "count further with --version" in refused(1, *COMPANY, "--version", version, "--company", "New")
    assert (folder / "out/mailgate.crx").read_bytes() == before
    assert made(*COMPANY, "--version", "2.0.1", "--company", "New")["version"] == "2.0.1"


def test_a_file_that_is_no_package_gives_way(folder: Path) -> None:
    (folder / "out").mkdir()
    (folder / "out/mailgate.crx").write_text("broken off")
    made(*COMPANY)
    assert (folder / "out/mailgate.crx").read_bytes().startswith(b"Cr24")


def test_packages_are_there_before_they_are_announced(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    written: list[str] = []
    monkeypatch.setattr(module, "write_atomically", lambda path, _: written.append(path.name))
    made(*COMPANY)
    assert set(written[:2]) == {"mailgate.crx", "mailgate.xpi"}
    assert set(written[2:]) == {"update.xml", "updates.json"}


SIGNATURE = {"META-INF/mozilla.rsa": b"signature", "META-INF/manifest.mf": b"digests"}


def from_mozilla(folder: Path, changed: dict[str, bytes | None]) -> bytes:
    """The package for Firefox as it comes back from Mozilla, with these files changed, added, or (None) left out."""
    made("--origin", MAIL)
    with ZipFile(folder / "out/mailgate.xpi") as archive:
        files: dict[str, bytes | None] = {name: archive.read(name) for name in archive.namelist()}
    written = BytesIO()
    with ZipFile(written, "w") as archive:
        for name, content in (files | SIGNATURE | changed).items():
            if content is not None:
                archive.writestr(name, content)
    (folder / "signed.xpi").write_bytes(written.getvalue())
    return written.getvalue()


def test_the_package_that_mozilla_signed_is_served_with_its_own_hash(folder: Path) -> None:
    signed = from_mozilla(folder, {})
    unsigned = (folder / "out/updates.json").read_text()
    for each in (folder / "out").iterdir():
        each.unlink()
    made("--origin", MAIL, "--xpi-signed", "signed.xpi")
    assert (folder / "out/mailgate.xpi").read_bytes() == signed
    assert (folder / "out/updates.json").read_text() != unsigned


@pytest.mark.parametrize(
    ("changed", "why"),
    [
        ({"META-INF/mozilla.rsa": None}, "has no signature of Mozilla"),
        ({"background/main.js": b"// another"}, "background/main.js differs"),
        ({"added.js": b""}, "added.js differs"),
        ({"popup/popup.html": None}, "popup/popup.html differs"),
    ],
)
def test_another_package_is_not_served_because_it_is_signed(
    folder: Path, changed: dict[str, bytes | None], why: str
) -> None:
    from_mozilla(folder, changed)
    assert why in refused(1, "--origin", MAIL, "--xpi-signed", "signed.xpi")


def test_a_file_that_is_no_package_is_refused(folder: Path) -> None:
    (folder / "signed.xpi").write_text("none")
    for name in ("signed.xpi", "missing.xpi"):
        assert "cannot be read" in refused(2, "--origin", MAIL, "--xpi-signed", name)


def test_the_ids_are_said_for_the_policies(folder: Path) -> None:
    told = made(*COMPANY)
    said = run(*COMPANY).stdout
    assert f"{told['chromium_id']} is its id in Chrome, Edge and Chromium" in said
    assert f"{told['firefox_id']} is its id in Firefox" in said
