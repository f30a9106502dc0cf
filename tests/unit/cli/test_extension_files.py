"""What stands in a package of the extension, and its signature."""

import json
import os
import re
from hashlib import sha256
from importlib.resources import files
from io import BytesIO
from pathlib import Path
from runpy import run_path
from typing import Any
from xml.etree import ElementTree
from zipfile import ZipFile

import pytest
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey, generate_private_key
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_der_public_key

import mailgate
from mailgate import __version__
from mailgate.cli import extension_files as module
from mailgate.cli.extension_files import (
    FOLDER,
    VERSION,
    Browser,
    Fit,
    chromium_id,
    manifest_for,
    packed,
    signed,
    update_xml,
    updates_json,
    version_in,
)
from mailgate.look import SHARED

ORIGIN = "https://mail.example.com:8443"
STORE = Fit()
COMPANY = Fit(origin=ORIGIN, updates="https://files.example.com/ext", company="Example", version="1.2.3.4")
BROWSERS: list[Browser] = ["chromium", "firefox"]


@pytest.fixture(scope="module")
def key() -> RSAPrivateKey:
    return generate_private_key(public_exponent=65_537, key_size=2048)


@pytest.mark.parametrize("browser", BROWSERS)
def test_a_package_for_a_store_may_speak_to_nobody_before_a_person_allows_it(browser: Browser) -> None:
    manifest = manifest_for(browser, STORE)
    assert not {"host_permissions", "homepage_url"} & manifest.keys()
    assert "https://*/*" in manifest["optional_host_permissions"]
    assert "management" not in manifest["permissions"]
    assert "update_url" not in json.dumps(manifest)
    assert manifest["version"] == __version__


@pytest.mark.parametrize("browser", BROWSERS)
def test_a_package_of_a_company_may_speak_to_its_mail_alone(browser: Browser) -> None:
    manifest = manifest_for(browser, COMPANY)
    assert manifest["host_permissions"] == ["https://mail.example.com/*"]
    assert "optional_host_permissions" not in manifest
    assert manifest["homepage_url"] == f"{ORIGIN}/.mailgate/me"
    pages = manifest["content_security_policy"]["extension_pages"].split("; ")
    assert f"connect-src {ORIGIN}" in pages
    without = manifest_for(browser, STORE)["content_security_policy"]["extension_pages"].split("; ")
    assert [each for each in pages if "connect" not in each] == [
        each for each in without if "connect" not in each
    ]
    assert (manifest["name"], manifest["version"]) == ("__MSG_name__ (Example)", "1.2.3.4")
    assert "management" not in manifest["permissions"]


def test_its_pages_have_the_style_of_every_other_page() -> None:
    archive = ZipFile(BytesIO(packed(manifest_for("chromium", STORE))))
    for name in SHARED:
        assert archive.read(f"look/{name}").decode() == files("mailgate").joinpath(name).read_text("utf-8")


def test_its_pages_run_its_own_scripts_alone_and_load_nothing_from_elsewhere() -> None:
    policy = manifest_for("chromium", STORE)["content_security_policy"]["extension_pages"]
    assert policy.startswith("default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; ")
    assert not re.search(r"unsafe|data:| \*[; ]", policy)


def test_a_permission_that_a_company_gives_is_not_asked_for_again() -> None:
    manifest = manifest_for("chromium", Fit(management=True))
    assert "management" in manifest["permissions"]
    assert "management" not in manifest["optional_permissions"]


def test_a_helper_and_the_names_of_chromebooks_are_for_packages_that_ask_for_them() -> None:
    asked, usual = Fit(helper=True, chromeos=True), set(manifest_for("chromium", Fit())["permissions"])
    more = {
        browser: set(manifest_for(browser, asked)["permissions"]) - usual
        for browser in ("chromium", "firefox")
    }
    assert more == {
        "chromium": {"nativeMessaging", "enterprise.deviceAttributes"},
        "firefox": {"nativeMessaging"},
    }


def test_each_browser_gets_what_it_knows() -> None:
    chromium, firefox = (manifest_for(each, COMPANY) for each in BROWSERS)
    assert chromium["background"].keys() == {"service_worker", "type"}
    assert firefox["background"].keys() == {"scripts", "type"}
    assert "browser_specific_settings" not in chromium
    assert "minimum_chrome_version" not in firefox
    assert chromium["update_url"] == "https://files.example.com/ext/update.xml"
    gecko = firefox["browser_specific_settings"]["gecko"]
    assert gecko["update_url"] == "https://files.example.com/ext/updates.json"


@pytest.mark.parametrize(
    ("origin", "known_as"),
    [
        ("", "companion@mailgate.example"),
        (ORIGIN, "mailgate@mail.example.com"),
        ("https://[2001:db8::1]", "mailgate@2001-db8--1"),
    ],
)
def test_a_company_has_an_id_of_its_own_in_firefox(origin: str, known_as: str) -> None:
    gecko = manifest_for("firefox", Fit(origin=origin))["browser_specific_settings"]["gecko"]
    assert gecko["id"] == known_as == Fit(origin=origin).firefox_id


@pytest.mark.parametrize("version", ["1", "0.1.0", "65535.0.0.1"])
def test_a_version_that_both_browsers_count(version: str) -> None:
    assert VERSION.fullmatch(version)


@pytest.mark.parametrize("version", ["", "0", "0.0.0", "01", "1.2.3.4.5", "1.a", "1.", "123456", "1\n", "v1"])
def test_a_version_that_a_browser_would_refuse(version: str) -> None:
    assert not VERSION.fullmatch(version)


def contents(archive: bytes) -> dict[str, bytes]:
    with ZipFile(BytesIO(archive)) as opened:
        return {name: opened.read(name) for name in opened.namelist()}


def test_a_package_has_every_shipped_file_and_nothing_of_the_workshop() -> None:
    found = contents(packed(manifest_for("chromium", STORE)))
    shipped = json.loads((FOLDER / "package.json").read_text())["files"]
    assert {name.partition("/")[0] for name in found} == set(shipped)
    assert found["background/main.js"] == (FOLDER / "background" / "main.js").read_bytes()
    assert json.loads(found["manifest.json"]) == manifest_for("chromium", STORE)
    assert not [name for name in found if "node_modules" in name or name.startswith("tools")]


def test_the_same_package_has_the_same_bytes_wherever_it_is_made(
    key: RSAPrivateKey, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = signed(packed(manifest_for("chromium", COMPANY)), key)
    for name, content in reversed(contents(packed(manifest_for("chromium", STORE))).items()):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        path.chmod(0o600)
        os.utime(path, (1_000_000_000, 1_000_000_000))
    for name in ("package.json", "manifest.json"):
        (tmp_path / name).write_bytes((FOLDER / name).read_bytes())
    monkeypatch.setattr(module, "FOLDER", tmp_path)
    assert signed(packed(manifest_for("chromium", COMPANY)), key) == first


def fields(message: bytes) -> dict[int, bytes]:
    """The fields of bytes in a message of Protocol Buffers, read by its description and not by our code."""
    found, rest = {}, message

    def number() -> int:
        nonlocal rest
        value = shift = 0
        while True:
            byte, rest = rest[0], rest[1:]
            value |= (byte & 127) << shift
            shift += 7
            if byte < 128:
                return value

    while rest:
        tag = number()
        assert tag & 7 == 2
        length = number()
        found[tag >> 3], rest = rest[:length], rest[length:]
    return found


def test_the_signature_of_a_crx_is_over_its_head_and_its_archive(key: RSAPrivateKey) -> None:
    archive = packed(manifest_for("chromium", COMPANY))
    crx = signed(archive, key)
    assert (crx[:4], int.from_bytes(crx[4:8], "little")) == (b"Cr24", 3)
    head = fields(crx[12 : 12 + int.from_bytes(crx[8:12], "little")])
    assert crx.endswith(head[10_000] + archive)
    proof, own = fields(head[2]), fields(head[10_000])[1]
    public = load_der_public_key(proof[1])
    assert isinstance(public, RSAPublicKey)
    length = len(head[10_000]).to_bytes(4, "little")
    public.verify(proof[2], b"CRX3 SignedData\0" + length + head[10_000] + archive, PKCS1v15(), SHA256())
    assert own == sha256(proof[1]).digest()[:16]
    assert chromium_id(key) == own.hex().translate(str.maketrans("0123456789abcdef", "abcdefghijklmnop"))
    assert version_in(crx) == version_in(archive) == "1.2.3.4"


def test_chromium_finds_the_next_version_as_its_documentation_says() -> None:
    manifest = manifest_for("chromium", COMPANY)
    root = ElementTree.fromstring(update_xml(COMPANY, manifest, "a" * 32))
    space = "{http://www.google.com/update2/response}"
    assert (root.tag, root.attrib) == (f"{space}gupdate", {"protocol": "2.0"})
    (app,) = root
    (check,) = app
    assert (app.tag, app.attrib) == (f"{space}app", {"appid": "a" * 32})
    assert (check.tag, check.attrib) == (
        f"{space}updatecheck",
        {
            "codebase": "https://files.example.com/ext/mailgate.crx?version=1.2.3.4",
            "version": "1.2.3.4",
            "prodversionmin": manifest["minimum_chrome_version"],
        },
    )


def test_firefox_finds_the_next_version_and_its_hash_as_its_documentation_says() -> None:
    told: Any = json.loads(updates_json(COMPANY, manifest_for("firefox", COMPANY), b"package"))
    assert told == {
        "addons": {
            "mailgate@mail.example.com": {
                "updates": [
                    {
                        "version": "1.2.3.4",
                        "update_link": "https://files.example.com/ext/mailgate.xpi",
                        "update_hash": f"sha256:{sha256(b'package').hexdigest()}",
                        "applications": {"gecko": {"strict_min_version": "142.0"}},
                    }
                ]
            }
        }
    }


def test_where_the_extension_was_not_installed_every_other_command_is_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mailgate, "__file__", str(tmp_path / "lib" / "mailgate" / "__init__.py"))
    assert not run_path(module.__file__)["FOLDER"].exists()
