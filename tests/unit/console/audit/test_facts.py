"""What was done and about what, in words."""

import json
import re
from dataclasses import asdict, replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from tests.unit.store.conftest import store as store
from tests.unit.store.conftest import url as url
from tests.unit.store.examples import NOW
from tests.unit.store.test_audit import ACT, tamper

import mailgate
from mailgate.config.observing import WitnessSettings
from mailgate.console.audit.facts import (
    ACTION_WORDS,
    COLUMNS,
    act_in_words,
    heads_in,
    line_of,
    row_of,
    thing_in_words,
    verified,
)
from mailgate.model.phrase import translate
from mailgate.store import AuditEntry, AuditHead, Store
from mailgate.texts import console_languages

GERMAN = console_languages()["de"]
WRITTEN = re.compile(r'(?:\bact|_act|\bAct)\([^"]*?"([a-z]+(?:-[a-z]+)+)"')


def test_every_act_has_its_words() -> None:
    sources = Path(mailgate.__file__).parent.rglob("*.py")
    written = {code for path in sources for code in WRITTEN.findall(path.read_text("utf-8"))}
    assert len(written) > 15
    assert written - ACTION_WORDS.keys() == set()


def test_an_act_of_another_release_keeps_its_code() -> None:
    assert (act_in_words("exemption-given"), act_in_words("rule-sung")) == ("Exemption given", "rule-sung")


@pytest.mark.parametrize(
    ("about", "german"),
    [
        (f"plan {'a' * 64}", "Plan aaaaaaaaaaaa"),
        ("version 3", "Version 3"),
        ("break-glass 5", "Ausschalten 5"),
        ("settings of gate-1", "settings of gate-1"),
        ("", ""),
    ],
)
def test_the_object_of_an_act_is_told_in_short_words(about: str, german: str) -> None:
    assert translate(thing_in_words(about), GERMAN) == german


ENTRY = AuditEntry(
    1, "2026-12-01T12:00:00", "ada", "policy-rolled-back", "version 1", "=1+1", "gate", "{}", "", "abc"
)


def test_a_line_is_all_of_an_entry_with_its_keys_in_order() -> None:
    assert json.loads(line_of(ENTRY)) == asdict(ENTRY)
    assert list(json.loads(line_of(ENTRY))) == sorted(COLUMNS)


def test_a_row_has_a_cell_for_every_column() -> None:
    assert dict(zip(COLUMNS, row_of(ENTRY), strict=True))["why"] == "=1+1"


TRIED = replace(ACT, what="tried")


def settings(file: Path | None = None) -> Any:
    witness = WitnessSettings.model_construct(file=file, syslog=None) if file else None
    return SimpleNamespace(witness=witness)


def test_heads_are_found_whatever_stands_around_them(tmp_path: Path) -> None:
    path, one, two = tmp_path / "log", "a" * 64, "b" * 64
    path.write_bytes(
        f'2026-12-01T12:00:00+00:00 audit-head 7:{one}\n{{"event": "audit-head", "head": "8:{two}"}}\n'.encode()
        + b"\xff no head: 9:abc\n" + f"<85>mailgate: audit-head 8:{two}\n12:{one}0\n".encode()
    )  # fmt: skip
    assert [*heads_in(path)] == [AuditHead(7, one), AuditHead(8, two), AuditHead(8, two)]


async def test_a_log_is_held_against_files_and_the_one_of_the_settings(
    store: Store, url: str, tmp_path: Path
) -> None:
    noted = tmp_path / "noted"
    for _ in range(4):
        entry = await store.audit.append(TRIED)
        with noted.open("a") as file:
            file.write(f"{entry.head}\n")
    assert (await verified(store, settings(noted), NOW, files=[noted]))[0] == []
    head = await store.audit.page(size=2)
    tamper(
        url,
        "DELETE FROM audit WHERE number > 2",
        f"UPDATE audit_head SET number = 2, digest = '{head[-1].digest}'",
    )
    assert (await verified(store, settings(), NOW))[0] == []
    for own, files in ((noted, []), (None, [noted])):
        (found,) = (await verified(store, settings(own), NOW, files=files))[0]
        assert (found.number, found.message) == (3, "to 4 were cut off the end: entry 4 was noted earlier")


@pytest.mark.parametrize("entries", [0, 1])
async def test_a_file_that_is_gone_is_said(store: Store, tmp_path: Path, entries: int) -> None:
    for _ in range(entries):
        await store.audit.append(TRIED)
    found, _ = await verified(store, settings(tmp_path / "gone"), NOW)
    assert [each.message for each in found] == [
        f"and earlier entries cannot be compared with {tmp_path}/gone: no such file or directory"
    ] * entries
