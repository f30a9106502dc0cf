"""``docs/extension.md`` names files of the extension that exist; the pages for stores and people have all that it may do and all
that it sends."""

import json
import re

import pytest
from tests.docs.reading import ROOT

TEXT = (ROOT / "docs" / "extension.md").read_text("utf-8")
STORE = (ROOT / "docs" / "extension-store.md").read_text("utf-8")
PRIVACY = (ROOT / "docs" / "extension-privacy.md").read_text("utf-8")
MANIFEST = json.loads((ROOT / "extension" / "manifest.json").read_text("utf-8"))


def test_each_part_of_the_extension_is_where_it_is_said_to_be() -> None:
    files = re.findall(r"`([a-z]+/[a-z.]*)`", TEXT.partition("## Working on it")[2])
    assert files
    assert [file for file in files if not (ROOT / "extension" / file).exists()] == []


@pytest.mark.parametrize("text", [STORE, TEXT], ids=["store", "admins"])
def test_each_permission_has_its_reason(text: str) -> None:
    asked = {*MANIFEST["permissions"], *MANIFEST["optional_permissions"]}
    told = {
        word
        for row in re.findall(r"^\| (`.+?) \|", text, re.MULTILINE)
        for word in re.findall(r"`(\w+)`", row)
    }
    assert asked - told == set()


def test_each_address_that_may_be_asked_for_has_its_reason() -> None:
    assert [each for each in MANIFEST["optional_host_permissions"] if f"`{each}`" not in STORE] == []


def test_firefox_shows_at_the_installation_the_data_that_the_store_is_told() -> None:
    declared = MANIFEST["browser_specific_settings"]["gecko"]["data_collection_permissions"]
    for kind, names in declared.items():
        assert re.findall(rf"{kind}: `(\w+)`", STORE) == names


def test_each_member_of_a_report_is_in_the_privacy_policy() -> None:
    source = (ROOT / "extension" / "core" / "report.js").read_text("utf-8")
    body = source.partition("export function reportOf")[2].partition("\n}\n")[0]
    members = re.findall(r"^    (?:\.\.\.\(.*\{ )?(\w+):", body, re.MULTILINE)
    assert {"os", "machine"} < {*members}
    assert [member for member in members if f"`{member}`" not in PRIVACY] == []


def test_the_summary_for_stores_is_that_of_the_package() -> None:
    for language in ("en", "de"):
        messages = json.loads(
            (ROOT / "extension" / "_locales" / language / "messages.json").read_text("utf-8")
        )
        assert messages["description"]["message"] in STORE
        assert messages["name"]["message"] in STORE
