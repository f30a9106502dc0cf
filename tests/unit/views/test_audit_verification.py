"""The audit log held against what was noted outside the store."""

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from tests.unit.store.conftest import store as store
from tests.unit.store.conftest import url as url
from tests.unit.store.examples import NOW
from tests.unit.store.test_audit import ACT, tamper

from mailgate.config.observing import WitnessSettings
from mailgate.store import Head, Store
from mailgate.views.audit_verification import heads_in, verified

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
    assert [*heads_in(path)] == [Head(7, one), Head(8, two), Head(8, two)]


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
        assert (found.number, found.message) == (
            3,
            "to 4 were cut off the end: entry 4 was noted earlier",
        )


@pytest.mark.parametrize("entries", [0, 1])
async def test_a_file_that_is_gone_is_said(store: Store, tmp_path: Path, entries: int) -> None:
    for _ in range(entries):
        await store.audit.append(TRIED)
    found, _ = await verified(store, settings(tmp_path / "gone"), NOW)
    assert [each.message for each in found] == [
        f"and earlier entries cannot be compared with {tmp_path}/gone: no such file or directory"
    ] * entries
