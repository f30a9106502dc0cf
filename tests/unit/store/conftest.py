"""The store on SQLite in a temporary folder."""

import asyncio
import threading
from collections.abc import AsyncIterator, Collection
from pathlib import Path

import pytest
from tests.unit.store.gates import other_gates as other_gates

from mailgate.store import Store


@pytest.fixture
def url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path}/var/mailgate.db"


@pytest.fixture
async def store(url: str, tmp_path: Path) -> AsyncIterator[Store]:
    others = frozenset(threading.enumerate())
    store = await Store.open(url, spool=tmp_path / "spool")
    yield store
    await store.close()
    await asyncio.to_thread(_wait_for_given_up, others)


def _wait_for_given_up(others: Collection[threading.Thread]) -> None:
    """Wait for the threads of given-up connections, which still report to the loop."""
    for thread in threading.enumerate():
        if thread not in others and thread.name.endswith("(_connection_worker_thread)"):
            thread.join(10)
