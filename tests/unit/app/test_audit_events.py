"""Each act is told once, from where it was left off."""

import json
from pathlib import Path

import pytest
from tests.unit.store.test_audit import ACT

from mailgate.app.audit_events import AuditEvents
from mailgate.store import Store


@pytest.fixture
def lines() -> list[bytes]:
    return []


@pytest.fixture
def position(tmp_path: Path) -> Path:
    return tmp_path / "spool" / "audit-told"


def numbers(lines: list[bytes]) -> list[int]:
    return [json.loads(line)["metadata"]["sequence"] for line in lines]


async def test_acts_are_told_from_when_somebody_wants_them(
    store: Store, lines: list[bytes], position: Path
) -> None:
    await store.audit.append(ACT)
    events = AuditEvents(store.audit, position, lambda: lines.append)
    await events.poll()
    for _ in range(3):
        await store.audit.append(ACT)
    await events.poll()
    await events.poll()
    assert numbers(lines) == [2, 3, 4]


async def test_acts_from_while_no_gate_ran_are_told_afterwards(
    store: Store, lines: list[bytes], position: Path
) -> None:
    await AuditEvents(store.audit, position, lambda: lines.append).poll()
    for _ in range(2):
        await store.audit.append(ACT)
    await AuditEvents(store.audit, position, lambda: lines.append).poll()
    assert numbers(lines) == [1, 2]


async def test_a_log_that_was_restored_is_told_anew(store: Store, lines: list[bytes], position: Path) -> None:
    position.parent.mkdir()
    position.write_text("900\n")
    await store.audit.append(ACT)
    events = AuditEvents(store.audit, position, lambda: lines.append)
    await events.poll()
    await events.poll()
    assert numbers(lines) == [1]


async def test_who_wants_none_gets_none(store: Store, position: Path) -> None:
    await store.audit.append(ACT)
    await AuditEvents(store.audit, position, lambda: None).poll()
    assert not position.exists()
