"""A store of its own for every test."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from mailgate.store import Store


@pytest.fixture
def url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path}/mailgate.db"


@pytest.fixture
async def store(url: str) -> AsyncIterator[Store]:
    """An open store, empty unless the tests of a file fill it first."""
    store = await Store.open(url)
    yield store
    await store.close()
